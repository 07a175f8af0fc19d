/**
 * X-Assay-Report, the field in which Assay notes what it decided and did (stamp/report.ts), as a result and as facts. Only the topmost
 * is read: copies that came with a message are removed on arrival, and where they were not, they stand below.
 */
import type { MethodResult } from "../../mail/authentication-results.ts";
import { parseReport, type Report, reportName } from "../../stamp/report.ts";
import type { ExchangeFact } from "./exchange-facts.ts";
import type { HeaderField } from "./read-headers.ts";

export const reportField = reportName.toLowerCase();

/** The composite result that the field carries, as Authentication-Results would have it; none where it cannot be read. */
export function reportResults(value: string): readonly MethodResult[] {
  const report = parseReport(value);
  if (report === null) return [];
  const { compauth, reason } = report;
  return [{ method: "compauth", version: null, result: compauth, reason, properties: [], comments: [] }];
}

/** What was done with the message, and how the pair stood. */
export function reportFacts(fields: readonly HeaderField[]): readonly ExchangeFact[] {
  const field = fields.find(({ name }) => name === reportField);
  const report = field === undefined ? null : parseReport(field.value);
  if (field === undefined || report === null) return [];
  const fact = (key: string, value: string, meaning: string | null) => ({ field: field.written, key, value, meaning });
  return [
    fact("ACTION", report.action, actions[report.action]),
    fact("STANDING", report.standing, standings[report.standing]),
    ...(report.withheld === null ? [] : [fact("WITHHELD", report.withheld, `in observe mode; otherwise ${actions[report.withheld]}`)]),
    ...report.suspicion.map((word) => fact("SUSPICION", word, null)),
  ];
}

const actions: Readonly<Record<Report["action"], string>> = {
  deliver: "delivered",
  junk: "moved to junk",
  quarantine: "quarantined",
  reject: "rejected",
  tempfail: "deferred",
};

const standings: Readonly<Record<Report["standing"], string>> = {
  allowed: "the operator allows this pair of domain and host",
  good: "history speaks for this pair of domain and host",
  unknown: "too little is known about this pair of domain and host",
  suspicious: "history speaks against this pair of domain and host",
  blocked: "the operator blocks this pair of domain and host",
};
