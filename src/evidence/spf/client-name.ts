/**
 * The validated names of the client (RFC 7208 §5.5), for the ptr mechanism and the %{p} macro: names of its PTR records whose
 * addresses include the client. Only the first ten names count (§4.6.4), and only those that can matter are asked for.
 */
import { limits } from "../../base/limits.ts";
import { isAtOrBelow } from "../../mail/domain.ts";
import { reverseName } from "../../mail/ip-address.ts";
import { countVoid, type ErrorReason, type Evaluation, queryAddresses, troubleOf } from "./evaluation.ts";
import { hasClient } from "./mechanisms.ts";
import { targetName } from "./target-name.ts";

/** RFC 7208 §5.5: does a validated name equal the target or stand below it? */
export async function matchPtr(evaluation: Evaluation, target: string): Promise<boolean | ErrorReason> {
  const pointers = await pointersOf(evaluation);
  // §5.5: an error of the PTR question is no match. DEVIATION: what we withheld ourselves is a temporary error.
  if (typeof pointers === "string") return pointers === "dns" ? false : pointers;
  if (pointers === null) return countVoid(evaluation);
  const wanted = target.toLowerCase();
  const validated = await validate(
    evaluation,
    pointers.filter((name) => isAtOrBelow(name, wanted)),
  );
  return typeof validated === "string" ? validated : validated.length > 0;
}

/** RFC 7208 §7.3, %{p}: the domain itself if validated, else a name below it, else any; "unknown" without one or on an error. */
export async function clientName(evaluation: Evaluation, domain: string): Promise<string> {
  const pointers = await pointersOf(evaluation);
  if (pointers === null || typeof pointers === "string") return "unknown";
  const wanted = domain.toLowerCase();
  const inside = pointers.filter((name) => isAtOrBelow(name, wanted)).sort((a, b) => Number(b === wanted) - Number(a === wanted));
  const outside = pointers.filter((name) => !inside.includes(name));
  for (const names of [inside, outside]) {
    const validated = await validate(evaluation, names);
    if (typeof validated !== "string" && validated[0] !== undefined) return validated[0];
  }
  return "unknown";
}

/** The names to look at, in lower case, each once; null where the client has no PTR record. */
async function pointersOf(evaluation: Evaluation): Promise<readonly string[] | null | ErrorReason> {
  const answer = await evaluation.dns.query(reverseName(evaluation.client), "PTR");
  if (answer.status !== "found") return troubleOf(answer);
  const names = answer.records.map((name) => targetName(name.toLowerCase())).filter((name) => name !== null);
  // RFC 7208 §4.6.4: all names but the first ten are ignored. Among those the order of the answer decides nothing.
  return [...new Set(names)].slice(0, limits.spfPtrNamesMax).sort();
}

/** RFC 7208 §5.5: names whose address question fails are skipped, unless it was our own limit that held the question back. */
async function validate(evaluation: Evaluation, names: readonly string[]): Promise<readonly string[] | ErrorReason> {
  const answers = await Promise.all(names.map((name) => queryAddresses(evaluation, name)));
  const validated = names.filter((_, index) => {
    const answer = answers[index];
    return answer?.status === "found" && hasClient(evaluation, answer.records, null);
  });
  if (validated.length > 0) return validated;
  const withheld = answers
    .map((answer) => (answer.status === "found" ? null : troubleOf(answer)))
    .find((reason) => reason !== null && reason !== "dns");
  return withheld ?? [];
}
