/**
 * A crash while messages are being sent, and what must be true afterwards: what each client was told is what happened, and all is well again.
 */
import assert from "node:assert/strict";
import { type Load, type Sent, sendLoad } from "./load.ts";
import { valuesOf } from "./maildir.ts";
import { clients, letter, unique } from "./zone.ts";

export const to = "bob@inbound.test";
export const xclient = `ADDR=${clients.good}`;

/** Messages that pass, as many as it takes: `before` of them, then what the crash takes, then `before` again. */
export async function throughCrash(port: number, { before: some, crash, message }: CrashTest): Promise<readonly Sent[]> {
  let last = Number.POSITIVE_INFINITY;
  let done = 0;
  let isCrashed = false;
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  const sent = await sendLoad({
    port,
    connections: 8,
    xclient,
    more: (begun) => begun < last,
    message,
    onSent: (count) => {
      done = count;
      if (count < some || isCrashed) return;
      isCrashed = true;
      crash().then(
        () => {
          last = done + some;
          resolve();
        },
        (error: unknown) => {
          last = 0;
          reject(error);
        },
      );
    },
  });
  await over;
  return sent;
}

export type CrashTest = {
  readonly before: number;
  /** Kills, waits, starts again. */
  readonly crash: () => Promise<void>;
  readonly message: Load["message"];
};

export const passing: Load["message"] = () => {
  const id = unique("load");
  return { id, from: "ada@good.example", to, text: letter({ id }) };
};

/** What the clients were told is what happened. */
export function assertAsTold(sent: readonly Sent[], delivered: readonly Buffer[]): void {
  const times = new Map<string, number>();
  for (const one of delivered) {
    const id = (valuesOf(one, "X-Test-Id")[0] ?? "").trim();
    times.set(id, (times.get(id) ?? 0) + 1);
  }
  for (const { id, told, reply } of sent) {
    const found = times.get(id) ?? 0;
    if (told === "accepted") assert.equal(found, 1, `${id} was accepted (${reply}) and is there ${found} times`);
    else if (told === "refused") assert.equal(found, 0, `${id} was refused (${reply}) and is there ${found} times`);
    else assert.ok(found <= 1, `${id} is there ${found} times`);
  }
}

/** Nobody is refused for good because of a crash of ours; and afterwards all is well again. */
export function assertResumed(sent: readonly Sent[]): void {
  for (const { told, reply } of sent) if (told === "refused") assert.match(reply, /^4\d\d|^no connection$|^connection lost$/);
  assert.ok(
    sent.some(({ told }) => told !== "accepted"),
    "the crash was not felt: the test shows nothing",
  );
  const later = sent.toSorted((a, b) => a.at - b.at).slice(-30);
  assert.deepEqual(new Set(later.map(({ told, reply }) => (told === "accepted" ? told : reply))), new Set(["accepted"]));
}
