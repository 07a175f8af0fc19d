/**
 * Our results in the shape in which Microsoft's service stamps Authentication-Results (reference: eop.md §2): no authserv-id, its
 * words and spacing, folded at 78 columns. Two layouts: that of mail since December 2021, and with a recipient domain the older
 * one, which repeats it after smtp.mailfrom= and each header.d=. For programs that read that shape; it is not RFC 8601's grammar.
 */
import { limits } from "../base/limits.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { Verdict } from "../verdict/verdict.ts";
import { asSent, domainPart, noDomain, plainName } from "./as-sent.ts";
import { eopAction, eopDkim, eopDmarc } from "./eop-words.ts";
import type { StampInput } from "./rfc8601.ts";

/** `signers`: d= of the signatures as written, in the evidence's order; empty where the header is not at hand. */
export type EopInput = StampInput & { readonly signers: readonly (string | null)[] };

export type EopOptions = {
  /** The token of the older layout; null: the layout since 2021. */
  readonly recipientDomain: string | null;
  /** Without the composite result the value ends in a semicolon, as in the copies that Exchange Online sends on. */
  readonly compauth: boolean;
};

/** The value on one line. */
export function eopResults(input: EopInput, options: EopOptions): string {
  const { afterSpf, betweenDkim, afterDkim, beforeCompauth } = layoutOf(options);
  const dkim = dkimItems(input).join(betweenDkim);
  const end = options.compauth ? beforeCompauth + compauthItem(input.verdict) : ";";
  return spfItem(input) + afterSpf + dkim + afterDkim + dmarcItem(input) + end;
}

type Layout = {
  readonly afterSpf: string;
  readonly betweenDkim: string;
  readonly afterDkim: string;
  readonly beforeCompauth: string;
};

const current: Layout = { afterSpf: "; ", betweenDkim: ";", afterDkim: ";", beforeCompauth: ";" };

/**
 * Microsoft's pages print the older layout with the composite result, and a space after every semicolon; what is kept of real mail
 * in that layout has no composite result, and no space before the token of header.d=. Each is written as it is found.
 */
function layoutOf({ recipientDomain, compauth }: EopOptions): Layout {
  if (recipientDomain === null) return current;
  const token = plainName(recipientDomain);
  const afterSigner = compauth ? `; ${token}; ` : `;${token}; `;
  return { afterSpf: `; ${token}; `, betweenDkim: afterSigner, afterDkim: afterSigner, beforeCompauth: "; " };
}

/** MAIL FROM alone, as there; of the null path the HELO name that was checked in its place (RFC 7208 §2.4). */
function spfItem({ transaction, evidence }: StampInput): string {
  const { result, domain } = checkedSender(evidence);
  const isNull = transaction.mailFrom === "";
  const sent = isNull ? transaction.helo : domainPart(transaction.mailFrom);
  const property = isNull ? "smtp.helo" : "smtp.mailfrom";
  return `spf=${result} (sender IP is ${plainName(transaction.ip ?? "")}) ${property}=${asSent(sent, domain)}`;
}

/** The result for MAIL FROM; `none` where it was not checked. */
export function checkedSender({ spf }: Evidence): Pick<Evidence["spf"][number], "result" | "domain"> {
  return spf.find(({ identity }) => identity === "mailfrom") ?? unchecked;
}
const unchecked = { result: "none", domain: null } as const;

function dkimItems({ evidence, signers }: EopInput): readonly string[] {
  if (evidence.dkim.length === 0) return [dkimItem("none", noDomain)];
  const all = evidence.dkim.map((one, i) => ({ ...one, sent: signers[i] ?? null }));
  // Those past the limit of what we verify say nothing, unless there is nothing else.
  const told = all.filter((one) => one.reason !== "over-limit").slice(0, limits.dkimSignaturesMax);
  return (told.length > 0 ? told : all.slice(0, 1)).map(({ result, reason, domain, sent }) =>
    dkimItem(result === "pass" ? "pass" : (reason ?? "signature"), asSent(sent, domain)),
  );
}

function dkimItem(words: keyof typeof eopDkim, signer: string): string {
  const { result, comment } = eopDkim[words];
  return `dkim=${result} (${comment}) header.d=${signer}`;
}

function dmarcItem({ from, evidence }: StampInput): string {
  const { result, action, domain } = evidence.dmarc;
  const author = asSent(domainPart(from.address), domain ?? from.domain);
  return `dmarc=${eopDmarc[result]} action=${eopAction[action]} header.from=${author}`;
}

function compauthItem({ compauth, reason }: Verdict): string {
  return `compauth=${compauth} reason=${reason}`;
}
