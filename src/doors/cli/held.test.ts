import assert from "node:assert/strict";
import { test } from "node:test";
import { type HeldMail, type Ports, UsageError } from "./ports.ts";
import { run } from "./program.ts";

const now = Date.UTC(2026, 10, 22, 12);
const held = (queueId: string, minutes: number, more: Partial<HeldMail> = {}): HeldMail => {
  return { queueId, arrivedAt: now - minutes * 60_000, bytes: 4321, sender: "x@evil.example", recipients: ["bob@us.example"], ...more };
};

async function ran(args: readonly string[], queue: readonly HeldMail[], alarm?: { readonly messages: number; readonly ms: number }) {
  const texts = { out: "", err: "" };
  const released: string[] = [];
  const output = (to: "out" | "err") => ({
    write: async (text: string) => {
      texts[to] += text;
      return true;
    },
    isTerminal: false,
    colour: false,
  });
  const decision = {
    inspection: {
      transaction: { queueId: "4BBB" },
      from: { address: "ceo@us.example", domain: "us.example" },
      verdict: { compauth: "fail", reason: "601" },
    },
  };
  const journal = {
    read: async function* () {
      yield { unreadable: "broken" };
      yield decision;
    },
    close: async () => {},
  };
  const ports = {
    out: output("out"),
    err: output("err"),
    clock: () => now,
    loadSettings: async () => ({ memory: { kind: "sqlite", path: "x.db" }, holdAlarm: alarm }),
    openJournal: async () => journal,
    openHeld: () => ({
      list: async () => queue,
      release: async (ids: readonly string[]) => {
        if (queue.length === 0) throw new UsageError("postsuper: no");
        released.push(...ids);
        return ids.length;
      },
    }),
  } as unknown as Ports; // the commands under test use no other port
  return { status: await run(["held", ...args], ports), ...texts, released };
}

test("held list: who, to whom, how long, and why where the journal knows", async () => {
  const { status, out } = await ran(
    ["list", "--config", "a.toml"],
    [held("4AAA", 10), held("4BBB", 180, { recipients: ["a@us.example", "b@us.example"] })],
  );
  assert.equal(status, 0);
  assert.match(
    out,
    /^4AAA +10 min +4321 B {2}<x@evil\.example> → bob@us\.example\n4BBB +3 h +4321 B .* → a@us\.example and 1 more\n +fail 601 {2}ceo@us\.example\n$/,
  );
});

test("held list: nothing, and as JSON", async () => {
  assert.equal((await ran(["list"], [])).out, "Nothing is held.\n");
  const { out } = await ran(["list", "--json", "--config", "a.toml"], [held("4BBB", 1)]);
  assert.equal(JSON.parse(out).why, "fail 601  ceo@us.example");
});

test("held list: the alarm by number and by age, at the bound and past it", async () => {
  const two = [held("4AAA", 60), held("4BBB", 30)];
  assert.equal((await ran(["list", "--config", "a.toml"], two, { messages: 2, ms: 3_600_000 })).status, 0);
  const many = await ran(["list", "--config", "a.toml"], two, { messages: 1, ms: 3_600_000 });
  assert.equal(many.status, 1);
  assert.match(many.err, /2 messages are held, more than 1: release them/);
  const old = await ran(["list", "--config", "a.toml"], two, { messages: 2, ms: 3_599_999 });
  assert.equal(old.status, 1);
  assert.match(old.err, /the oldest waits for 60 min/);
});

test("held release: those named, or all; not both, not neither, and no option of postsuper", async () => {
  assert.deepEqual((await ran(["release", "4AAA"], [held("4AAA", 1)])).released, ["4AAA"]);
  assert.deepEqual((await ran(["release", "--all"], [held("4AAA", 1), held("4BBB", 2)])).released, ["4AAA", "4BBB"]);
  for (const args of [["release"], ["release", "4AAA", "--all"], ["release", "ALL"], ["release", "4A;rm"]]) {
    const { status, released } = await ran(args, [held("4AAA", 1)]);
    assert.deepEqual([args, status, released], [args, 2, []]);
  }
});

test("attack: more mail is held than a call has room for arguments; it is listed, and the alarm is raised", async () => {
  const queue = Array.from({ length: 150_000 }, () => held("4BBB", 10));
  const { status, err } = await ran(["list", "--config", "a.toml", "--json"], queue, { messages: 100, ms: 3_600_000 });
  assert.equal(status, 1);
  assert.match(err, /150000 messages are held, more than 100/);
});
