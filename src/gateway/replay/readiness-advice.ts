/**
 * What to do about a sender before a rule is switched on: the command that allows it here, or what the sender should publish. It reads one
 * inspection, decided with that rule acting.
 */
import { authorOf } from "../../evidence/from/author.ts";
import { fromRuleOf } from "../../verdict/from-rules.ts";
import type { DecidedInspection } from "../decided.ts";
import type { RuleName } from "./only-rule.ts";

export type Advice = {
  /** Words of an `assay` command, without --config; null: no entry helps. */
  readonly command: readonly string[] | null;
  /** What somebody should publish or change; null: nothing. */
  readonly fix: string | null;
};

/** What an entry could name: the From domain, "" without one, and what it can be allowed by. */
export type AdvisedPair = { readonly from: string; readonly allowable: string | null };

export function adviceFor(rule: RuleName, pair: AdvisedPair, inspection: DecidedInspection): Advice {
  switch (rule) {
    case "dmarc_reject":
    case "dmarc_quarantine":
    case "spoof":
      return { command: allowPair(pair), fix: publish(inspection) };
    case "suspicion":
      return { command: allowPair(pair), fix: null };
    case "from":
      return fromAdvice(inspection);
    case "ipv6":
      return { command: null, fix: ipv6Fix(inspection) };
    case "null_mx":
      return { command: null, fix: `${envelopeOf(inspection)} accepts no mail: the sender needs a MAIL FROM that can receive bounces` };
    case "blocks":
    case "rules":
    case "filters":
      return { command: null, fix: null };
    default:
      return rule satisfies never;
  }
}

function allowPair({ from, allowable }: AdvisedPair): readonly string[] | null {
  return from === "" || allowable === null ? null : ["allow", from, allowable];
}

/** The shortest way to DMARC: mend the signature that is there, else list the host, else begin with SPF. */
function publish({ from, evidence, transaction }: DecidedInspection): string | null {
  const { domain } = from;
  if (domain === null || !authorOf(from).single) return null;
  const broken = evidence.dkim.find((one) => one.result !== "pass" && (one.aligned || one.alignedBestGuess));
  if (broken?.reason === "body-hash")
    return `something changes the body after ${domain} has signed it: let the list write itself into From, or seal with ARC`;
  if (broken !== undefined)
    return `${domain} should mend its DKIM signature (${broken.reason ?? "broken"}${broken.selector === null ? "" : `, selector ${broken.selector}`})`;
  const mechanism = transaction.ip === null ? null : `${transaction.ip.includes(":") ? "ip6" : "ip4"}:${transaction.ip}`;
  if (mechanism === null) return `${domain} should sign with DKIM (d=${domain})`;
  const own = evidence.spf.find((one) => one.identity === "mailfrom" && (one.aligned || one.alignedBestGuess));
  if (own === undefined)
    return `${domain} should sign with DKIM (d=${domain}), or use a MAIL FROM of its own with ${mechanism} in its SPF record`;
  return own.reason === "no-record"
    ? `${own.domain ?? domain} should publish: ${own.domain ?? domain}. IN TXT "v=spf1 ${mechanism} ~all", or sign with DKIM (d=${domain})`
    : `${own.domain ?? domain} should put ${mechanism} into its SPF record, or sign with DKIM (d=${domain})`;
}

function fromAdvice({ from, transaction }: DecidedInspection): Advice {
  const rule = fromRuleOf(from);
  const forgivable = rule.forgiven === "by-override" && transaction.ip !== null;
  return {
    command: forgivable && transaction.ip !== null ? ["allow", "--ip", transaction.ip, "--scope", "from-validation"] : null,
    fix: `the sender should write one From field as "Name" <address@domain> (${rule.why})`,
  };
}

function ipv6Fix({ transaction, evidence, action }: DecidedInspection): string {
  const client = transaction.ip ?? "the client";
  switch (action.smtp?.enhanced) {
    case "5.2.1":
      return "a recipient's domain has not opted in: ipv6 = true in its [[domains]]";
    case "4.7.25":
      return `${client} needs a reverse name`;
    case "4.7.26":
      return evidence.dkim.length === 0
        ? `the sender should publish SPF for ${client}, or sign with DKIM`
        : `the sender should publish SPF for ${client}, or mend its signature`;
    default:
      return `DNS did not answer for ${client}`;
  }
}

function envelopeOf({ transaction: { mailFrom }, from }: DecidedInspection): string {
  const at = mailFrom?.lastIndexOf("@") ?? -1;
  return mailFrom === null || at < 0 ? (from.domain ?? "the sender's domain") : mailFrom.slice(at + 1);
}
