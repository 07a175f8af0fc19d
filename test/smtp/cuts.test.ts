/** The connection cut at every stage, on both sides: the client is told 250 only of what the next hop has, and nothing is half delivered. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { letter, openProxy, send } from "./proxy.ts";
import type { Stage } from "./sink.ts";

const stages: readonly Stage[] = ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "message", "end"];

for (const stage of stages)
  test(`RFC 5321 §3.8: the next hop is cut at ${stage}: 4yz, the next hop has nothing, and the next try succeeds`, async (t) => {
    let isCut = false;
    const { speak, sink, faults } = await openProxy(t, { sink: { cut: (each) => (isCut && each === stage ? "silent" : null) } });
    const client = await speak();
    await client.reply();
    await client.say("EHLO client.example");
    isCut = true;
    assert.match(await send(client), /^4[0-9]{2} 4\./);
    assert.equal(sink.letters.length, 0);
    isCut = false;
    await client.say("RSET");
    assert.match(await send(client), /^250 /);
    assert.equal(sink.letters.length, 1);
    assert.ok(faults.every((fault) => fault instanceof Error && /next ?hop/i.test(fault.name + fault.message)));
  });

test("RFC 1047 §3: cut between taking the message and saying so: 4yz; a copy too many, never one too few", async (t) => {
  const { greeted, sink } = await openProxy(t, { sink: { answer: () => null, cut: () => null } });
  const client = await greeted();
  sink.script = { before: (stage) => (stage === "end" ? sink.close() : null) };
  assert.equal(await send(client), "451 4.4.2 The connection to the next mail server was lost, please try again later");
});

for (const stage of ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "end"] as const)
  test(`RFC 5321 §3.8: 421 at ${stage} is a temporary failure`, async (t) => {
    let isSaid = false;
    const { greeted, sink } = await openProxy(t, {
      sink: {
        answer: (each) => (isSaid && each === stage ? "421 4.3.2 Shutting down" : null),
        cut: (each) => (isSaid && each === stage ? "after" : null),
      },
    });
    const client = await greeted();
    isSaid = true;
    assert.match(await send(client), /^4[0-9]{2} 4\./);
    assert.equal(sink.letters.length, 0);
  });

for (const [stage, said] of [
  ["MAIL", "354 what"],
  ["RCPT", "354 what"],
  ["DATA", "250 2.0.0 taken"],
  ["end", "354 more"],
  ["MAIL", "hello"],
] as const)
  test(`RFC 5321 §4.2.1: "${said}" is no answer at ${stage}: temporary failure, and never 250`, async (t) => {
    const { greeted, sink } = await openProxy(t, { sink: { answer: (each) => (each === stage ? said : null) } });
    assert.match(await send(await greeted()), /^451 4\./);
    assert.equal(sink.letters.filter(() => stage !== "end").length, 0);
  });

test("250 before the end of the message was said is none", async (t) => {
  const { greeted } = await openProxy(t, {
    sink: { answer: (stage) => (stage === "DATA" ? "354 Go ahead\r\n250 2.0.0 Ok, whatever comes" : null) },
  });
  assert.match(await send(await greeted(), `${letter}${"x".repeat(70)}\r\n`.repeat(3000)), /^451 4\./);
});

test("the next hop refuses in the middle of the message: its own words", async (t) => {
  const { greeted } = await openProxy(t, {
    sink: { answer: (stage) => (stage === "DATA" ? "354 Go ahead\r\n552 5.2.2 Mailbox full" : null) },
  });
  assert.equal(await send(await greeted(), `${letter}${"x".repeat(70)}\r\n`.repeat(30_000)), "552 5.2.2 Mailbox full");
});

for (const stage of ["connect", "EHLO", "MAIL", "RCPT", "DATA", "header", "body", "dot"] as const)
  test(`the client goes away after ${stage}: nothing is delivered, and nothing stays open`, async (t) => {
    const { speak, sink, told, door } = await openProxy(t);
    const client = await speak();
    await client.reply();
    const lines = { EHLO: "EHLO client.example", MAIL: "MAIL FROM:<a@good.example>", RCPT: "RCPT TO:<b@us.example>", DATA: "DATA" };
    for (const [name, line] of stage === "connect" ? [] : Object.entries(lines)) {
      await client.say(line);
      if (name === stage) break;
    }
    if (stage === "header") client.write("From: a@good.exa");
    if (stage === "body") client.write(letter);
    if (stage === "dot") client.write(`${letter}.`);
    if (stage === "header" || stage === "body" || stage === "dot") await new Promise((resolve) => setTimeout(resolve, 50));
    client.end();
    for (let i = 0; i < 200 && (door.connections > 0 || sink.connections() > 0); i++)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.deepEqual([door.connections, sink.connections(), sink.letters.length], [0, 0, 0]);
    assert.equal(told.gone, ["header", "body", "dot"].includes(stage) || stage === "DATA" ? 1 : 0);
  });

test("the client goes away while its message is inspected: it is not delivered", async (t) => {
  let decide = (): void => {};
  const held = new Promise<void>((resolve) => {
    decide = resolve;
  });
  const accept = { kind: "accept", headers: [], removals: [], hold: null, inspection: null } as const;
  const { greeted, sink, told } = await openProxy(t, { says: { data: () => held.then(() => accept) } });
  const client = await greeted();
  for (const line of ["MAIL FROM:<a@good.example>", "RCPT TO:<b@us.example>", "DATA"]) await client.say(line);
  client.write(`${letter}.\r\n`);
  while (told.messages.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  client.end();
  await new Promise((resolve) => setTimeout(resolve, 100));
  decide();
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(sink.letters.length, 0);
});

test("the next hop lost patience while a slow client sent its message: it is asked again, and gets it", async (t) => {
  const { greeted, sink } = await openProxy(t, {
    sink: { cut: (stage, count) => (stage === "RCPT" && count === 0 && sink.opened() === 2 ? "after" : null) },
  });
  const client = await greeted();
  for (const line of ["MAIL FROM:<a@good.example>", "RCPT TO:<b@us.example>", "DATA"]) await client.say(line);
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.write(letter);
  assert.match(await client.line("."), /^250 /);
  assert.equal(sink.letters.length, 1);
  assert.deepEqual(sink.letters[0]?.rcpt, ["RCPT TO:<b@us.example>"]);
});

test("the next hop lost patience, and takes less when it is asked again: temporary", async (t) => {
  const refusing = {
    answer: (stage: Stage, line: string) => (stage === "MAIL" && line.includes("BODY=") ? "555 5.5.4 Unsupported" : null),
  };
  const { greeted, sink } = await openProxy(t, {
    sink: { cut: (stage, count) => (stage === "RCPT" && count === 0 && sink.opened() === 2 ? "after" : null) },
  });
  const client = await greeted();
  for (const line of ["MAIL FROM:<a@good.example> BODY=8BITMIME", "RCPT TO:<b@us.example>", "DATA"]) await client.say(line);
  sink.script = { ...refusing, features: ["SIZE 1000000"] };
  await new Promise((resolve) => setTimeout(resolve, 50));
  client.write(letter);
  assert.match(await client.line("."), /^451 4\.3\.5 /);
  assert.equal(sink.letters.length, 0);
});

test("RFC 5321 §4.1.4: DATA refused: the message that comes next is no nested one", async (t) => {
  const { greeted, sink } = await openProxy(t, {
    sink: { answer: (stage, _, count) => (stage === "DATA" && count === 0 ? "451 4.3.2 Not now" : null) },
  });
  const client = await greeted();
  assert.equal(await send(client), "451 4.3.2 Not now");
  assert.match(await send(client), /^250 /);
  assert.deepEqual(sink.commands.slice(sink.commands.indexOf("DATA") + 1).slice(0, 2), ["RSET", "MAIL FROM:<ada@good.example>"]);
});

for (const stage of ["greeting", "EHLO", "MAIL"] as const)
  test(`the client goes away while the next hop is silent at ${stage}: that connection does not stay open`, async (t) => {
    let isSilent = false;
    const { greeted, sink, faults } = await openProxy(t, {
      sink: { before: (each) => (isSilent && each === stage ? new Promise(() => {}) : null) },
    });
    const client = await greeted();
    while (sink.connections() > 0) await new Promise((resolve) => setTimeout(resolve, 10));
    isSilent = true;
    client.write("MAIL FROM:<a@good.example>\r\n");
    while (sink.connections() === 0) await new Promise((resolve) => setTimeout(resolve, 10));
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.end();
    for (let i = 0; i < 100 && sink.connections() > 0; i++) await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(sink.connections(), 0);
    assert.deepEqual(faults, []);
  });

test("the next hop is down: 451 4.4.1 at MAIL, told of once, and mail flows when it is back", async (t) => {
  const { greeted, sink, faults } = await openProxy(t);
  await sink.close();
  const client = await greeted();
  assert.equal(await client.line("MAIL FROM:<a@good.example>"), "451 4.4.1 The next mail server does not answer, please try again later");
  await client.line("MAIL FROM:<a@good.example>");
  assert.equal(faults.length, 1);
});
