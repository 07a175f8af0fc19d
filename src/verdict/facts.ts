/** The facts that a verdict rests on, read off the evidence: one line each, in the order they were established. */
import type { DmarcResult } from "../evidence/dmarc/result.ts";
import type { Evidence } from "../evidence/evidence.ts";
import { isGenericName } from "../evidence/iprev/generic.ts";
import { domainToAscii } from "../mail/domain.ts";
import { parseIpAddress } from "../mail/ip-address.ts";
import type { DecisionInput, Fact } from "./verdict.ts";

export function evidenceFacts({ from, evidence }: DecisionInput): Fact[] {
  const facts: Fact[] = [fact("from", from.result === "valid" ? "From is valid" : "From is invalid", from.reason ?? from.domain, "from")];
  if (evidence.defects.length > 0) facts.push(fact("defects", "the message has defects", evidence.defects.join(" "), "evidence.defects"));
  facts.push(fact("iprev", "reverse name of the client", evidence.iprev.names[0] ?? evidence.iprev.reason, "evidence.iprev"));
  let i = 0;
  for (const spf of evidence.spf) {
    facts.push(
      fact(`spf-${spf.identity}`, `SPF ${spf.result} for ${spf.domain ?? "no domain"}${belongs(spf)}`, spf.result, `evidence.spf[${i}]`),
    );
    i += 1;
  }
  i = 0;
  for (const dkim of evidence.dkim) {
    const why = dkim.reason === null ? "" : ` (${dkim.reason})`;
    facts.push(
      fact(
        `dkim-${i + 1}`,
        `DKIM ${dkim.result}${why} for ${dkim.domain ?? "no domain"}${belongs(dkim)}`,
        dkim.result,
        `evidence.dkim[${i}]`,
      ),
    );
    i += 1;
  }
  if (evidence.dkim.length === 0) facts.push(fact("dkim", "not signed", "none", "evidence.dkim"));
  if (evidence.arc.result !== "none")
    facts.push(fact("arc", `ARC chain of ${evidence.arc.sets.length}`, evidence.arc.result, "evidence.arc"));
  facts.push(fact("dmarc", `DMARC ${evidence.dmarc.result} (${evidence.dmarc.reason})`, evidence.dmarc.policy, "evidence.dmarc"));
  return facts;
}

/**
 * The identifier that vouches for the From organization by the suffix list (rows 7 and 9): a covered DKIM signature first, else SPF
 * for MAIL FROM that does not rest on a broad record. In words; null without one.
 */
export function bestAlignedPass(evidence: Evidence): string | null {
  const signature = evidence.dkim.find((dkim) => dkim.result === "pass" && dkim.alignedBestGuess && dkim.bodyCovered !== false);
  if (signature !== undefined) return `A DKIM signature of ${signature.domain} verified.`;
  const spf = evidence.spf.find((one) => one.identity === "mailfrom" && one.result === "pass" && one.alignedBestGuess && !one.broad);
  return spf === undefined ? null : `SPF passed for ${spf.domain}.`;
}

/** The client's confirmed names that somebody chose for it, as A-labels. A generic name, or one that is not confirmed, never helps. */
export function confirmedNames({ transaction, evidence: { iprev, infrastructure } }: DecisionInput): readonly string[] {
  if (iprev.confirmed === 0 || !infrastructure.confirmed) return [];
  const client = transaction.ip === null ? null : parseIpAddress(transaction.ip);
  return iprev.names.slice(0, iprev.confirmed).flatMap((name, i) => {
    const ascii = domainToAscii(name);
    if (ascii === null || (i === 0 && (iprev.generic || infrastructure.generic))) return [];
    return client !== null && isGenericName(ascii, client) ? [] : [ascii];
  });
}

/** DMARC failed, and the policy in force asks for quarantine or rejection. */
export function enforces({ result, policy }: DmarcResult): boolean {
  return result === "fail" && (policy === "quarantine" || policy === "reject");
}

/** Does anything explicit speak for the author: DMARC, a best guess, or an aligned pass under an unusable record? */
export function authenticatesAsAuthor(evidence: Evidence): boolean {
  const { dmarc } = evidence;
  if (dmarc.result === "pass" || dmarc.result === "bestguesspass") return true;
  if (dmarc.reason === "author" || (dmarc.result !== "permerror" && dmarc.result !== "temperror")) return false;
  return bestAlignedPass(evidence) !== null;
}

function belongs(alignment: { aligned: boolean; alignedBestGuess: boolean }): string {
  return alignment.aligned || alignment.alignedBestGuess ? ", of the From organization" : ", of another organization";
}

function fact(id: string, words: string, value: Fact["value"], source: string): Fact {
  return { id, fact: words, value, weight: null, source };
}
