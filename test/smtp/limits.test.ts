/** Slow, silent, flooding and half-open clients and next hops: each is ended or bounded, and nobody else notices. */
import assert from "node:assert/strict";
import net from "node:net";
import { afterEach, test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { limits } from "../../src/base/limits.ts";
import { letter, openProxy, send } from "./proxy.ts";
import { usualFeatures } from "./sink.ts";
import { Speaker } from "./speaker.ts";

const usual = { ...limits };

/** Times that a test can wait for. */
function set(changed: Partial<Record<keyof typeof limits, number>>): void {
  Object.assign(limits, changed);
}

afterEach(() => set(usual));

function placeOf(place: string): { readonly port: number } {
  return { port: Number(/[0-9]+$/.exec(place)?.[0]) };
}

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** What is in use: garbage is collected first. */
function heldBytes(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

test("connectionsMax: one more is told 421 4.3.2 and ended; when one goes, the next is served", async (t) => {
  const { speak, door, events } = await openProxy(t, { door: { connectionsMax: 2 } });
  const [first] = [await speak(), await speak()];
  await pause(50);
  const third = await speak();
  assert.equal((await third.reply()).code, 421);
  assert.ok(await third.closed());
  assert.equal(door.connections, 2);
  first?.end();
  while (door.connections > 1) await pause(10);
  assert.equal((await (await speak()).reply()).code, 220);
  assert.deepEqual(events, ["opened", "opened", "refused", "closed", "opened"]);
});

test("a crowd that does not read its 421 is bounded too", async (t) => {
  set({ proxyRefusedMs: 200 });
  const { speak, door } = await openProxy(t, { door: { connectionsMax: 4 } });
  const crowd = await Promise.all(Array.from({ length: 60 }, () => speak().catch(() => null)));
  await pause(600);
  assert.equal(door.connections, 4);
  assert.ok(crowd.filter((each) => each?.isClosed === true).length >= 56);
});

test("RFC 5321 §4.2: a client with all the connections it may have is told 421 4.7.0 in the place of a greeting; others are served", async (t) => {
  const { speak, door, events } = await openProxy(t, { habits: { xclient_from: [], connections_per_client: 2 } });
  const [first, second] = [await speak(), await speak()];
  for (const each of [first, second]) assert.equal((await each.reply()).code, 220);
  const third = await speak();
  assert.deepEqual(await third.reply(), { code: 421, text: "4.7.0 mx.us.example Too many connections from your address" });
  assert.ok(await third.closed());
  assert.equal((await (await speak({ localAddress: "127.0.0.2" })).reply()).code, 220);
  first.end();
  while (door.connections > 2) await pause(10);
  assert.equal((await (await speak()).reply()).code, 220);
  assert.deepEqual(events, ["opened", "opened", "refused", "opened", "closed", "opened"]);
});

for (const [who, habits, ours] of [
  ["who may speak for others", { xclient_from: ["127.0.0.1"], connections_per_client: 1 }, []],
  ["a relay of ours", { xclient_from: [], connections_per_client: 1 }, ["192.0.2.0/24", "127.0.0.0/29"]],
  ["no limit", { xclient_from: [], connections_per_client: 0 }, []],
] as const)
  test(`connections_per_client: ${who} may have any number`, async (t) => {
    const { speak, events } = await openProxy(t, {
      habits: { ...habits, xclient_from: [...habits.xclient_from] },
      door: { ours: () => ours },
    });
    const all = await Promise.all(Array.from({ length: 8 }, () => speak()));
    for (const each of all) assert.equal((await each.reply()).code, 220);
    assert.ok(!events.includes("refused"));
  });

test("attack: one address that is refused again and again, and does not leave, takes nobody else's room", async (t) => {
  set({ proxyRefusedMs: 60_000 });
  const { speak, door } = await openProxy(t, { habits: { xclient_from: [], connections_per_client: 2 }, door: { connectionsMax: 4 } });
  const { port } = placeOf(door.place);
  for (let i = 0; i < 40; i++) {
    // It leaves its own side open.
    const socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true }).on("error", () => {});
    t.after(() => socket.destroy());
    await new Promise((resolve) =>
      socket
        .once(i < 2 ? "connect" : "end", resolve)
        .once("close", resolve)
        .resume(),
    );
  }
  assert.equal(door.connections, 2);
  for (const localAddress of ["127.0.0.2", "127.0.0.3"]) assert.equal((await (await speak({ localAddress })).reply()).code, 220);
});

