/**
 * Tier 2 (design: compauth.md): for domains that never authenticate. Mail that nothing authenticated, from one unshared, confirmed host
 * or verified identity, on enough days to enough recipients of whom one is in correspondence, and without complaint. It gives softpass
 * at most, is closed to domains that do authenticate, counts days and recipients instead of messages, and never feeds itself.
 */
import { confirmedNames } from "./facts.ts";
import type { TokenHistory } from "./history.ts";
import { senderHistoryOf } from "./policy.ts";
import type { RowContext } from "./row.ts";
import { isOwnMark } from "./tokens.ts";

export function tier2Token({ input, history, policy }: RowContext): TokenHistory | null {
  const hosts = confirmedNames(input);
  // Without a confirmed name of its own a host is nobody's in particular.
  if (history === null || history.from.authenticated >= 1 || hosts.length === 0) return null;
  const { tier2Days, tier2Recipients, tier2Organizations } = senderHistoryOf(policy);
  const tokens = history.tokens.filter(({ kind }) => kind !== "mx");
  // Of the host itself: another name for it must not hide how many it serves, or what was complained about.
  const own = tokens.filter((token) => isOwnMark(token, hosts) && (token.kind === "ptr" || token.kind === "prefix"));
  if (own.some(({ organizations, complaints, failures }) => organizations > tier2Organizations || complaints >= 0.5 || failures >= 0.5))
    return null;
  return (
    tokens.find(
      (token) =>
        isOwnMark(token, hosts) &&
        token.organizations <= tier2Organizations &&
        token.days >= tier2Days &&
        token.recipients >= tier2Recipients &&
        token.answered &&
        token.complaints < 0.5,
    ) ?? null
  );
}
