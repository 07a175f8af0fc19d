/** The policy with what belongs to this very message: what a gateway said of it, and whether it may still be told to come again. */
import type { Header } from "../mail/header.ts";
import type { Transaction } from "../mail/transaction.ts";
import { withGatewayResult } from "./gateway-result.ts";
import type { InspectDeps } from "./inspect-deps.ts";
import type { JudgePolicy } from "./judge.ts";

export function forMessage(
  { policy = {}, isLastTry }: Pick<InspectDeps, "policy" | "isLastTry">,
  header: Header,
  envelope: Transaction,
): JudgePolicy {
  const known = withGatewayResult(policy, header, envelope);
  return isLastTry?.(envelope) === true ? { ...known, lastTry: true } : known;
}
