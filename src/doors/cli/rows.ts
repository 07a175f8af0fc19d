/**
 * The table of a message's evidence, one row a mechanism: label, result word, what it is about, and why. Read straight off the
 * Inspection; nothing is worked out here that the evidence does not say.
 */
import type { ArcResult } from "../../evidence/arc/result.ts";
import type { DmarcResult } from "../../evidence/dmarc/result.ts";
import type { Alignment, Evidence } from "../../evidence/evidence.ts";
import type { SpfResult } from "../../evidence/spf/result.ts";
import { isAtOrBelow } from "../../mail/domain.ts";
import type { Inspection } from "../../stamp/inspection.ts";
import { memoryRow } from "./memory-row.ts";
import { cut } from "./shown.ts";
import {
  arcReasonWords,
  defectWords,
  fromAdviceWords,
  fromReasonWords,
  iprevReasonWords,
  signatureReasonWords,
  spfReasonWords,
} from "./words.ts";

export type Row = {
  readonly label: string;
  readonly result: string;
  /** What the result is about: a domain or a name; null where the detail says all. */
  readonly subject: string | null;
  readonly detail: string;
};

export function rowsOf(inspection: Inspection): readonly Row[] {
  const { evidence, from } = inspection;
  const author = from.domain === null ? null : cut(from.domain, 72);
  return [
    fromRow(inspection),
    ...evidence.spf.flatMap((spf) => (spf.identity === "helo" && !isTelling(spf) ? [] : [spfRow(spf, author)])),
    ...dkimRows(evidence, author),
    ...(evidence.arc.result === "none" ? [] : [arcRow(evidence.arc)]),
    ...dmarcRows(evidence.dmarc),
    iprevRow(evidence, author),
    memoryRow(inspection),
    ...defectRows(evidence),
    ...removalRows(inspection.removals),
  ];
}

function fromRow({ from }: Inspection): Row {
  const why = from.reason === null ? from.advice.flatMap((word) => fromAdviceWords[word] ?? []) : [fromReasonWords[from.reason]];
  const named = from.displayName !== null && from.advice.some((word) => telling.has(word)) ? [`“${cut(from.displayName, 60)}”`] : [];
  return { label: "From", result: from.result, subject: from.domain, detail: [...why, ...named].join(": ") };
}
const telling: ReadonlySet<string> = new Set(["address-in-display-name", "encoded-address-in-display-name", "invisible-characters"]);

/** HELO never speaks for From: where it is in order, or nothing is known, it would only lengthen the table. */
function isTelling(spf: SpfResult): boolean {
  return spf.result !== "pass" && spf.result !== "none" && spf.result !== "neutral";
}

export function spfRow(spf: SpfResult & Partial<Alignment>, author: string | null): Row {
  const words = spf.reason === "matched" && spf.mechanism !== null ? `matches ${cut(spf.mechanism, 60)}` : spfReasonWords[spf.reason];
  const passed = spf.result === "pass" ? [belongs(spf, author)] : [];
  const broad = spf.broad ? ["but the record lets almost anybody pass"] : [];
  const detail = [...passed, ...(spf.result === "pass" ? [] : [words]), ...broad].filter((part) => part !== "").join(", ");
  return { label: spf.identity === "helo" ? "HELO" : "SPF", result: spf.result, subject: spf.domain, detail };
}

const signaturesShown = 6;

function dkimRows(evidence: Evidence, author: string | null): readonly Row[] {
  const { dkim } = evidence;
  if (dkim.length === 0) return [{ label: "DKIM", result: "none", subject: null, detail: "not signed" }];
  const rows = dkim.slice(0, signaturesShown).map((one) => dkimRow(one, author));
  const more = dkim.length - signaturesShown;
  return more > 0 ? [...rows, { label: "", result: "", subject: null, detail: `and ${more} more (--json lists all)` }] : rows;
}

export function dkimRow(dkim: Evidence["dkim"][number], author: string | null): Row {
  const whole = dkim.reason === null ? belongs(dkim, author) : signatureReasonWords[dkim.reason];
  const intact = dkim.reason === "body-hash" && dkim.headerResult === "pass" ? ["the signed header fields are intact"] : [];
  return { label: "DKIM", result: dkim.result, subject: dkim.domain, detail: [whole, ...intact].join(", ") };
}

