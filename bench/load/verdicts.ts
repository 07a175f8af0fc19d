/** Whether each message was found what it is: from the fields that a filter put on it, or from Assay's log. */
import type { LoadMessage, Outcome } from "./mail.ts";
import type { Field } from "./milter-client.ts";

/** Null: as it must be. */
export function faultOf({ id, expected }: LoadMessage, found: Partial<Outcome>): string | null {
  const wrong = (["spf", "dkim", "dmarc"] as const).filter((method) => found[method] !== expected[method]);
  return wrong.length === 0 ? null : `${id}: ${wrong.map((method) => `${method}=${found[method]}, not ${expected[method]}`).join("; ")}`;
}

/** What the Authentication-Results of one or several filters say. Where two speak of SPF, the one that is asked is the later one. */
export function outcomeIn(fields: readonly Field[]): Partial<Outcome> {
  const values = fields.filter(([name]) => name.toLowerCase() === "authentication-results").map(([, value]) => value);
  const of = (method: string): string | undefined =>
    values.map((value) => new RegExp(`[;\\s]${method}=([a-z]+)`).exec(value)?.[1]).find((result) => result !== undefined);
  return Object.fromEntries(["spf", "dkim", "dmarc"].flatMap((method) => [[method, of(method)] as const]).filter(([, result]) => result));
}

/** Assay's decisions by Message-ID. */
export function decisionsIn(log: string): ReadonlyMap<string, readonly Partial<Outcome>[]> {
  const decisions = new Map<string, Partial<Outcome>[]>();
  for (const line of log.split("\n")) {
    if (!line.includes('"schema":"assay.decision/1"')) continue;
    const decision = JSON.parse(line) as Outcome & { readonly messageId: string }; // written by Assay's log in this form
    const all = decisions.get(decision.messageId);
    if (all === undefined) decisions.set(decision.messageId, [decision]);
    else all.push(decision);
  }
  return decisions;
}
