/**
 * What follows from a null MX (RFC 7505): who is refused, who is not written to, and what to publish. It acts on a positive answer
 * alone: where DNS is silent, mail goes on. Mail *from* such a domain is taken unless the operator says otherwise, since Exchange Online
 * takes it, and its documents advise noreply domains to publish one.
 */
import type { NullMx } from "../evidence/infrastructure/null-mx.ts";
import { domainToAscii } from "../mail/domain.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { StageResult } from "./reply.ts";
import type { Fact } from "./verdict.ts";

export type NullMxPolicy = {
  /** Refuse inbound mail whose MAIL FROM domain, or that or the From domain, cannot receive. Default off. */
  readonly inbound?: "off" | "mail-from" | "mail-from-and-from";
};

/** Answers for the two domains; null where there is no such domain or nobody asked. */
export type SenderNullMx = {
  readonly mailFrom: NullMx | null;
  readonly from: NullMx | null;
  /** Of outbound mail: the domains of recipients, each once, as A-labels; left out where nobody asked. */
  readonly recipients?: readonly { readonly domain: string; readonly answer: NullMx }[];
};

/** At MAIL FROM (with `from` null) or at the end of DATA. */
export function inboundFromNullMx(
  { direction }: Pick<Transaction, "direction">,
  { mailFrom, from }: SenderNullMx,
  { inbound = "off" }: NullMxPolicy,
): StageResult {
  if (direction === "outbound" || inbound === "off") return nothing;
  // RFC 7505 §4.2: the null reverse path keeps its meaning; it has no domain, and its answer is null.
  const facts: Fact[] = mailFrom === null ? [] : [nullMxFact("MAIL FROM", mailFrom)];
  if (inbound === "mail-from-and-from" && from !== null) facts.push(nullMxFact("From", from));
  const refused = facts.some(({ value }) => value === "null-mx");
  return { reply: refused ? { id: "sender-null-mx" } : null, facts };
}

/** At RCPT, for that recipient. `domain`: the recipient's answer; null: nobody asked, as for domains of our own. */
export function outboundToNullMx({ direction }: Pick<Transaction, "direction">, domain: NullMx | null): StageResult {
  if (direction === "inbound" || domain === null) return nothing;
  return { reply: domain === "null-mx" ? { id: "recipient-null-mx" } : null, facts: [nullMxFact("recipient", domain)] };
}

/** For an accepted domain: what is wrong with it publishing this; null where nothing is. */
export function acceptedDomainWarning(domain: string, published: NullMx): string | null {
  if (published === "null-mx") {
    return `${domain} is an accepted domain, yet it publishes a null MX (RFC 7505): others will not send it any mail, nor return bounces.`;
  }
  if (published === "malformed") {
    return `${domain} publishes an MX record with the exchange "." that is no null MX: it must be the only one, with preference 0 (RFC 7505 §3).`;
  }
  return null;
}

export type NoreplyAdvice = { readonly record: string; readonly remarks: readonly string[] };

/** What to publish for a domain that sends and never receives; null for what is no domain. */
export function noreplyAdvice(domain: string): NoreplyAdvice | null {
  const name = domainToAscii(domain);
  if (name === null) return null;
  return {
    // RFC 7505 §3: preference 0 and the root. The form without preference, found in documents, is no MX record.
    record: `${name}. IN MX 0 .`,
    remarks: [
      `It must be the only MX record of ${name}.`,
      // RFC 7505 §4.2
      `Receivers may refuse mail whose MAIL FROM or From is at ${name} (550 5.7.27): let bounces go to a domain that receives them.`,
      "Publish SPF, DKIM and DMARC for it as for any domain that sends.",
    ],
  };
}

const nothing: StageResult = { reply: null, facts: [] };

const words: Readonly<Record<NullMx, string>> = {
  "null-mx": "publishes a null MX: it accepts no mail",
  malformed: "publishes a malformed null MX, which counts for nothing",
  other: "publishes no null MX",
  unknown: "could not be asked",
};

function nullMxFact(whose: "MAIL FROM" | "From" | "recipient", value: NullMx): Fact {
  const source = whose === "From" ? "from" : "transaction";
  return { id: "null-mx", fact: `the ${whose} domain ${words[value]}`, value, weight: null, source };
}
