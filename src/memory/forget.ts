/**
 * Pruning: a row whose counts have faded to nothing is taken out, and a token is told of each pair that goes. So the store holds what
 * was seen in some half-lives and no more, whoever tries to fill it. The embedded store does the same in steps, in SQL.
 */
import { limits } from "../base/limits.ts";
import { type Decay, weightOf } from "./decay.ts";
import type { Ledger, OrganizationBook } from "./ledger.ts";

/** Takes out what is forgotten by `day`. */
export function forget(ledger: Ledger, day: number, decay: Decay): void {
  const least = forgottenBelow(day, decay);
  for (const book of ledger.tenants.values()) {
    for (const [name, own] of book.organizations) if (isForgotten(own, least)) book.organizations.delete(name);
    for (const [mark, { row, counts }] of book.tokens) if (counts.organizations === 0 && row.messages < least) book.tokens.delete(mark);
    for (const [messageId, parties] of book.journal) {
      for (const [party, sent] of parties) if (sent < day - limits.journalDays) parties.delete(party);
      if (parties.size === 0) book.journal.delete(messageId);
    }
  }
}

/** Takes out the rows of an organization that have faded; true when none is left. */
function isForgotten(own: OrganizationBook, least: number): boolean {
  for (const [mark, { row, of }] of own.pairs) {
    if (row.messages + row.authenticated + row.unauthenticated + row.complaints >= least) continue;
    own.pairs.delete(mark);
    of.counts.organizations -= 1;
    if (row.failures > 0) of.counts.failedOrganizations -= 1;
    if (row.relayed > 0) of.counts.relayed -= 1;
  }
  for (const [recipient, { row }] of own.contacts) if (row.wroteTo + row.heardFrom < least) own.contacts.delete(recipient);
  if (own.whole !== null && own.whole.row.authenticated + own.whole.row.unauthenticated < least) own.whole = null;
  return own.whole === null && own.pairs.size === 0 && own.contacts.size === 0;
}

/** The stored count that is worth limits.historyForgottenBelow on that day. */
export function forgottenBelow(day: number, decay: Decay): number {
  return limits.historyForgottenBelow * weightOf(day, decay);
}
