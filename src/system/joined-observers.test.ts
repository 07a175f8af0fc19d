/** Several observers as one: each is told, whatever another one does. */
import assert from "node:assert/strict";
import test from "node:test";
import type { Observer } from "../gateway/dialogue/journey.ts";
import { joinObservers } from "./joined-observers.ts";

const client = { listener: "inbound", ip: null, helo: null, tls: null, authenticatedAs: null } as const;
const answered = { stage: "rcpt", client, mailFrom: null, recipient: null, reply: null, ms: 1 } as const;

test("an observer that throws stops neither the mail nor the other observers", () => {
  const bug = new Error("a bug");
  const broken: Observer = {
    onAnswer: () => {
      throw bug;
    },
    onDecision: () => {
      throw bug;
    },
    onFault: () => {
      throw bug;
    },
  };
  const seen: unknown[] = [];
  const sound: Observer = { onAnswer: (one) => seen.push(one), onDecision: (one) => seen.push(one), onFault: (one) => seen.push(one) };
  const troubles: unknown[] = [];
  const joined = joinObservers([broken, sound, broken], (error) => {
    troubles.push(error);
    throw error;
  });
  joined.onAnswer(answered);
  joined.onFault("what", { stage: "data", queueId: null });
  assert.deepEqual(seen, [answered, "what"]);
  assert.deepEqual(troubles, [bug, bug, bug, bug]);
});
