/**
 * Asks who can receive mail (RFC 7505), where the policy wants to know. Of inbound mail the senders: MAIL FROM's domain, and From's if that
 * counts too. Of outbound mail the recipients, the first few domains that are not ours. Few questions, of the lanes that the evidence left; an
 * answer that does not come is `unknown`, and mail goes on.
 */
import { type Dns, type SpareLane, spareQuotas } from "../dns/budget.ts";
import { authorOf } from "../evidence/from/author.ts";
import type { FromResult } from "../evidence/from/result.ts";
import { askNullMx } from "../evidence/infrastructure/null-mx.ts";
import { domainToAscii } from "../mail/domain.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { SenderNullMx } from "../verdict/null-mx.ts";
import { domainOfAddress } from "../verdict/overrides/address-form.ts";
import type { GatePolicy } from "./gates.ts";
import type { JudgePolicy } from "./judge.ts";

type Senders = { readonly transaction: Transaction; readonly from: FromResult };

/** Null: nobody wants to know. */
export function askWhoReceives(
  { transaction, from }: Senders,
  lane: (lane: SpareLane) => Dns,
  { gates }: JudgePolicy,
): Promise<SenderNullMx> | null {
  if (transaction.direction === "outbound") return gates === undefined ? null : askRecipients(transaction, lane("hosts"), gates);
  const inbound = gates?.nullMx.inbound ?? "off";
  if (inbound === "off") return null;
  const sender =
    transaction.mailFrom === null ? null : domainToAscii(transaction.mailFrom.slice(transaction.mailFrom.lastIndexOf("@") + 1));
  const [author = null] = inbound === "mail-from-and-from" ? authorOf(from).domains : [];
  const dns = lane("hosts");
  const asked = (domain: string | null): ReturnType<typeof askNullMx> | null =>
    domain === null || domain === "" ? null : askNullMx(domain, dns);
  return Promise.all([asked(sender), asked(author)]).then(([mailFrom, ofFrom]) => ({ mailFrom, from: ofFrom }));
}

function askRecipients({ rcptTo }: Transaction, dns: Dns, { accepted }: GatePolicy): Promise<SenderNullMx> | null {
  const ours = new Set(accepted.map(({ domain }) => domain));
  const domains = new Set<string>();
  for (const recipient of rcptTo) {
    const domain = domainOfAddress(recipient);
    if (domain !== null && domain !== "" && !ours.has(domain)) domains.add(domain);
    if (domains.size >= recipientDomainsMax) break;
  }
  if (domains.size === 0) return null;
  const asked = [...domains].map(async (domain) => ({ domain, answer: await askNullMx(domain, dns) }));
  return Promise.all(asked).then((recipients) => ({ mailFrom: null, from: null, recipients }));
}

/** Where mail has more, the door has asked for each at RCPT, if that is enforced. */
const recipientDomainsMax = spareQuotas.hosts;