test("RFC 5321 §4.5.3.2.7: a silent client is told 421 4.4.2 and ended", async (t) => {
  set({ proxyCommandMs: 200 });
  const { speak, door } = await openProxy(t);
  const client = await speak();
  assert.equal((await client.reply()).code, 220);
  assert.equal((await client.reply()).code, 421);
  assert.ok(await client.closed());
  while (door.connections > 0) await pause(10);
});

test("RFC 5321 §3.8: what a client says after its 421 is not done, whatever it leaves open", async (t) => {
  set({ proxyCommandMs: 200 });
  const { door, sink } = await openProxy(t);
  const { port } = placeOf(door.place);
  const socket = net.connect({ host: "127.0.0.1", port, allowHalfOpen: true }).on("error", () => {});
  t.after(() => socket.destroy());
  let said = "";
  socket.on("data", (chunk) => {
    said += chunk.toString("latin1");
  });
  await new Promise((resolve) => socket.once("end", resolve));
  assert.match(said, /\r\n421 4\.4\.2 [^\r]*\r\n$/);
  const before = sink.commands.length;
  socket.write(`EHLO client.example\r\nMAIL FROM:<a@good.example>\r\nRCPT TO:<b@us.example>\r\nDATA\r\n${letter}.\r\n`);
  while (door.connections > 0) await pause(10);
  assert.deepEqual([sink.commands.length, sink.letters.length], [before, 0]);
});

test("slow: octets that drip in do not push the end of a command back", async (t) => {
  set({ proxyCommandMs: 400 });
  const { greeted } = await openProxy(t);
  const client = await greeted();
  const began = Date.now();
  const drip = setInterval(() => client.write("N"), 50);
  assert.equal((await client.reply()).code, 421);
  clearInterval(drip);
  assert.ok(Date.now() - began < 2000);
});

test("slow: nearly all connections taken, the patience is short", async (t) => {
  set({ proxyCrowdedCommandMs: 150 });
  const { speak } = await openProxy(t, { door: { connectionsMax: 2 } });
  const [first, second] = [await speak(), await speak()];
  for (const each of [first, second]) await each?.reply();
  assert.match((await second?.line("NOOP")) ?? "", /^250/);
  assert.equal((await second?.reply())?.code, 421);
});

test("RFC 5321 §4.5.3.2.5: a message that stops coming is given up: 421, nothing delivered", async (t) => {
  set({ proxyBlockMs: 200 });
  const { greeted, sink, told } = await openProxy(t);
  const client = await greeted();
  for (const line of ["MAIL FROM:<a@good.example>", "RCPT TO:<b@us.example>", "DATA"]) await client.say(line);
  client.write(letter);
  assert.equal((await client.reply()).code, 421);
  assert.ok(await client.closed());
  assert.deepEqual([sink.letters.length, told.gone], [0, 1]);
});

test("slow: a message that never ends has an hour, whatever drips in", async (t) => {
  set({ proxyMessageMs: 400 });
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  for (const line of ["MAIL FROM:<a@good.example>", "RCPT TO:<b@us.example>", "DATA"]) await client.say(line);
  const drip = setInterval(() => client.write("x"), 30);
  assert.equal((await client.reply()).code, 421);
  clearInterval(drip);
  assert.equal(sink.letters.length, 0);
});

