/** The stub resolver when packets are lost, servers fail, callers stop waiting or too much is asked. Counts are asserted, not times. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { Asked, Reply } from "../../test/dns-server.ts";
import { a, against, answering, closedPort, found, pause, resolver, serverThat, turn } from "../../test/resolver-under-test.ts";
import { limits } from "../base/limits.ts";

test("a lost packet is sent again, with another id and port", async () => {
  const { query, server } = await against(
    (asked) => {
      if (server.asked.length > 1) asked.reply({ answers: [a(asked.name)] });
    },
    { timeoutMs: 300 },
  );
  assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"]));
  const [first, second] = server.asked;
  assert.equal(server.asked.length, 2);
  assert.notEqual(first?.id, second?.id);
  assert.notEqual(first?.clientPort, second?.clientPort);
});

test("an answer to the first packet still counts after the second was sent", async () => {
  let first: Asked | null = null;
  const { query, sent } = await against(
    (asked) => {
      if (first === null) first = asked;
      else first.reply({ answers: [a(first.name, "192.0.2.11")] });
    },
    { timeoutMs: 300 },
  );
  assert.deepEqual(await query("x.example", "A"), found(["192.0.2.11"]));
  assert.equal(sent.length, 2);
});

test("an answer that arrived while we were busy wins against the timer", async () => {
  const { query, sent } = await against((asked) => asked.reply({ answers: [a(asked.name)] }), { timeoutMs: 300, attempts: 1 });
  const answer = query("x.example", "A");
  // The server of this test runs in this process too: it is let through once, then everything stands still.
  while (sent.length === 0) await turn();
  await turn();
  const until = performance.now() + 400;
  while (performance.now() < until);
  assert.equal((await answer).status, "found");
});

test("each server in its turn; the first answer ends the question", async () => {
  const silent = await serverThat(() => undefined);
  const good = await serverThat((asked) => asked.reply({ answers: [a(asked.name)] }));
  const { query, sent } = resolver([silent.address, good.address], { timeoutMs: 300 });
  assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"]));
  assert.deepEqual(
    sent.map(({ server }) => server),
    [silent.address, good.address],
  );
});

for (const [rcode, status] of [
  [2, "servfail"],
  [5, "refused"],
  [9, "servfail"],
] as const) {
  test(`RCODE ${rcode}: the next server at once, and no server twice; from all, ${status}`, async () => {
    const bad = await serverThat(answering({ rcode }));
    const good = await serverThat((asked) => asked.reply({ answers: [a(asked.name)] }));
    const both = resolver([bad.address, good.address], { timeoutMs: 4000 });
    assert.deepEqual(await both.query("x.example", "A"), found(["192.0.2.1"]));
    assert.equal(both.sent.length, 2);
    const alone = resolver([bad.address], { timeoutMs: 4000, attempts: 5 });
    assert.deepEqual(await alone.query("x.example", "A"), { status });
    assert.equal(alone.sent.length, 1);
  });
}

test("a server that cannot be reached is passed over at once and tried last for a while", async () => {
  const dead = await closedPort();
  const good = await serverThat((asked) => asked.reply({ answers: [a(asked.name)] }));
  const { query, sent } = resolver([dead, good.address], { timeoutMs: 4000 });
  await query("x.example", "A");
  await query("y.example", "A");
  assert.deepEqual(
    sent.map(({ server }) => server),
    [dead, good.address, good.address],
  );
});

test("no server can be reached: timeout, at once", async () => {
  const { query, sent } = resolver([await closedPort(), await closedPort()], { timeoutMs: 4000, attempts: 5 });
  assert.deepEqual(await query("x.example", "A"), { status: "timeout" });
  assert.equal(sent.length, 2);
});

for (const [what, refusal] of [
  ["FORMERR", { rcode: 1 }],
  ["FORMERR without the question", { rcode: 1, questions: [] }],
  ["NOTIMP", { rcode: 4 }],
  [
    "BADVERS",
    {
      additionals: [
        { type: "OPT", name: ".", udpPayloadSize: 512, extendedRcode: 1, ednsVersion: 0, flags: 0, flag_do: false, options: [] },
      ],
    },
  ],
] as const) {
  test(`RFC 6891 §7: ${what} to EDNS: asked again without, and from then on without`, async () => {
    const { query, server } = await against((asked) => {
      // The table's arrays are read-only; the server's are not.
      asked.reply(asked.edns ? (structuredClone(refusal) as Reply) : { answers: [a(asked.name)] });
    });
    assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"]));
    assert.deepEqual(await query("y.example", "A"), found(["192.0.2.1"]));
    assert.deepEqual(
      server.asked.map(({ edns }) => edns),
      [true, false, false],
    );
  });
}

test("a server that never understands is a failure, not a loop", async () => {
  const { query, sent } = await against(answering({ rcode: 1 }));
  assert.deepEqual(await query("x.example", "A"), { status: "servfail" });
  assert.equal(sent.length, 2);
});

test("RFC 2308 §2.2: a referral is no answer", async () => {
  const { query } = await against(
    answering({ recursion: false, authorities: [{ type: "NS", name: "example", ttl: 60, data: "ns.example" }] }),
  );
  assert.deepEqual(await query("x.example", "A"), { status: "servfail" });
});

// Waiting, giving up, ending.

test("whoever stops waiting gets `withheld`; the others get the answer", async () => {
  const { query, sent } = await against((asked) => setTimeout(() => asked.reply({ answers: [a(asked.name)] }), 50));
  const control = new AbortController();
  const left = query("x.example", "A", { signal: control.signal });
  const stayed = query("x.example", "A");
  control.abort();
  assert.deepEqual(await left, { status: "timeout", withheld: "deadline" });
  assert.deepEqual(await stayed, found(["192.0.2.1"]));
  assert.equal(sent.length, 1);
});

test("when nobody waits any more, the question is given up and not kept", async () => {
  let answerNow = false;
  const { query, sent } = await against((asked) => {
    if (answerNow) asked.reply({ answers: [a(asked.name)] });
  });
  const control = new AbortController();
  const left = query("x.example", "A", { signal: control.signal });
  while (sent.length === 0) await turn();
  control.abort();
  assert.deepEqual(await left, { status: "timeout", withheld: "deadline" });
  answerNow = true;
  assert.deepEqual(await query("x.example", "A"), found(["192.0.2.1"]));
  assert.equal(sent.length, 2);
  assert.deepEqual(await query("y.example", "A", { signal: AbortSignal.abort() }), { status: "timeout", withheld: "deadline" });
  assert.equal(sent.length, 2);
});

test("close ends every question; afterwards nothing is asked", async () => {
  const { query, sent, close } = await against(() => undefined);
  const waiting = [query("x.example", "A"), query("y.example", "A")];
  while (sent.length < 2) await turn();
  close();
  const ended = { status: "timeout", withheld: "deadline" };
  assert.deepEqual(await Promise.all(waiting), [ended, ended]);
  assert.deepEqual(await query("z.example", "A"), ended);
  assert.equal(sent.length, 2);
});

test(`no more than ${limits.dnsInFlightMax} questions are under way; the rest wait and are answered too`, async () => {
  const held: Asked[] = [];
  let holding = true;
  const { query, sent } = await against((asked) => (holding ? held.push(asked) : asked.reply({ answers: [a(asked.name)] })), {
    attempts: 1,
    timeoutMs: 5000,
  });
  const total = limits.dnsInFlightMax + 100;
  const answers = Array.from({ length: total }, (_, i) => query(`n${i}.example`, "A"));
  while (held.length < limits.dnsInFlightMax) await pause(5);
  await pause(50);
  assert.equal(sent.length, limits.dnsInFlightMax);
  holding = false;
  for (const asked of held) asked.reply({ answers: [a(asked.name)] });
  const statuses = (await Promise.all(answers)).map((answer) => answer.status);
  assert.deepEqual(new Set(statuses), new Set(["found"]));
  assert.equal(sent.length, total);
});

test("an idle resolver does not keep the process alive", async () => {
  const server = await serverThat((asked) => asked.reply({ answers: [a(asked.name)] }));
  const here = fileURLToPath(new URL("./resolver.ts", import.meta.url));
  const script = `import { dnsResolver } from ${JSON.stringify(here)};
    const answer = await dnsResolver({ servers: [${JSON.stringify(server.address)}] }).query("x.example", "A");
    console.log(answer.status);`;
  // Exit status 13 would mean that the process ended before the answer; a process that stays is killed.
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { timeout: 20_000 });
  assert.equal(stdout, "found\n");
});
