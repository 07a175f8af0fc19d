/**
 * `assay dmarc`: what a domain publishes and how given results fare under it (RFC 9989 §4.10, §5.3), or the DMARC result of a message.
 * With a domain alone it reads the policy and judges nothing.
 */
import { lstatSync } from "node:fs";
import type { DmarcMode, DmarcResult } from "../../evidence/dmarc/result.ts";
import type { SignatureOutcome } from "../../evidence/signature/result.ts";
import type { SpfOutcome } from "../../evidence/spf/result.ts";
import { inspect } from "../../gateway/inspect.ts";
import { evaluateDmarc } from "../../gateway/mechanisms.ts";
import { domainToAscii } from "../../mail/domain.ts";
import type { ExitStatus } from "./exit-status.ts";
import { networks } from "./inspect-item.ts";
import { type Line, plain, tableLines } from "./lines.ts";
import { headline, type MechanismOptions, openMessageFile, openTracing, statusOfWord, writeReport } from "./mechanism.ts";
import { type Ports, UsageError } from "./ports.ts";
import { readEnvelope } from "./read-envelope.ts";
import { dkimRow, dmarcRows, spfRow } from "./rows.ts";
import { cut } from "./shown.ts";

export type DmarcOptions = MechanismOptions & {
  readonly spf?: readonly { readonly domain: string; readonly result: SpfOutcome }[];
  readonly dkim?: readonly { readonly domain: string; readonly result: SignatureOutcome }[];
  readonly mode?: DmarcMode;
};

/** `subject` is a domain, a message file, or `-`; a file of that name wins. */
export async function dmarcCommand(subject: string, options: DmarcOptions, ports: Ports): Promise<ExitStatus> {
  const domain = subject === "-" || isFile(subject) ? null : domainToAscii(subject);
  if (domain !== null) return ofDomain(domain, options, ports);
  if (subject !== "-" && !isFile(subject)) throw new UsageError(`“${cut(subject, 80)}” is neither a domain nor a file`);
  return ofMessage(subject, options, ports);
}

async function ofDomain(domain: string, options: DmarcOptions, ports: Ports): Promise<ExitStatus> {
  const tracing = await openTracing(options, ports);
  const { spf = [], dkim = [] } = options;
  const dmarc = await evaluateDmarc({ from: domain, spf, dkim, mode: options.mode }, tracing.deps);
  // Nothing was claimed, so nothing failed: the answer is the policy.
  if (spf.length + dkim.length === 0 && dmarc.result === "fail") {
    const lines = [headline("none", domain, "no result to judge: give --spf or --dkim"), ...policyLines(dmarc)];
    return writeReport({ json: { dmarc }, lines, status: 0 }, tracing, { options, ports });
  }
  const lines = [headline(dmarc.result, domain), ...policyLines(dmarc), ...tableLines(dmarcRows(dmarc))];
  return writeReport({ json: { dmarc }, lines, status: statusOfWord(dmarc.result) }, tracing, { options, ports });
}

async function ofMessage(file: string, options: DmarcOptions, ports: Ports): Promise<ExitStatus> {
  const tracing = await openTracing(options, ports);
  const { source, header, message, sender } = await openMessageFile(file, ports);
  const trustNetworks = networks(tracing.settings?.trustNetworks ?? []);
  const { envelope } = readEnvelope({ ip: null, helo: null, mailFrom: null, rcptTo: [], tls: null }, { header, sender, trustNetworks });
  const policy = { ...tracing.settings?.policy, ...(options.mode === undefined ? {} : { dmarcMode: options.mode }) };
  const { evidence, from } = await inspect({ ...envelope, message }, { ...tracing.deps, random: ports.random, policy });
  const { dmarc } = evidence;
  const rows = [
    ...evidence.spf.map((spf) => spfRow(spf, from.domain)),
    ...evidence.dkim.map((dkim) => dkimRow(dkim, from.domain)),
    ...dmarcRows(dmarc),
  ];
  const lines = [headline(dmarc.result, from.domain ?? "no author"), ...policyLines(dmarc), ...tableLines(rows)];
  return writeReport({ json: { source, dmarc }, lines, status: statusOfWord(dmarc.result) }, tracing, { options, ports });
}

function policyLines(dmarc: DmarcResult): readonly Line[] {
  if (dmarc.publishedPolicy === null) return [];
  const testing = dmarc.testing ? `, in test mode (t=y): treated as p=${dmarc.policy ?? "none"}` : "";
  return [plain(`  The record at _dmarc.${dmarc.policyDomain ?? "?"} asks for p=${dmarc.publishedPolicy}${testing}.`)];
}

function isFile(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
