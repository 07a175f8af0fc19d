/**
 * Rows 1 to 4 of the decision table: what is settled before the author's domain is looked at, because somebody logged in or the
 * operator has spoken. A pair block comes before every entry that accepts; only a trusted hop reads a DMARC result.
 */
import { domainToAscii, isAtOrBelow } from "../mail/domain.ts";
import { authenticatesAsAuthor, enforces } from "./facts.ts";
import { matchingNetworks } from "./network-match.ts";
import type { Bypass } from "./policy.ts";
import { mayAccept, no, type Row, type RowContext, type Weighed, yes } from "./row.ts";
import type { DecisionInput } from "./verdict.ts";

export const operatorRows: readonly Row[] = [
  {
    number: 1,
    condition: "the sender logged in",
    weigh: ({ input }) => (input.transaction.authenticatedAs === null ? no("transaction") : yes("300", "transaction")),
  },
  { number: 2, condition: "the operator blocks this pair", weigh: blocked },
  { number: 3, condition: "a bypass entry matches client, envelope or recipient", weigh: bypassed },
  { number: 4, condition: "behind a trusted hop the true client is not known, and DMARC would be enforced", weigh: behindHop },
];

function blocked({ input, entries }: RowContext): Weighed {
  const blocks = entries.filter(({ action }) => action === "block");
  if (blocks.length === 0) return no("history.entries");
  const authenticated = authenticatesAsAuthor(input.evidence);
  const entry = blocks.find(({ evenIfAuthenticated }) => evenIfAuthenticated || !authenticated);
  if (entry === undefined) return no("history.entries", "The message authenticates as the From domain.");
  return yes("002", "history.entries", `Entry ${entry.id} by ${entry.by} blocks ${entry.user} from ${entry.infrastructure}.`);
}

function bypassed(context: RowContext): Weighed {
  const entry = mayAccept(context) ? matchingBypasses(context.policy.bypasses, context.input)[0] : undefined;
  if (entry === undefined) return no("policy.bypasses");
  return yes(entry.kind === "ip-allow" ? "400" : "401", "policy.bypasses", `Entry ${entry.id} by ${entry.by} skips authentication.`);
}

/** The entries whose every given condition holds; IP allows first, since they need no forgeable envelope. */
export function matchingBypasses(bypasses: readonly Bypass[] | undefined, input: DecisionInput): readonly Bypass[] {
  if (bypasses === undefined || bypasses.length === 0) return [];
  const matching = bypasses.filter((entry) => matches(entry, input));
  return [...matching.filter(({ kind }) => kind === "ip-allow"), ...matching.filter(({ kind }) => kind === "rule")];
}

function matches({ kind, client, mailFrom, recipient }: Bypass, { transaction }: DecisionInput): boolean {
  if (client === undefined && (kind === "ip-allow" || (mailFrom === undefined && recipient === undefined))) return false;
  if (client !== undefined && matchingNetworks(transaction.ip, client).length === 0) return false;
  if (mailFrom !== undefined && !isListed(transaction.mailFrom, mailFrom)) return false;
  if (recipient === undefined) return true;
  return transaction.rcptTo.length > 0 && transaction.rcptTo.every((address) => isListed(address, recipient));
}

/** An entry with @ is an address, else a domain with all below it. Local parts are compared as they are written. */
function isListed(address: string | null, entries: readonly string[]): boolean {
  const at = address?.lastIndexOf("@") ?? -1;
  if (address === null || at < 0) return false;
  const domain = domainToAscii(address.slice(at + 1));
  if (domain === null) return false;
  return entries.some((entry) => {
    const entryAt = entry.lastIndexOf("@");
    const entryDomain = domainToAscii(entry.slice(entryAt + 1));
    if (entryDomain === null) return false;
    if (entryAt < 0) return isAtOrBelow(domain, entryDomain);
    return domain === entryDomain && address.slice(0, at) === entry.slice(0, entryAt);
  });
}

function behindHop(context: RowContext): Weighed {
  const { transaction, evidence } = context.input;
  const hops = matchingNetworks(transaction.ip, context.policy.trustedHops);
  const cameThrough = transaction.trustedHop !== null || hops.length > 0;
  const clientUnknown = transaction.ip === null || transaction.ip === transaction.trustedHop || hops.length > 0;
  if (!cameThrough || !clientUnknown || !mayAccept(context)) return no("transaction");
  return enforces(evidence.dmarc) ? yes("905", "transaction") : no("transaction", "DMARC would not be enforced.");
}
