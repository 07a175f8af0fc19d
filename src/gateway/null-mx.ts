/**
 * Asks whether the senders of a message can receive mail (RFC 7505), where the policy wants to know: MAIL FROM's domain, and From's if that
 * counts too. At most two questions, of the lanes that the evidence left; an answer that does not come is `unknown`, and mail goes on.
 */
import type { Dns, SpareLane } from "../dns/budget.ts";
import { authorOf } from "../evidence/from/author.ts";
import type { FromResult } from "../evidence/from/result.ts";
import { askNullMx } from "../evidence/infrastructure/null-mx.ts";
import { domainToAscii } from "../mail/domain.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { SenderNullMx } from "../verdict/null-mx.ts";
import type { JudgePolicy } from "./judge.ts";

type Senders = { readonly transaction: Transaction; readonly from: FromResult };

/** Null: nobody wants to know. */
export function askSenders(
  { transaction, from }: Senders,
  lane: (lane: SpareLane) => Dns,
  { gates }: JudgePolicy,
): Promise<SenderNullMx> | null {
  const inbound = gates?.nullMx.inbound ?? "off";
  if (inbound === "off" || transaction.direction === "outbound") return null;
  const sender =
    transaction.mailFrom === null ? null : domainToAscii(transaction.mailFrom.slice(transaction.mailFrom.lastIndexOf("@") + 1));
  const [author = null] = inbound === "mail-from-and-from" ? authorOf(from).domains : [];
  const dns = lane("hosts");
  const asked = (domain: string | null): ReturnType<typeof askNullMx> | null =>
    domain === null || domain === "" ? null : askNullMx(domain, dns);
  return Promise.all([asked(sender), asked(author)]).then(([mailFrom, ofFrom]) => ({ mailFrom, from: ofFrom }));
}
