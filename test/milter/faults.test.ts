/** What goes wrong on a milter connection: messages given up, connections cut, garbage, too many, drained; at each stage. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { MilterProtocolError } from "../../src/doors/milter/session.ts";
import type { Disposition } from "../../src/gateway/dialogue/journey.ts";
import { accepted } from "../plain-dialogue.ts";
import { openedDoor, recordingService } from "./door.ts";
import { abort, body, client, content, eoh, eom, field, helo, Mta, mail, offers, optneg, rcpt, sent } from "./mta.ts";

const from = field("From", " <a@x.example>");
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

/** Waits until the door has seen what happened to its sockets. */
async function eventually(isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !isSo() && Date.now() < deadline; ) await settled();
}

/** What the server has sent when it stops; the second is the number of answers to it. */
const stages: readonly (readonly [stage: string, packets: readonly Buffer[], answers: number])[] = [
  ["the negotiation", [optneg(offers.postfix)], 1],
  ["the connection", [optneg(offers.postfix), client()], 1],
  ["HELO", [optneg(offers.postfix), client(), helo()], 1],
  ["MAIL", [optneg(offers.postfix), client(), helo(), mail("a@x.example")], 2],
  ["RCPT", [optneg(offers.postfix), client(), helo(), mail("a@x.example"), rcpt("b@us.example")], 3],
  ["a header field", [optneg(offers.postfix), client(), helo(), mail("a@x.example"), rcpt("b@us.example"), from], 3],
  ["the header", [optneg(offers.postfix), client(), helo(), mail("a@x.example"), rcpt("b@us.example"), from, eoh], 3],
  ["a piece of the body", [optneg(offers.postfix), client(), helo(), mail("a@x.example"), rcpt("b@us.example"), from, eoh, body("x")], 3],
  ["the end", [optneg(offers.postfix), client(), helo(), mail("a@x.example"), rcpt("b@us.example"), from, eoh, body("x"), eom], 4],
];

for (const [stage, packets, answers] of stages) {
  test(`a message given up after ${stage}: the connection goes on, and what flowed is known as broken off`, async (t) => {
    const { service, said } = recordingService();
    const { door, faults } = await openedDoor(t, service);
    const mta = await Mta.at(door.place);
    mta.write(...packets);
    for (let i = 0; i < answers; i += 1) await mta.next();
    await settled();
    mta.write(abort);
    if (answers === 1 && packets.length < 2) mta.write(client());
    assert.equal(await mta.ask(mail("next@x.example")), "c");
    assert.equal(await mta.ask(rcpt("b@us.example")), "c");
    assert.equal((await mta.verdict(content([["From", " <next@x.example>"]]))).at(-1)?.letter, "c");
    assert.equal(said.at(-1)?.message?.toString(), "From: <next@x.example>\r\n\r\nbody\r\n");
    const isBrokenOff = ["the header", "a piece of the body"].includes(stage);
    assert.equal(said.length > 1 && said[0]?.failure !== null, isBrokenOff);
    assert.deepEqual(faults, []);
  });

  test(`a connection cut after ${stage}: what flowed is known as broken off, and nothing is left`, async (t) => {
    const { service, said } = recordingService();
    const { door, faults, connections } = await openedDoor(t, service);
    const mta = await Mta.at(door.place);
    mta.write(...packets);
    for (let i = 0; i < answers; i += 1) await mta.next();
    await settled();
    mta.cut();
    await eventually(() => door.connections === 0);
    assert.equal(said.length > 0 && said[0]?.failure !== null, ["the header", "a piece of the body"].includes(stage));
    assert.deepEqual([door.connections, connections, faults], [0, ["opened", "closed"], []]);
  });
}

const patient = { negotiation: 60_000, message: 60_000, content: 60_000 };
const silences: readonly (readonly [who: string, silenceMs: typeof patient, packets: readonly Buffer[]])[] = [
  ["says nothing", { ...patient, negotiation: 40 }, []],
  ["stops within its first packet", { ...patient, negotiation: 40 }, [optneg(offers.postfix).subarray(0, 6)]],
  ["goes silent after the negotiation", { ...patient, message: 40 }, [optneg(offers.postfix)]],
  ["goes silent within a message", { ...patient, content: 40 }, [...(stages[7]?.[1] ?? [])]],
  [
    "goes silent within a packet of the body",
    { ...patient, content: 40 },
    [...(stages[6]?.[1] ?? []), body("x".repeat(100)).subarray(0, 50)],
  ],
];
for (const [who, silenceMs, packets] of silences)
  test(`attack: whoever ${who} is cut after a while, half-open or not, and nothing is left`, async (t) => {
    const { service, said } = recordingService();
    const { door, faults } = await openedDoor(t, service, { silenceMs });
    const mta = await Mta.at(door.place);
    mta.write(...packets);
    await mta.closed();
    await eventually(() => door.connections === 0);
    assert.deepEqual([door.connections, faults], [0, []]);
    // What flowed is known as broken off.
    if (said.length > 0) assert.notEqual(said[0]?.failure, null);
  });