test("flooding: a message beyond SIZE is thrown away up to a limit, then the connection is cut", async (t) => {
  set({ proxyDiscardBytesMax: 1_000_000 });
  const { greeted, door } = await openProxy(t, { habits: { message_bytes_max: 65_536 } });
  const client = await greeted();
  for (const line of ["MAIL FROM:<a@good.example>", "RCPT TO:<b@us.example>", "DATA"]) await client.say(line);
  const block = Buffer.alloc(65_536, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n");
  for (let i = 0; i < 400 && !client.isClosed; i++) {
    client.write(block);
    await pause(1);
  }
  assert.ok(await client.closed());
  while (door.connections > 0) await pause(10);
});

test("flooding: a command line without an end is refused at its limit", async (t) => {
  const { greeted } = await openProxy(t);
  for (const [bytes, code] of [
    [limits.proxyCommandBytesMax, 500],
    [limits.proxyCommandBytesMax + 2, 421],
  ] as const) {
    const client = await greeted();
    client.write(`${"X".repeat(bytes - 1)}\r\n`);
    assert.equal((await client.reply()).code, code);
  }
  const client = await greeted();
  client.write("X".repeat(100_000));
  assert.equal((await client.reply()).code, 421);
  assert.ok(await client.closed());
});

test("flooding: commands that are none, and commands that lead to nothing, have an end", async (t) => {
  const { greeted } = await openProxy(t);
  for (const [line, most] of [
    ["XYZZY", limits.proxyErrorsMax],
    ["NOOP", limits.proxyIdleCommandsMax],
    ["RSET", limits.proxyIdleCommandsMax],
  ] as const) {
    const client = await greeted();
    client.write(`${line}\r\n`.repeat(most + 5));
    let answers = 0;
    let code = 0;
    for (let reply = await client.reply(); reply.code > 0; reply = await client.reply()) {
      answers++;
      code = reply.code;
    }
    assert.equal(code, 421, line);
    assert.ok(answers <= most + 1, `${line}: ${answers}`);
  }
});

test("a header longer than is looked at: 552 5.3.4, the next hop has nothing, and the session goes on", async (t) => {
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  const field = `X-A: ${"x".repeat(900)}\r\n`;
  const fields = field.repeat(Math.ceil(limits.headerBytesMax / field.length));
  const forged = "Authentication-Results: mx.us.example; dmarc=pass\r\n";
  assert.equal(await send(client, `${fields}${forged}\r\nbody\r\n`), "552 5.3.4 Message header exceeds the size limit");
  assert.deepEqual([sink.letters.length, sink.commands.includes("DATA")], [0, false]);
  assert.match(await send(client), /^250 /);
});

test("RFC 5321 §4.5.3.1.10: recipients beyond the limit are 452 4.5.3, those before are served", async (t) => {
  set({ proxyRecipientsMax: 3 });
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  await client.say("MAIL FROM:<a@good.example>");
  for (let i = 0; i < 3; i++) assert.match(await client.line(`RCPT TO:<r${i}@us.example>`), /^250 /);
  assert.equal(await client.line("RCPT TO:<r3@us.example>"), "452 4.5.3 Too many recipients");
  await client.say("DATA");
  client.write(letter);
  assert.match(await client.line("."), /^250 /);
  assert.equal(sink.letters[0]?.rcpt.length, 3);
});

for (const [about, features, rcpt, code] of [
  ["beyond the limit", usualFeatures, "b@us.example", 452],
  ["that nobody need be asked about", usualFeatures.filter((each) => each !== "SMTPUTF8"), "bé@us.example", 553],
] as const)
  test(`flooding: recipients ${about} have an end: 421`, async (t) => {
    set({ proxyRecipientsMax: 20 });
    const { greeted, sink } = await openProxy(t, { sink: { features } });
    const client = await greeted();
    await client.say("MAIL FROM:<a@good.example>");
    const codes: number[] = [];
    client.write(`RCPT TO:<${rcpt}>\r\n`.repeat(60));
    for (let reply = await client.reply(); reply.code > 0; reply = await client.reply()) codes.push(reply.code);
    assert.deepEqual([codes.length, codes[39], codes[40]], [41, code, 421]);
    assert.ok(sink.commands.filter((line) => line.startsWith("RCPT")).length <= 20);
    assert.ok(await client.closed());
  });

test("flooding: recipients of a message that are long take room for fewer: 452 4.5.3, those before are served", async (t) => {
  const long = (i: number): string => `RCPT TO:<r${i}@us.example>${" ".repeat(900)}`;
  set({ proxyRecipientBytesMax: 3 * long(0).length });
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  await client.say("MAIL FROM:<a@good.example>");
  for (let i = 0; i < 3; i++) assert.match(await client.line(long(i)), /^250 /);
  assert.equal(await client.line("RCPT TO:<r3@us.example>"), "452 4.5.3 Too many recipients");
  await client.say("DATA");
  client.write(letter);
  assert.match(await client.line("."), /^250 /);
  assert.equal(sink.letters[0]?.rcpt.length, 3);
});

test("flooding: a client that never reads its answers is not read either, and is ended", async (t) => {
  set({ proxyCommandMs: 1000, proxyIdleCommandsMax: 10_000_000 });
  const { greeted, door } = await openProxy(t);
  const client = await greeted();
  client.socket.pause();
  const block = "VRFY x\r\n".repeat(8000);
  const before = heldBytes();
  const flood = (): void => {
    while (!client.isClosed && client.socket.write(block));
  };
  client.socket.on("drain", flood);
  flood();
  // All answers to what the door takes wait with it: it must have stopped by now.
  await pause(500);
  const grown = (heldBytes() - before) / 1e6;
  assert.ok(door.connections > 0 && grown < 16, `${door.connections} connections, ${grown} MB`);
  for (let i = 0; i < 1500 && door.connections > 0; i++) await pause(10);
  assert.equal(door.connections, 0);
  client.end();
});

test("early talker: an unlisted client that does not wait for the greeting is refused; a listed one is greeted at once", async (t) => {
  const { door } = await openProxy(t, { habits: { xclient_from: [] } });
  const client = await Speaker.to(door.place);
  t.after(() => client.end());
  client.write("EHLO eager.example\r\n");
  assert.equal((await client.reply()).code, 421);
  assert.ok(await client.closed());
});

test("half-open: a client whose connection is gone without a word is ended by time", async (t) => {
  set({ proxyCommandMs: 300 });
  const { greeted, sink, door } = await openProxy(t);
  const client = await greeted();
  await client.say("MAIL FROM:<a@good.example>");
  client.socket.pause();
  for (let i = 0; i < 900 && (door.connections > 0 || sink.connections() > 0); i++) await pause(10);
  assert.deepEqual([door.connections, sink.connections()], [0, 0]);
});

for (const stage of ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "end"] as const)
  test(`a next hop that says nothing at ${stage} is given up in time: 4yz`, async (t) => {
    set({ nextHopGreetingMs: 200, nextHopCommandMs: 200, nextHopEndMs: 200, nextHopProbeMs: 100 });
    let isSilent = false;
    const { greeted, sink } = await openProxy(t, {
      sink: { before: (each) => (isSilent && each === stage ? new Promise(() => {}) : null) },
    });
    const client = await greeted();
    isSilent = true;
    assert.match(await send(client), /^451 4\.4\./);
    assert.equal(sink.letters.length, 0);
  });

