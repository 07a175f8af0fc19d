/**
 * Does a From organization have an established profile: has enough of its mail authenticated explicitly, on enough days? Only the
 * owner of the domain can bring that about, so nobody else can raise or lower it.
 */
import type { OrganizationHistory } from "./history.ts";
import type { SenderHistoryPolicy } from "./policy.ts";

export function isEstablished(
  { authenticated, days, firstDay }: Pick<OrganizationHistory, "authenticated" | "days" | "firstDay">,
  numbers: Pick<SenderHistoryPolicy, "establishedMessages" | "establishedDays" | "establishedAge">,
  today: number,
): boolean {
  if (firstDay === null || today - firstDay < numbers.establishedAge) return false;
  return authenticated >= numbers.establishedMessages && days >= numbers.establishedDays;
}
