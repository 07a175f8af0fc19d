/**
 * What is answered to one recipient, before the message has come: the rules for anonymous IPv6 (design: compauth.md), null MX of outbound
 * mail (RFC 7505 §4.1), and one organization at a time where several share an installation. Each acts only where its rule is enforced.
 */
import type { Resolver } from "../../dns/resolver.ts";
import { askNullMx } from "../../evidence/infrastructure/null-mx.ts";
import type { IprevResult } from "../../evidence/iprev/result.ts";
import type { Transaction } from "../../mail/transaction.ts";
import { optInOf, stageAtRcpt } from "../../verdict/ipv6-gate.ts";
import { outboundToNullMx } from "../../verdict/null-mx.ts";
import { domainOfAddress } from "../../verdict/overrides/address-form.ts";
import type { Reply } from "../../verdict/reply.ts";
import type { JudgePolicy } from "../judge.ts";
import { tenantOfRecipients } from "../judge-policy.ts";

export type RecipientQuestion = {
  readonly transaction: Transaction;
  readonly recipient: string;
  /** Null: the client is not known yet (behind a trusted hop), or the mail is our own. */
  readonly iprev: Promise<IprevResult> | null;
};

/** Whether there is any client, and any recipient, to whom `answerToRecipient` may give a reply. */
export function mayRefuseRecipients(policy: JudgePolicy): boolean {
  return partsTenants(policy) || policy.gates?.ipv6.enforced === true || policy.gates?.nullMx.enforced === true;
}

export async function answerToRecipient(
  { transaction, recipient, iprev }: RecipientQuestion,
  { policy, resolver }: { readonly policy: JudgePolicy; readonly resolver: Resolver },
): Promise<Reply | null> {
  if (isOfAnotherTenant(transaction, recipient, policy)) return { id: "another-organization" };
  const { gates } = policy;
  if (gates === undefined) return null;
  const domain = domainOfAddress(recipient);
  if (transaction.direction === "outbound") {
    const isOurs = domain !== null && gates.accepted.some((one) => one.domain === domain);
    if (!gates.nullMx.enforced || domain === null || isOurs) return null;
    return outboundToNullMx(transaction, await askNullMx(domain, resolver)).reply;
  }
  if (!gates.ipv6.enforced || iprev === null || !(transaction.ip ?? "").includes(":")) return null;
  const asked = { iprev: await iprev, recipient: optInOf(recipient, gates.accepted) };
  return stageAtRcpt(transaction, asked, gates.ipv6).reply;
}

/** What one tenant says and knows is not another's: each gets a copy of its own, as the client sends the rest again. */
function isOfAnotherTenant({ rcptTo, direction }: Transaction, recipient: string, policy: JudgePolicy): boolean {
  if (!partsTenants(policy) || direction === "outbound" || rcptTo.length === 0) return false;
  return tenantOfRecipients(policy, rcptTo.slice(0, 1)) !== tenantOfRecipients(policy, [recipient]);
}

function partsTenants({ mode, tenants }: JudgePolicy): boolean {
  return mode === "enforce" && (tenants?.length ?? 0) >= 2;
}
