/**
 * The explanation of a fail (RFC 7208 §6.2): one TXT record of the domain that failed the client, with its macros replaced.
 * It is text of strangers that may end up in an SMTP reply: printable ASCII only, cut at limits.spfExplanationBytesMax, and
 * null wherever anything is amiss with it. It never changes the result and counts towards no limit of the evaluation.
 */
import { limits } from "../../base/limits.ts";
import type { Evaluation } from "./evaluation.ts";
import { expand, matchesNothing, targetOf } from "./expansion.ts";
import { parseMacroString } from "./macro.ts";
import type { DomainSpec } from "./record.ts";

/** Fetches and expands the text that `exp=` of the record of `domain` names. */
export async function explain(evaluation: Evaluation, spec: DomainSpec, domain: string): Promise<string | null> {
  if (matchesNothing(evaluation, spec)) return null;
  const target = await targetOf(evaluation, spec, domain);
  if (target === null || evaluation.clock() > evaluation.until) return null;
  const answer = await evaluation.dns.query(target, "TXT");
  // RFC 7208 §6.2: any DNS error, no record or several: as if there were no exp.
  const bytes = answer.status === "found" && answer.records.length === 1 ? answer.records[0] : undefined;
  if (bytes === undefined || bytes.length > limits.spfRecordBytesMax) return null;
  const string = parseMacroString(Buffer.from(bytes).toString("latin1"), "explain-string");
  if ("fault" in string) return null;
  const text = await expand(evaluation, string, domain);
  // RFC 7208 §6.2: limited to US-ASCII. Nor may a line end come in through a macro.
  if (text === "" || !/^[\x20-\x7e]*$/.test(text)) return null;
  return text.slice(0, limits.spfExplanationBytesMax);
}