export function arcRow(arc: ArcResult): Row {
  const sealer = arc.sets.at(-1)?.sealer ?? null;
  const why = arc.reason === null ? `chain of ${arc.sets.length}` : arcReasonWords[arc.reason];
  return {
    label: "ARC",
    result: arc.result,
    subject: sealer,
    detail: `${why}, ${arc.trusted ? "a sealer you trust" : "no sealer you trust"}`,
  };
}

export function dmarcRows(dmarc: DmarcResult): readonly Row[] {
  const main: Row = { label: "DMARC", result: dmarc.result, subject: dmarc.policyDomain, detail: dmarcDetail(dmarc) };
  if (dmarc.alternative === null) return [main];
  const { mode, result, policy } = dmarc.alternative;
  return [main, { label: "", result, subject: null, detail: `by RFC ${mode.slice(3)}${policy === null ? "" : `, p=${policy}`}` }];
}

function dmarcDetail(dmarc: DmarcResult): string {
  const policy = dmarc.publishedPolicy === null ? "" : `p=${dmarc.publishedPolicy}${dmarc.testing ? " (t=y: testing)" : ""}, `;
  const asked = dmarc.walked.length === 0 ? "" : `asked ${dmarc.walked.map((name) => `_dmarc.${name}`).join(", ")}`;
  switch (dmarc.reason) {
    case "aligned":
      return `${policy}${dmarc.result === "bestguesspass" ? "no record, would pass by" : "by"} ${(dmarc.alignedBy ?? "an identifier").toUpperCase()}`;
    case "not-aligned":
      return `${policy}nothing that passed belongs to ${cut(dmarc.domain ?? "the author", 72)}`;
    case "nothing-passed":
      return `${policy}neither SPF nor DKIM passed`;
    case "no-record":
      return cut(asked === "" ? "no record" : asked, 200);
    case "author":
      return "not exactly one author domain";
    case "record":
      return "the record cannot be used";
    case "record-dns":
      return "the record could not be fetched";
    case "record-timeout":
      return "the record could not be fetched in time";
    case "identifier-dns":
      return `${policy}DNS did not answer for an identifier that could pass`;
    case "existence-dns":
      return `${policy}DNS does not say which policy applies`;
    default:
      return dmarc.reason satisfies never;
  }
}

function iprevRow({ iprev, infrastructure }: Evidence, author: string | null): Row {
  const organization = infrastructure.ptrOrganization;
  const same = organization !== null && author !== null && isAtOrBelow(author, organization);
  const whose = organization === null ? [] : same ? [`belongs to ${organization}`] : [`${organization}, another organization`];
  const generic = iprev.generic ? ["a generic name"] : [];
  const why = iprev.reason === null ? [...whose, ...generic] : [iprevReasonWords[iprev.reason]];
  return { label: "PTR", result: iprev.result, subject: iprev.names[0] ?? null, detail: why.join(", ") };
}

function defectRows({ defects }: Evidence): readonly Row[] {
  const told = defects.flatMap((defect) => defectWords[defect] ?? []);
  return told.length === 0 ? [] : [{ label: "Form", result: "odd", subject: null, detail: told.join(", ") }];
}

/** `Forged  2 fields  speak in our name, and would be removed: authentication-results, x-assay-report` */
function removalRows(removals: Inspection["removals"]): readonly Row[] {
  if (removals.length === 0) return [];
  const names = [...new Set(removals.map(({ name }) => name))].sort();
  const [count, speak] = removals.length === 1 ? ["1 field", "speaks"] : [`${removals.length} fields`, "speak"];
  return [
    { label: "Forged", result: count, subject: null, detail: `${speak} in our name, and would be removed: ${cut(names.join(", "), 120)}` },
  ];
}

function belongs(alignment: Partial<Alignment>, author: string | null): string {
  if (author === null) return "";
  if (alignment.aligned === true) return `belongs to ${author}`;
  return alignment.alignedBestGuess === true ? `likely belongs to ${author}` : "belongs to another organization";
}
