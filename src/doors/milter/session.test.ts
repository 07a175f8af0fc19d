/** A connection without its socket: how long silence may last, what is held back, and what no server sends. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accepted, plainDialogue, serviceOf } from "../../../test/plain-dialogue.ts";
import { limits } from "../../base/limits.ts";
import type { Dialogue, Disposition } from "../../gateway/dialogue/journey.ts";
import type { MessageSource } from "../../mail/message.ts";
import { MilterProtocolError, Session, type Wire } from "./session.ts";

function sent(letter: string, data: string | Buffer = ""): Buffer {
  const octets = Buffer.from(data);
  const head = Buffer.alloc(5);
  head.writeUInt32BE(octets.length + 1);
  head.write(letter, 4);
  return Buffer.concat([head, octets]);
}

const hello = Buffer.concat([
  sent("O", Buffer.from("00000006000001ff001fffff", "hex")),
  sent("C", Buffer.from("mail.example\x004\x00\x00192.0.2.1\0", "latin1")),
  sent("H", "mail.example\0"),
]);
const mail = sent("M", "<a@x.example>\0");
const rcpt = sent("R", "<b@us.example>\0");
const from = sent("L", "From\0 <a@x.example>\0");

class Recorder implements Wire {
  readonly letters: string[] = [];
  readonly expected: string[] = [];
  isFinished = false;
  isHeld = false;
  write(bytes: Buffer): void {
    for (let at = 0; at < bytes.length; at += 4 + bytes.readUInt32BE(at)) this.letters.push(bytes.toString("latin1", at + 4, at + 5));
  }
  finish(): void {
    this.isFinished = true;
  }
  hold(): void {
    this.isHeld = true;
  }
  resume(): void {
    this.isHeld = false;
  }
  expect(next: string): void {
    if (this.expected.at(-1) !== next) this.expected.push(next);
  }
}

type Opened = { readonly wire: Recorder; readonly session: Session; readonly faults: unknown[] };

function opened(over: Partial<Dialogue> = {}, isBusy = false): Opened {
  const dialogue = plainDialogue(over);
  const service = serviceOf(() => dialogue, { mayRefuse: { mail: !isBusy, rcpt: true } });
  const wire = new Recorder();
  const faults: unknown[] = [];
  const habits = () => ({ outboundDaemons: [], hold: false });
  const session = new Session(wire, {
    service,
    listener: "inbound",
    habits,
    isBusy: () => isBusy,
    isPostfix: () => true,
    onServer: () => {},
    onFault: (error) => faults.push(error),
    onAgreement: () => {},
  });
  return { wire, session, faults };
}

/** Lets promises settle. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("silence is measured by what is to come: a negotiation, a message, the rest of one", async () => {
  const { wire, session } = opened();
  session.receive(Buffer.concat([hello, mail, rcpt]));
  await settled();
  session.receive(from);
  assert.deepEqual(wire.expected, ["negotiation", "message", "content"]);
  session.receive(Buffer.concat([sent("N"), sent("E")]));
  await settled();
  assert.deepEqual(wire.expected, ["negotiation", "message", "content", "message"]);
  assert.deepEqual(wire.letters, ["O", "c", "c", "c"]);
});

test("a packet longer than what may wait comes to its end: the connection is not held for the beginning of one", async () => {
  const { wire, session } = opened();
  session.receive(Buffer.concat([hello, mail, rcpt]));
  await settled();
  const long = Buffer.alloc(2 * limits.milterStreamBytesMax, "x");
  const bytes = Buffer.concat([sent("L", Buffer.concat([Buffer.from("Subject\0 "), long, Buffer.from("\0")])), sent("N"), sent("E")]);
  for (let at = 0; at < bytes.length; at += 65_536) {
    for (let turns = 0; wire.isHeld; turns += 1) {
      assert.ok(turns < 1000, "held for ever");
      await settled();
    }
    session.receive(bytes.subarray(at, at + 65_536));
  }
  for (let turns = 0; wire.letters.length < 4; turns += 1) {
    assert.ok(turns < 1000, "no answer");
    await settled();
  }
  // More of a header than is inspected.
  assert.deepEqual(wire.letters, ["O", "c", "c", "y"]);
});

test("back-pressure: no more waits than a few hundred KB while nobody reads, and all comes through", async () => {
  let read: () => void = () => {};
  const reading = new Promise<void>((resolve) => {
    read = resolve;
  });
  let bytes = 0;
  const { wire, session } = opened({
    data: async (message: MessageSource) => {
      assert.ok(!(message instanceof Uint8Array));
      await reading;
      for await (const chunk of message) bytes += chunk.length;
      return accepted;
    },
  });
  session.receive(Buffer.concat([hello, mail, rcpt]));
  await settled();
  session.receive(Buffer.concat([from, sent("N")]));
  const piece = sent("B", Buffer.alloc(65_535, "x"));
  let pushed = 0;
  let most = 0;
  const push = () => {
    while (!wire.isHeld && pushed < 160) {
      session.receive(piece);
      pushed += 1;
      most = Math.max(most, session.waitingBytes);
    }
  };
  push();
  assert.ok(pushed < 6, `${pushed} pieces`);
  read();
  while (pushed < 160) {
    await settled();
    push();
  }
  session.receive(sent("E"));
  await settled();
  assert.equal(bytes, 160 * 65_535 + "From: <a@x.example>\r\n\r\n".length);
  assert.ok(most <= limits.milterStreamBytesMax + 2 * 65_540, `${most} octets`);
  assert.equal(wire.letters.at(-1), "c");
});

test("attack: packets behind one that is not answered yet are held too", async () => {
  let answer: (reply: null) => void = () => {};
  const { wire, session } = opened({
    mail: () =>
      new Promise((resolve) => {
        answer = resolve;
      }),
  });
  session.receive(Buffer.concat([hello, mail]));
  for (let i = 0; i < 100 && !wire.isHeld; i += 1) session.receive(Buffer.concat(Array.from({ length: 1000 }, () => rcpt)));
  assert.equal(wire.isHeld, true);
  assert.ok(session.waitingBytes < 2 * limits.milterStreamBytesMax);
  assert.deepEqual(wire.letters, ["O"]);
  answer(null);
  await settled();
  assert.equal(wire.letters[1], "c");
});

test("attack: a header without end is not held, and is inspected by nobody: it is refused at its end", async () => {
  let isInspected = false;
  const { wire, session } = opened({
    data: () => {
      isInspected = true;
      return Promise.resolve(accepted);
    },
  });
  session.receive(Buffer.concat([hello, mail, rcpt]));
  await settled();
  for (let i = 0; i < 200; i += 1) {
    session.receive(sent("L", `X-Long-${i}\0 ${"y".repeat(60_000)}\0`));
    assert.deepEqual([wire.isHeld, session.waitingBytes], [false, 0]);
  }
  session.receive(Buffer.concat([sent("N"), sent("B", "body"), sent("E", "end")]));
  await settled();
  assert.deepEqual([isInspected, wire.letters.at(-1)], [false, "y"]);
});

test("a dialogue that answers without reading is no reason to wait: the rest is let go, and the answer given at the end", async () => {
  const reply = { code: 451, enhanced: "4.3.2", text: "busy" };
  const { wire, session } = opened({ data: () => Promise.resolve({ kind: "refuse", reply, inspection: null }) });
  session.receive(Buffer.concat([hello, mail, rcpt]));
  await settled();
  session.receive(Buffer.concat([from, sent("N")]));
  await settled();
  const piece = sent("B", Buffer.alloc(65_535, "x"));
  for (let i = 0; i < 100; i += 1) {
    session.receive(piece);
    assert.equal(wire.isHeld, false);
  }
  session.receive(sent("E"));
  await settled();
  assert.equal(wire.letters.at(-1), "y");
});

test("a message that lies whole in what came is given in one piece; one that does not, streams", async () => {
  const kinds: string[] = [];
  const { session } = opened({
    data: async (message: MessageSource) => {
      kinds.push(message instanceof Uint8Array ? "whole" : "stream");
      if (!(message instanceof Uint8Array)) for await (const _ of message);
      return accepted;
    },
  });
  const rest = [from, sent("N"), sent("B", "body\r\n"), sent("E")];
  session.receive(Buffer.concat([hello, mail, rcpt]));
  await settled();
  session.receive(Buffer.concat(rest));
  await settled();
  session.receive(Buffer.concat([mail, rcpt]));
  await settled();
  for (const packet of rest) session.receive(packet);
  await settled();
  assert.deepEqual(kinds, ["whole", "stream"]);
});

test("progress is told while a server waits for the end of a message, and not before or after", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let decide: (disposition: Disposition) => void = () => {};
  const { wire, session } = opened({
    data: () =>
      new Promise((resolve) => {
        decide = resolve;
      }),
  });
  session.receive(Buffer.concat([hello, mail, rcpt]));
  await settled();
  session.receive(Buffer.concat([from, sent("N")]));
  t.mock.timers.tick(10 * limits.milterProgressMs);
  assert.deepEqual(wire.letters, ["O", "c", "c"]);
  session.receive(sent("E"));
  t.mock.timers.tick(2 * limits.milterProgressMs);
  decide(accepted);
  await settled();
  t.mock.timers.tick(10 * limits.milterProgressMs);
  assert.deepEqual(wire.letters, ["O", "c", "c", "p", "p", "c"]);
});

test("a connection that is lost while the answer is awaited is told nothing more", async (t) => {
  t.mock.timers.enable({ apis: ["setInterval"] });
  let decide: (disposition: Disposition) => void = () => {};
  const { wire, session, faults } = opened({
    data: () =>
      new Promise((resolve) => {
        decide = resolve;
      }),
  });
  session.receive(Buffer.concat([hello, mail, rcpt, from, sent("N"), sent("E")]));
  await settled();
  await settled();
  session.lost();
  t.mock.timers.tick(10 * limits.milterProgressMs);
  decide(accepted);
  await settled();
  assert.deepEqual(wire.letters, ["O", "c", "c"]);
  assert.deepEqual(faults, []);
});

test("a fault at any stage is a temporary failure of that stage, and is told of", async () => {
  const broken = () => {
    throw new Error("bug");
  };
  const rejected = () => Promise.reject(new Error("bug"));
  const whole = Buffer.concat([mail, rcpt, from, sent("N"), sent("E")]);
  for (const fault of [broken, rejected]) {
    const atMail = opened({ mail: fault });
    atMail.session.receive(Buffer.concat([hello, mail]));
    await settled();
    assert.deepEqual([atMail.wire.letters, atMail.faults.length], [["O", "t"], 1]);
    const atRcpt = opened({ rcpt: fault });
    atRcpt.session.receive(Buffer.concat([hello, mail, rcpt, rcpt]));
    for (let i = 0; i < 4; i += 1) await settled();
    assert.deepEqual([atRcpt.wire.letters, atRcpt.faults.length], [["O", "c", "t", "t"], 2]);
    const atEnd = opened({ data: fault });
    atEnd.session.receive(Buffer.concat([hello, whole, whole]));
    for (let i = 0; i < 8; i += 1) await settled();
    assert.deepEqual([atEnd.wire.letters, atEnd.faults.length], [["O", "c", "c", "t", "c", "c", "t"], 2]);
    assert.equal(atEnd.wire.isFinished, false);
  }
});

test("a busy service: MAIL is not waited for; its questions begin all the same, before the message comes", async () => {
  const begun: string[] = [];
  const { wire, session } = opened({ begin: (mailFrom) => begun.push(mailFrom), mail: () => Promise.reject(new Error("asked")) }, true);
  session.receive(Buffer.concat([hello, mail, rcpt]));
  await settled();
  session.receive(sent("T"));
  assert.deepEqual([wire.letters, begun], [["O", "c", "p"], ["a@x.example"]]);
  session.receive(Buffer.concat([from, sent("N"), sent("E")]));
  await settled();
  assert.deepEqual(wire.letters, ["O", "c", "p", "c"]);
});

test("a fault in the middle of a message, where no answer is awaited, ends the connection", async () => {
  const { wire, session, faults } = opened({
    data: () => {
      throw new Error("bug");
    },
  });
  session.receive(Buffer.concat([hello, mail, rcpt]));
  await settled();
  session.receive(Buffer.concat([from, sent("N")]));
  assert.deepEqual([wire.isFinished, faults.length], [true, 1]);
});

test("a dialogue that sees nobody there is a temporary failure to a server that is", async () => {
  const { wire, session } = opened({ data: () => Promise.resolve({ kind: "gone" }) });
  session.receive(Buffer.concat([hello, mail, rcpt]));
  await settled();
  session.receive(Buffer.concat([from, sent("N"), sent("E")]));
  await settled();
  assert.equal(wire.letters.at(-1), "t");
});

/** Numbers that are the same in each run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

test("attack: conversations with octets changed, packets left out, doubled and cut end as protocol faults or go on; none is a fault of ours", async () => {
  const random = seeded(20_261_122);
  const packets = [
    hello,
    mail,
    rcpt,
    from,
    sent("D", "Mi\0Q\0"),
    sent("N"),
    sent("B", "x\r\n"),
    sent("E"),
    sent("A"),
    sent("K"),
    sent("Q"),
  ];
  for (let run = 0; run < 3000; run += 1) {
    const { wire, session, faults } = opened();
    const chosen = Array.from({ length: 3 + random(12) }, (_, at) =>
      at < 6 && random(5) > 0 ? packets[at] : packets[random(packets.length)],
    );
    const bytes = Buffer.concat(chosen.map((packet) => packet ?? hello));
    for (let i = random(4); i > 0; i -= 1) bytes[random(bytes.length)] = random(256);
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + random(random(3) === 0 ? 3 : 200);
      session.receive(bytes.subarray(at, at + length));
      at += length;
      if (random(3) === 0) await settled();
    }
    await settled();
    session.lost();
    for (const fault of faults) assert.ok(fault instanceof MilterProtocolError, String(fault));
    assert.equal(wire.isHeld, false);
  }
});
