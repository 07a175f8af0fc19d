/**
 * Rows 12 and 13 of the decision table: DMARC failed and the From domain asks for quarantine or rejection. Only a bounce of our own
 * mail, the operator's word, or an identifier that has spoken for this domain long and almost alone stands against that.
 */
import type { DmarcResult } from "../evidence/dmarc/result.ts";
import { confirmedNames, enforces } from "./facts.ts";
import type { Token, TokenHistory, TokenKind } from "./history.ts";
import { senderHistoryOf } from "./policy.ts";
import { mayAccept, no, type Row, type RowContext, type Weighed, yes } from "./row.ts";

export const enforcedRows: readonly Row[] = [
  { number: 12, condition: "DMARC failed under an enforced policy, but the message is vouched for", weigh: vouchedFor },
  {
    number: 13,
    condition: "DMARC failed under a policy of quarantine or reject",
    weigh: ({ input: { evidence } }) =>
      enforces(evidence.dmarc) ? yes("000", "evidence.dmarc", enforced(evidence.dmarc)) : no("evidence.dmarc"),
  },
];

/** A bounce of mail we sent: null path, a report, and the Message-ID that it returns is in our journal for this recipient. */
export function returnsOurs({ input: { transaction, evidence }, history }: RowContext): boolean {
  return transaction.mailFrom === "" && evidence.bounceOf !== null && history?.returnsOurs === true;
}

function vouchedFor(context: RowContext): Weighed {
  const { input, history } = context;
  if (!enforces(input.evidence.dmarc)) return no("evidence.dmarc");
  if (returnsOurs(context)) return yes("502", "history.returnsOurs");
  const confirmed = mayAccept(context) ? context.entries.find(({ action }) => action === "confirmed") : undefined;
  if (confirmed !== undefined) {
    const { id, by, user, infrastructure } = confirmed;
    return yes("704", "history.entries", `Entry ${id} by ${by} confirms ${user} from ${infrastructure}.`);
  }
  for (const [kind, code, values] of vouchers(context)) {
    const token = history?.tokens.find((one) => one.kind === kind && values.includes(one.value) && speaks(one, context));
    if (token !== undefined) return yes(code, "history.tokens", spokenFor(token));
  }
  return no("history.tokens");
}

function vouchers({ input, policy }: RowContext): readonly (readonly [TokenKind, "701" | "702" | "703", readonly string[]])[] {
  const { spf, dkim } = input.evidence;
  const domains = (list: readonly { readonly domain: string | null }[]): string[] => list.flatMap(({ domain }) => domain ?? []);
  return [
    ["spf", "701", domains(spf.filter((one) => one.identity === "mailfrom" && one.result === "pass" && !one.broad))],
    ["dkim", "702", domains(dkim.filter((one) => one.result === "pass" && one.bodyCovered !== false))],
    // A host's name may vouch against a published policy only where the operator says so.
    ["ptr", "703", senderHistoryOf(policy).vouchByPtr ? confirmedNames(input) : []],
  ];
}

/**
 * Unshared, often enough, without complaint, and mostly for this domain: a provider's name that few of our senders use is still the
 * provider's, and its other customers must not pass by it.
 */
function speaks(token: TokenHistory, { policy }: RowContext): boolean {
  const { vouchMessages, sharedOrganizations } = senderHistoryOf(policy);
  return (
    token.authenticated >= vouchMessages &&
    token.organizations <= sharedOrganizations &&
    token.messages <= 2 * token.authenticated &&
    token.complaints < 1
  );
}

function spokenFor({ kind, value, authenticated }: Token & Pick<TokenHistory, "authenticated">): string {
  return `${kind} ${value} has spoken for this domain in ${Math.floor(authenticated)} authenticated messages.`;
}

function enforced({ domain, policyDomain, publishedPolicy, policy }: DmarcResult): string {
  return `DMARC failed, and ${policyDomain ?? domain ?? "the domain"} publishes p=${publishedPolicy ?? policy ?? "none"}.`;
}
