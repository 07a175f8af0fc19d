/** What is chosen of what the server offers. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { negotiate } from "./negotiate.ts";

function offered(...words: readonly number[]): ReturnType<typeof negotiate> {
  return offeredTo({ isPostfix: true, mail: true, rcpt: true, data: true }, ...words);
}

function offeredTo(needs: Parameters<typeof negotiate>[1], ...words: readonly number[]): ReturnType<typeof negotiate> {
  const bytes = Buffer.alloc(4 * words.length);
  words.forEach((word, at) => {
    bytes.writeUInt32BE(word >>> 0, 4 * at);
  });
  return negotiate({ command: 0, bytes, start: 0, end: bytes.length }, needs);
}

function chosen(...words: readonly number[]): readonly number[] {
  const reply = offered(...words)?.reply ?? Buffer.alloc(0);
  return [reply.readUInt32BE(5), reply.readUInt32BE(9), reply.readUInt32BE(13)];
}

test("Postfix 3.7: version 6, the four actions that are needed, and no answers where none are needed", () => {
  assert.deepEqual(chosen(6, 0x1ff, 0x1f_ffff), [6, 0x131, 0x1c_3180]);
  const { agreement } = offered(6, 0x1ff, 0x1f_ffff) ?? {};
  assert.deepEqual(agreement, {
    version: 6,
    inserts: true,
    changes: true,
    quarantines: true,
    leadingSpace: true,
    answers: { connect: false, helo: false, mail: true, rcpt: true, data: true, header: false, endOfHeader: false, body: false },
  });
});

test("macro lists for all seven stages: Postfix clears the stages that have none", () => {
  const reply = offered(6, 0x1ff, 0x1f_ffff)?.reply ?? Buffer.alloc(0);
  const stages: number[] = [];
  for (let at = 17; at < reply.length; ) {
    stages.push(reply.readUInt32BE(at));
    const end = reply.indexOf(0, at + 4);
    assert.match(reply.toString("latin1", at + 4, end), /^(?:i|\{[a-z_]+\})(?: (?:v|\{[a-z_]+\}))*$/);
    at = end + 1;
  }
  assert.deepEqual(stages, [0, 1, 2, 3, 4, 5, 6]);
});

test("a server without macro lists gets twelve octets and no more", () => {
  assert.equal(offered(6, 0xff, 0x1f_ffff)?.reply.length, 17);
});

test("DATA is not left out: its answer acknowledges the macros that come with it, and the message follows at once", () => {
  assert.equal((chosen(6, 0x1ff, 0x1f_ffff)[2] ?? 0) & 0x200, 0);
});

test("where no rule refuses at MAIL or RCPT, and much is to do, Postfix waits for no answer there; an old server gets them all", () => {
  const needs = { isPostfix: true, mail: false, rcpt: false, data: false };
  const [postfix, old] = [offeredTo(needs, 6, 0x1ff, 0x1f_ffff), offeredTo(needs, 2, 0x3f, 0x7f)];
  assert.equal(postfix?.reply.readUInt32BE(13), 0x1d_f180);
  const { mail, rcpt, data } = postfix?.agreement.answers ?? {};
  assert.deepEqual([mail, rcpt, data], [false, false, false]);
  assert.deepEqual([old?.reply.readUInt32BE(13), old?.agreement.answers.rcpt], [0, true]);
});

test("a server whose header fields are answered gets an answer to the envelope too", () => {
  assert.equal(
    offeredTo({ isPostfix: true, mail: false, rcpt: false, data: false }, 6, 0x1ff, 0x1f_ff7f)?.reply.readUInt32BE(13),
    0x1c_3100,
  );
});

test("a server that is not known to be Postfix waits for the answers of the envelope, whatever it offers", () => {
  const { reply } = offeredTo({ isPostfix: false, mail: false, rcpt: false, data: false }, 6, 0x1ff, 0x1f_ffff) ?? {};
  assert.equal(reply?.readUInt32BE(13), 0x1c_3180);
});

test("Sendmail's bits for larger packets are not taken", () => {
  assert.deepEqual(chosen(6, 0x1ff, 0x301f_ffff), [6, 0x131, 0x1c_3180]);
});

test("a version 2 server: nothing beyond its offer, and every packet is answered", () => {
  assert.deepEqual(chosen(2, 0x3f, 0x7f), [2, 0x31, 0]);
  const { agreement } = offered(2, 0x3f, 0x7f) ?? {};
  assert.equal(agreement?.leadingSpace, false);
  assert.deepEqual(agreement?.answers, {
    connect: true,
    helo: true,
    mail: true,
    rcpt: true,
    data: true,
    header: true,
    endOfHeader: true,
    body: true,
  });
});

test("a newer server is answered with version 6", () => {
  assert.equal(chosen(7, 0xffff_ffff, 0xffff_ffff)[0], 6);
  assert.deepEqual(chosen(0xffff_ffff, 0xffff_ffff, 0xffff_ffff), [6, 0x131, 0x1c_3180]);
});

test("a server that lets nothing be changed is served; it is known that it does not", () => {
  const { agreement } = offered(6, 0, 0) ?? {};
  assert.deepEqual([agreement?.inserts, agreement?.changes, agreement?.quarantines], [false, false, false]);
});

test("versions before 2, and an offer that is too short, are refused", () => {
  assert.equal(offered(1, 0x1ff, 0x1f_ffff), null);
  assert.equal(offered(0, 0, 0), null);
  assert.equal(offered(6, 0x1ff), null);
  assert.equal(offered(), null);
});