test("a next hop that does not read is given up in time, and memory holds", async (t) => {
  set({ nextHopBlockMs: 300 });
  const { greeted, sink } = await openProxy(t);
  sink.isDeaf = true;
  assert.match(await send(await greeted(), `${letter}${`${"x".repeat(70)}\r\n`.repeat(200_000)}`), /^451 4\.4\.2 /);
});

test("a fault of ours is 451 and told of; the connection and the others go on", async (t) => {
  let isBroken = true;
  const { greeted, faults, sink } = await openProxy(t, {
    says: {
      rcpt: () => {
        if (isBroken) throw new Error("a bug");
        return null;
      },
    },
  });
  const client = await greeted();
  assert.match(await send(client), /^451 4\.3\.0 /);
  isBroken = false;
  await client.say("RSET");
  assert.match(await send(client), /^250 /);
  assert.deepEqual([faults.length, sink.letters.length], [1, 1]);
});

test("a journey that fails at the end of DATA is 451, and the message stays with the client", async (t) => {
  const { greeted, faults, sink } = await openProxy(t, { says: { data: () => Promise.reject(new Error("a bug")) } });
  const client = await greeted();
  assert.match(await send(client), /^451 4\.3\.0 /);
  assert.deepEqual([faults.length, sink.letters.length], [1, 0]);
  assert.match(await client.line("NOOP"), /^250/);
});

test("a journey that decides without reading: refused, the rest is thrown away; accepted, it is delivered whole", async (t) => {
  let disposition: "refuse" | "accept" = "refuse";
  const reply = { code: 451, enhanced: "4.3.2", text: "busy" };
  const { greeted, sink } = await openProxy(t, {
    says: {
      blind: true,
      data: () =>
        disposition === "refuse"
          ? { kind: "refuse", reply, inspection: null }
          : { kind: "accept", headers: ["X-Assay-Fault: x"], removals: [], hold: null, inspection: null },
    },
  });
  const client = await greeted();
  const long = `${letter}${`${"x".repeat(70)}\r\n`.repeat(20_000)}`;
  assert.equal(await send(client, long), "451 4.3.2 busy");
  disposition = "accept";
  assert.match(await send(client, long), /^250 /);
  assert.equal(sink.letters[0]?.body.toString(), `X-Assay-Fault: x\r\n${long}`);
});
