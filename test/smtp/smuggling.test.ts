/** SMTP smuggling (RFC 5321 §2.3.8, §4.1.1.4): a second message inside the first reaches nobody, whatever ends it for somebody else. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openProxy } from "./proxy.ts";

const inner = "MAIL FROM:<ceo@bank.example>\r\nRCPT TO:<bob@us.example>\r\nDATA\r\nFrom: ceo@bank.example\r\n\r\nsmuggled\r\n.\r\n";

for (const [name, sequence] of [
  ["LF . LF", "\n.\n"],
  ["LF . CRLF", "\n.\r\n"],
  ["CRLF . LF", "\r\n.\n"],
  ["CR . CR", "\r.\r"],
  ["CR . CRLF", "\r.\r\n"],
  ["CRLF . CR", "\r\n.\r"],
  ["LF . CR", "\n.\r"],
  ["CRLF NUL . CRLF", "\r\n\0.\r\n"],
  ["CRLF . NUL CRLF", "\r\n.\0\r\n"],
  ["CRLF . CR NUL LF", "\r\n.\r\0\n"],
] as const)
  test(`smuggling: ${name}: 550 5.6.11 once, and the next hop gets nothing of either message`, async (t) => {
    const { greeted, sink, told } = await openProxy(t);
    const client = await greeted();
    for (const line of ["MAIL FROM:<eve@evil.example>", "RCPT TO:<bob@us.example>", "DATA"]) await client.say(line);
    client.write(Buffer.from(`From: eve@evil.example\r\n\r\nfirst${sequence}${inner}`, "latin1"));
    assert.match(await client.line("").then((answer) => answer), /^550 5\.6\.11 /);
    // What the sequence did not end is no second message: what follows the one true end is answered as commands.
    assert.match(await client.line("NOOP"), /^5|^250/);
    assert.equal(sink.letters.length, 0);
    assert.ok(!sink.commands.includes("DATA"));
    assert.doesNotMatch(sink.heard(), /smuggled|bank/);
    assert.equal(told.messages.length, 0);
    // The operator hears of it.
    assert.deepEqual(
      told.refused.map(({ code, enhanced }) => [code, enhanced]),
      [[550, "5.6.11"]],
    );
  });

test("smuggling: the same octets stuffed are text, and arrive as they were", async (t) => {
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  for (const line of ["MAIL FROM:<ada@good.example>", "RCPT TO:<bob@us.example>", "DATA"]) await client.say(line);
  client.write("From: ada@good.example\r\n\r\n..\r\nMAIL FROM:<x@y.example>\r\n...\r\n.\r\n");
  assert.equal((await client.reply()).code, 250);
  assert.equal(sink.letters.length, 1);
  assert.equal(sink.letters[0]?.body.toString(), "From: ada@good.example\r\n\r\n.\r\nMAIL FROM:<x@y.example>\r\n..\r\n");
});

test("RFC 2920 §3.1: a message sent behind DATA without waiting for 354 is refused, and its lines are never commands", async (t) => {
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  client.write(`MAIL FROM:<eve@evil.example>\r\nRCPT TO:<bob@us.example>\r\nDATA\r\nFrom: x\r\n\r\n.\r\n${inner}`);
  assert.equal((await client.reply()).code, 250);
  assert.equal((await client.reply()).code, 250);
  assert.equal((await client.reply()).code, 554);
  assert.ok(await client.closed());
  assert.equal(sink.letters.length, 0);
  assert.doesNotMatch(sink.heard(), /bank/);
});

test("smuggling: DATA that is refused does not turn the message into commands", async (t) => {
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  client.write(`DATA\r\n${inner}`);
  assert.equal((await client.reply()).code, 503);
  // Pipelined commands that follow a refused DATA stand for themselves (RFC 2920 §3.2): they are one transaction of their own, whole and inspected.
  for (let i = 0; i < 2; i++) assert.equal((await client.reply()).code, 250);
  assert.equal((await client.reply()).code, 554, "its own DATA did not wait either");
  assert.ok(await client.closed());
  assert.equal(sink.letters.length, 0);
});

for (const [name, line] of [
  ["bare LF", "NOOP\nMAIL FROM:<x@evil.example>\r\n"],
  ["bare LF inside a path", "MAIL FROM:<x@evil.example>\nRCPT TO:<y@us.example>\r\n"],
  ["bare CR", "MAIL FROM:<x@evil.example>\rRCPT TO:<y@us.example>\r\n"],
  ["NUL", "MAIL FROM:<x@evil.example>\0\r\n"],
] as const)
  test(`RFC 5321 §2.3.8: a command with ${name} is refused, and the connection closed`, async (t) => {
    const { greeted, sink } = await openProxy(t);
    const client = await greeted();
    client.write(line);
    assert.equal((await client.reply()).code, 500);
    assert.ok(await client.closed());
    assert.ok(!sink.commands.some((each) => each.startsWith("MAIL")));
  });

test("RFC 3030 §2: CHUNKING is not offered; after BDAT nothing is read", async (t) => {
  const { speak, sink } = await openProxy(t);
  const client = await speak();
  await client.reply();
  assert.doesNotMatch(await client.line("EHLO client.example"), /CHUNKING|BINARYMIME/);
  client.write(`BDAT 200 LAST\r\n${inner}`);
  assert.equal((await client.reply()).code, 502);
  assert.ok(await client.closed());
  assert.ok(!sink.commands.some((each) => each.startsWith("MAIL")));
});

test("attack: a browser that is made to post SMTP commands is cut at its first line", async (t) => {
  const { speak, sink } = await openProxy(t);
  const client = await speak();
  await client.reply();
  client.write(`POST / HTTP/1.1\r\nHost: mx.us.example:25\r\n\r\nEHLO x\r\n${inner}`);
  assert.equal((await client.reply()).code, 502);
  assert.ok(await client.closed());
  assert.ok(!sink.commands.some((each) => each.startsWith("MAIL")));
});

test("a command that no line end follows is none, even where the connection ends", async (t) => {
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  client.write("MAIL FROM:<x@evil.example>");
  client.socket.end();
  assert.ok(await client.closed());
  assert.ok(!sink.commands.some((each) => each.startsWith("MAIL")));
});