const start = [optneg(offers.postfix), client(), helo()];
const envelope = [...start, mail("a@x.example"), rcpt("b@us.example")];
const outOfOrder: readonly (readonly [what: string, packets: readonly Buffer[]])[] = [
  ["a second negotiation", [...start, optneg(offers.postfix)]],
  ["a second connection", [...start, client()]],
  ["a connection that cannot be read", [optneg(offers.postfix), sent("C", "no NUL")]],
  ["HELO before the connection", [optneg(offers.postfix), helo()]],
  ["HELO within a message", [...envelope, from, helo()]],
  ["MAIL before the connection", [optneg(offers.postfix), mail("a@x.example")]],
  ["MAIL within a message", [...envelope, from, mail("a@x.example")]],
  ["MAIL without an address", [...start, sent("M")]],
  ["RCPT before MAIL", [...start, rcpt("b@us.example")]],
  ["RCPT within a message", [...envelope, from, rcpt("b@us.example")]],
  ["RCPT without an address", [...start, mail("a@x.example"), sent("R")]],
  ["RCPT of 5,000 octets", [...start, mail("a@x.example"), rcpt("b".repeat(5000))]],
  ["a header field before MAIL", [...start, from]],
  ["a header field in the body", [...envelope, eoh, from]],
  ["a header field without a name", [...envelope, sent("L", "x")]],
  ["the end of a header before MAIL", [...start, eoh]],
  ["the end of a header twice", [...envelope, eoh, eoh]],
  ["a body before the end of the header", [...envelope, from, body("x")]],
  ["a body before MAIL", [...start, body("x")]],
  ["the end of a message before its header's", [...envelope, from, eom]],
  ["the end of a message twice", [...envelope, eoh, eom, eom]],
  ["a packet of no length", [...start, Buffer.alloc(4)]],
  ["a packet of four gigabytes", [...start, Buffer.alloc(4, 0xff)]],
  ["a packet of one octet too many", [...start, Buffer.concat([Buffer.from([0, 0x10, 0, 1]), Buffer.alloc(100, "B")])]],
];
for (const [what, packets] of outOfOrder) {
  test(`attack: ${what} ends the connection, and is told of`, async (t) => {
    const { service } = recordingService();
    const { door, faults } = await openedDoor(t, service);
    const mta = await Mta.at(door.place);
    mta.write(...packets);
    await mta.closed();
    await eventually(() => door.connections === 0);
    assert.deepEqual([faults.length, faults[0] instanceof MilterProtocolError, door.connections], [1, true, 0]);
  });
}

test("attack: whoever does not speak the protocol at all is sent away without a word in the log", async (t) => {
  const { service } = recordingService();
  const { door, faults } = await openedDoor(t, service);
  for (const bytes of [helo(), sent("O", "short"), Buffer.from("\0\0\0\x0dO\0\0\0\x01\0\0\0\0\0\0\0\0", "latin1")]) {
    const mta = await Mta.at(door.place);
    mta.write(bytes);
    await mta.closed();
  }
  assert.deepEqual(faults, []);
});

test("a server that lets no header be changed is served, and is told of", async (t) => {
  const { service } = recordingService({ data: () => ({ ...accepted, headers: ["A: b"] }) });
  const { door, faults } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  mta.write(optneg([6, 0, 0x1f_ffff]), client(), mail("a@x.example"), rcpt("b@us.example"));
  for (let i = 0; i < 3; i += 1) await mta.next();
  assert.deepEqual(await mta.verdict(content([["From", " x"]])), [{ letter: "c", data: Buffer.alloc(0) }]);
  assert.equal(faults.length, 1);
});

test("connections beyond the limit are refused, and taken again once one has ended", async (t) => {
  const { service } = recordingService();
  const { door, connections } = await openedDoor(t, service, { connectionsMax: 2 });
  const [one] = [await Mta.at(door.place), await Mta.at(door.place)];
  const third = await Mta.at(door.place);
  await third.closed();
  assert.deepEqual([door.connections, connections], [2, ["opened", "opened", "refused"]]);
  one?.cut();
  await eventually(() => door.connections === 1);
  const fourth = await Mta.at(door.place);
  assert.equal(await fourth.ask(optneg(offers.postfix)), "O");
});

