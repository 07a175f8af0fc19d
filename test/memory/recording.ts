/**
 * What a killed process was about to record: events that follow from a run's number and their place alone, so that whoever looks at
 * the store afterwards can say which of them it must hold. Each run records under a tenant of its own, in the same store.
 */
import { dayOf, decayOfNewStores } from "../../src/memory/decay.ts";
import type { Memory } from "../../src/memory/memory.ts";
import type { HistoryQuestion, Lesson, Token } from "../../src/verdict/history.ts";

const { epochDay, halfLifeDays } = decayOfNewStores;
/** Whole half-lives after the store's epoch, so that an event weighs a power of two and sums are exact; and so late that nothing is pruned. */
const halfLives = Math.floor((dayOf(Date.now()) - epochDay) / halfLifeDays);
export const day: number = epochDay + halfLives * halfLifeDays;
export const weight: number = 2 ** halfLives;

/** Repeatable numbers in [0, 1) (xorshift32). */
export function seeded(seed: number): () => number {
  let state = (Math.imul(seed, 0x9e3779b1) ^ 0x5bd1e995) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state / 2 ** 32;
  };
}

export function tenantOf(run: number): string {
  return `run${run}`;
}

const organizations = 7;
const shared: Token = { kind: "prefix", value: "192.0.2.0/24" };
const list: Token = { kind: "spf", value: "lists.example" };

/** Of five events three are lessons, one is mail of ours, one the operator's word. */
export function isLesson(event: number): boolean {
  return event % 5 < 3;
}

export function isSent(event: number): boolean {
  return event % 5 === 3;
}

export function recordEvent(memory: Memory, run: number, event: number): void {
  const tenant = tenantOf(run);
  const organization = organizationOf(event);
  if (isLesson(event)) memory.record(lessonOf(run, event));
  else if (isSent(event)) {
    const recipients = [`x@${organization}`, "y@lists.example"];
    memory.recordSent({ tenant, day, sender: "ada@fabrikam.com", messageId: `${event}@fabrikam.com`, recipients });
  } else memory.recordWord({ tenant, day, organization, token: shared, word: event % 2 === 0 ? "confirmed" : "complaint" });
}

function organizationOf(event: number): string {
  return `sender${event % organizations}.example`;
}

function lessonOf(run: number, event: number): Lesson {
  const organization = organizationOf(event);
  const kind = (["authenticated", "unauthenticated", "seen"] as const)[event % 3] ?? "seen";
  const isCarried = event % 4 === 0;
  return {
    ...{ tenant: tenantOf(run), day, organization, kind, signed: event % 2 === 0, failed: kind === "seen", answered: event % 11 === 0 },
    ...{
      tokens: [{ kind: "dkim", value: organization }, shared],
      carriers: isCarried ? [list] : [],
      carrier: isCarried ? list.value : null,
    },
    recipients: ["ada@fabrikam.com", `user${event % 9}@fabrikam.com`],
  };
}

/** All that the store can be asked about a run. `event`: one whose mail of ours an answer and a bounce name. */
export function questionsOf(run: number, event: number): readonly HistoryQuestion[] {
  return Array.from({ length: organizations }, (_, i) => ({
    ...{ tenant: tenantOf(run), day, organization: organizationOf(i), carrier: list.value },
    tokens: [{ kind: "dkim", value: organizationOf(i) } as const, shared, list],
    ...{
      recipients: ["ada@fabrikam.com", `user${i}@fabrikam.com`],
      returned: `${event}@fabrikam.com`,
      references: [`${event}@fabrikam.com`],
    },
  }));
}