test("many messages at once, each on its own connection", async (t) => {
  const { service, said } = recordingService({ mail: () => settled().then(() => null), data: () => settled().then(() => accepted) });
  const { door, faults } = await openedDoor(t, service);
  await Promise.all(
    Array.from({ length: 60 }, async (_, i) => {
      const mta = await Mta.at(door.place);
      mta.write(...start);
      await mta.next();
      assert.equal(await mta.ask(mail(`a${i}@x.example`)), "c");
      assert.equal(await mta.ask(rcpt("b@us.example")), "c");
      assert.equal((await mta.verdict(content([["Subject", ` ${i}`]]))).at(-1)?.letter, "c");
      mta.cut();
    }),
  );
  const pairs = said.map(({ mailFrom, message }) => [mailFrom, message?.toString()]);
  for (let i = 0; i < 60; i += 1) {
    assert.ok(pairs.some(([mailFrom, text]) => mailFrom === `a${i}@x.example` && text === `Subject: ${i}\r\n\r\nbody\r\n`));
  }
  assert.deepEqual(faults, []);
});

test("drain: idle connections end at once, a message under way ends as it would have, and its connection after it", async (t) => {
  let decide: (disposition: Disposition) => void = () => {};
  const { service } = recordingService({
    data: () =>
      new Promise((resolve) => {
        decide = resolve;
      }),
  });
  const { door } = await openedDoor(t, service);
  const idle = await Mta.at(door.place);
  idle.write(...start);
  await idle.next();
  const silent = await Mta.at(door.place);
  const busy = await Mta.at(door.place);
  busy.write(...envelope);
  for (let i = 0; i < 3; i += 1) await busy.next();
  const closing = door.close(10_000);
  await Promise.all([idle.closed(), silent.closed()]);
  await assert.rejects(Mta.at(door.place));
  busy.write(from, eoh, body("x"));
  await settled();
  const verdict = busy.verdict(eom);
  await settled();
  assert.equal(door.connections, 1);
  decide(accepted);
  assert.equal((await verdict).at(-1)?.letter, "c");
  await Promise.all([busy.closed(), closing]);
  assert.equal(door.connections, 0);
});

test("drain: a message that is given up ends its connection", async (t) => {
  const { service } = recordingService();
  const { door } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  mta.write(...envelope);
  for (let i = 0; i < 3; i += 1) await mta.next();
  const closing = door.close(10_000);
  mta.write(abort);
  await Promise.all([mta.closed(), closing]);
});

test("drain: at the deadline whoever waits for an answer is told to come again, the others are cut", async (t) => {
  const never = () => new Promise<never>(() => {});
  const { service } = recordingService({ mail: ({ mailFrom }) => (mailFrom === "slow@x.example" ? never() : null), data: never });
  const { door } = await openedDoor(t, service);
  const atMail = await Mta.at(door.place);
  atMail.write(...start, mail("slow@x.example"));
  const atEnd = await Mta.at(door.place);
  atEnd.write(...envelope, content([["From", " x"]]));
  const streaming = await Mta.at(door.place);
  streaming.write(...envelope, from, eoh, body("x"));
  await settled();
  await door.close(50);
  await Promise.all([atMail.closed(), atEnd.closed(), streaming.closed()]);
  const letters = ({ raw }: Mta) =>
    raw
      .toString("latin1")
      .replace(/^[\s\S]*i\0/, "")
      .replace(/\0\0\0\x01/g, "");
  assert.deepEqual([letters(atMail), letters(atEnd), letters(streaming)], ["t", "cct", "cc"]);
  assert.equal(door.connections, 0);
});

test("closing twice is closing once", async (t) => {
  const { service } = recordingService();
  const { door } = await openedDoor(t, service);
  await Promise.all([door.close(10), door.close(10)]);
  await door.close(10);
});

test("attack: a server that does not read its answers is cut before they fill the memory", async (t) => {
  const { service } = recordingService({ data: () => ({ ...accepted, headers: [`A: ${"x".repeat(60_000)}`] }) });
  const { door } = await openedDoor(t, service);
  const mta = await Mta.at(door.place);
  mta.write(optneg(offers.postfix), client());
  await mta.next();
  mta.stopReading();
  const message = Buffer.concat([mail("a@x.example"), rcpt("b@us.example"), content([["From", " x"]])]);
  for (let i = 0; i < 400; i += 1) mta.write(message);
  await eventually(() => door.connections === 0);
  assert.equal(door.connections, 0);
});
