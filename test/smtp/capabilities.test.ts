/** EHLO, parameters, sizes and the order of commands. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { letter, openProxy, send } from "./proxy.ts";

test("RFC 5321 §4.1.1.1: offered is what the next hop offers, SIZE the smaller one, and what is our own", async (t) => {
  const { speak } = await openProxy(t, { habits: { message_bytes_max: 70_000, xclient_from: [] } });
  const client = await speak();
  assert.equal((await client.reply()).text, "mx.us.example ESMTP");
  assert.equal(
    await client.line("EHLO client.example"),
    "250 mx.us.example|PIPELINING|SIZE 70000|8BITMIME|SMTPUTF8|DSN|ENHANCEDSTATUSCODES",
  );
  assert.equal(await client.line("HELO client.example"), "250 mx.us.example");
});

test("8BITMIME, SMTPUTF8, DSN, ENHANCEDSTATUSCODES and any other are not offered where the next hop lacks them, nor taken", async (t) => {
  const { speak, sink } = await openProxy(t, {
    sink: { features: ["SIZE 65536", "CHUNKING", "BINARYMIME", "AUTH PLAIN"] },
    habits: { xclient_from: [] },
  });
  const client = await speak();
  await client.reply();
  assert.equal(await client.line("EHLO client.example"), "250 mx.us.example|PIPELINING|SIZE 65536");
  for (const parameter of ["BODY=8BITMIME", "SMTPUTF8", "RET=FULL", "ENVID=x", "AUTH=<>", "REQUIRETLS", "BODY=BINARYMIME"])
    assert.match(await client.line(`MAIL FROM:<a@good.example> ${parameter}`), /^555 5\.5\.4 /, parameter);
  assert.equal(await client.line("MAIL FROM:<ä@good.example>"), "553 5.6.7 Non-ASCII address without SMTPUTF8");
  assert.equal(await client.line("MAIL FROM:<a@good.example> SIZE=65537"), "552 5.3.4 Message exceeds the size limit");
  assert.equal(await client.line("MAIL FROM:<a@good.example> SIZE=65536"), "250 2.1.0 Sender ok");
  assert.match(await client.line("RCPT TO:<b@us.example> NOTIFY=NEVER"), /^555 /);
  assert.equal(sink.commands.filter((line) => line.startsWith("RCPT")).length, 0);
});

test("RFC 6531 §3.4: SMTPUTF8 and its addresses reach journey and next hop as they were said", async (t) => {
  const { greeted, sink, told } = await openProxy(t);
  const client = await greeted();
  assert.match(await client.line("MAIL FROM:<müller@gut.example> SMTPUTF8 BODY=8BITMIME"), /^250 /);
  assert.match(await client.line("RCPT TO:<bøb@us.example>"), /^250 /);
  assert.deepEqual([told.mails, told.rcpts], [["müller@gut.example"], ["bøb@us.example"]]);
  assert.ok(sink.commands.includes("MAIL FROM:<müller@gut.example> SMTPUTF8 BODY=8BITMIME"));
  assert.ok(sink.commands.includes("RCPT TO:<bøb@us.example>"));
});

test("RFC 3461 §4.4: ENVID is ASCII: what is not never reaches a next hop", async (t) => {
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  for (const value of ["ENVID=é", "ENVID"])
    assert.equal(await client.line(`MAIL FROM:<a@good.example> ${value}`), "501 5.5.4 Bad value of a parameter");
  assert.match(await client.line("MAIL FROM:<a@good.example> ENVID=QQ+3D"), /^250 /);
  assert.equal(sink.commands.filter((line) => line.startsWith("MAIL")).length, 1);
});

test("RFC 1870 §6.1: the next hop without SIZE is not told one; we keep to ours", async (t) => {
  const { greeted, sink } = await openProxy(t, { sink: { features: [] }, habits: { message_bytes_max: 70_000 } });
  const client = await greeted();
  assert.match(await client.line("MAIL FROM:<a@good.example> SIZE=1000"), /^250 /);
  assert.ok(sink.commands.includes("MAIL FROM:<a@good.example>"));
  await client.say("RSET");
  assert.equal(await send(client, `${letter}${"x".repeat(998)}\r\n`.repeat(75)), "552 5.3.4 Message exceeds the size limit");
  assert.equal(sink.letters.length, 0);
  assert.match(await send(client), /^250 /);
});

test("limits: a message of the largest size is taken, one octet more is not", async (t) => {
  const { greeted } = await openProxy(t, { habits: { message_bytes_max: 65_536 } });
  const client = await greeted();
  const of = (bytes: number): string => `From: a@b\r\n\r\n${"x".repeat(bytes - 15)}\r\n`;
  assert.match(await send(client, of(65_536)), /^250 /);
  assert.match(await send(client, of(65_537)), /^552 5\.3\.4 /);
});

test("the next hop was down at EHLO: nothing is offered that it may lack, and MAIL waits for an EHLO that knows", async (t) => {
  const { speak, sink } = await openProxy(t, { sink: { answer: () => null }, habits: { xclient_from: [] } });
  sink.script = { cut: () => "silent" };
  const client = await speak();
  await client.reply();
  assert.match(await client.line("EHLO client.example"), /^250 mx\.us\.example\|PIPELINING\|SIZE [0-9]+$/);
  sink.script = {};
  assert.match(await client.line("MAIL FROM:<a@good.example>"), /^451 4\.4\.1 /);
  assert.match(await client.line("EHLO client.example"), /8BITMIME/);
  assert.match(await send(client), /^250 /);
});

test("the next hop offers less than it did: what was said with the old offer is told to come again, not refused for good", async (t) => {
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  sink.script = { features: [] };
  assert.match(await client.line("MAIL FROM:<a@good.example> BODY=8BITMIME"), /^451 4\.3\.5 /);
  assert.doesNotMatch(await client.line("EHLO client.example"), /8BITMIME/);
});

test("a next hop that knows HELO alone is spoken to as it likes", async (t) => {
  const { greeted, sink } = await openProxy(t, {
    sink: { answer: (stage, argument) => (stage === "EHLO" && argument.startsWith("EHLO") ? "502 5.5.1 What?" : null) },
  });
  assert.match(await send(await greeted()), /^250 /);
  assert.ok(sink.commands.includes("HELO mx.us.example"));
});

test("RFC 5321 §4.1.4: commands out of order", async (t) => {
  const { speak } = await openProxy(t);
  const client = await speak();
  await client.reply();
  for (const [line, answer] of [
    ["MAIL FROM:<a@good.example>", "503 5.5.1 Say EHLO first"],
    ["RCPT TO:<b@us.example>", "503 5.5.1 Say EHLO first"],
    ["EHLO", "501 5.5.4 Syntax: EHLO hostname"],
    ["EHLO client.example", null],
    ["RCPT TO:<b@us.example>", "503 5.5.1 Need MAIL first"],
    ["DATA", "503 5.5.1 Need MAIL first"],
    ["MAIL FROM:a@good.example", "501 5.5.4 Syntax: MAIL FROM:<address> [parameters]"],
    ["MAIL FROM:<a@good.example>", "250 2.1.0 Sender ok"],
    ["MAIL FROM:<a@good.example>", "503 5.5.1 Nested MAIL command"],
    ["DATA", "554 5.5.1 No valid recipients"],
    ["RCPT TO:<>", "501 5.5.4 Syntax: RCPT TO:<address> [parameters]"],
    ["RCPT TO:<b@us.example>", "250 2.1.5 Recipient ok"],
    ["DATA now", "501 5.5.4 The command takes no arguments"],
    ["VRFY bob", "252 2.0.0 Cannot VRFY user, but will take a message for it and attempt delivery"],
    ["EXPN list", "502 5.5.1 Command not implemented"],
    ["HELP", "214 2.0.0 See RFC 5321"],
    ["AUTH PLAIN AGEAYg==", "502 5.5.1 Command not implemented"],
    ["XYZZY", "500 5.5.2 Command not recognized"],
    ["WIZ", "500 5.5.2 Command not recognized"],
    ["NOOP", "250 2.0.0 OK"],
    ["RSET", "250 2.0.0 OK"],
    ["DATA", "503 5.5.1 Need MAIL first"],
  ] as const) {
    const said = await client.line(line);
    if (answer !== null) assert.equal(said, answer, line);
  }
});

test("RFC 2920 §3.1: MAIL, RCPT and DATA in one piece are answered in order; the message and what follows it too", async (t) => {
  const { greeted, sink } = await openProxy(t, {
    sink: { answer: (stage, line) => (stage === "RCPT" && line.includes("nobody") ? "550 5.1.1 Unknown" : null) },
  });
  const client = await greeted();
  client.write("MAIL FROM:<a@good.example>\r\nRCPT TO:<nobody@us.example>\r\nRCPT TO:<b@us.example>\r\nDATA\r\n");
  const codes: number[] = [];
  for (let i = 0; i < 4; i++) codes.push((await client.reply()).code);
  assert.deepEqual(codes, [250, 550, 250, 354]);
  client.write(`${letter}.\r\nMAIL FROM:<c@good.example>\r\nRCPT TO:<d@us.example>\r\nRSET\r\nQUIT\r\n`);
  const after: number[] = [];
  for (let i = 0; i < 5; i++) after.push((await client.reply()).code);
  assert.deepEqual(after, [250, 250, 250, 250, 221]);
  assert.equal(sink.letters.length, 1);
  assert.deepEqual(sink.letters[0]?.rcpt, ["RCPT TO:<b@us.example>"]);
});

test("a recipient that the journey refuses is not asked of the next hop; one that the next hop refuses is dropped from the journey", async (t) => {
  const { greeted, sink, told } = await openProxy(t, {
    says: { rcpt: (recipient) => (recipient.startsWith("six") ? { code: 550, enhanced: "5.2.1", text: "no IPv6" } : null) },
    sink: {
      answer: (stage, line) =>
        stage === "RCPT" && line.includes("nobody") ? "550-5.1.1 <nobody@us.example>:\r\n550 5.1.1 User unknown" : null,
    },
  });
  const client = await greeted();
  await client.say("MAIL FROM:<a@good.example>");
  assert.equal(await client.line("RCPT TO:<six@us.example>"), "550 5.2.1 no IPv6");
  assert.equal(await client.line("RCPT TO:<nobody@us.example>"), "550 5.1.1 <nobody@us.example>:|5.1.1 User unknown");
  assert.ok(!sink.commands.some((line) => line.includes("six@")));
  assert.deepEqual(told.drops, ["nobody@us.example"]);
  assert.equal(await client.line("DATA"), "554 5.5.1 No valid recipients");
});

test("MAIL that the journey refuses is not said to the next hop; what the next hop says to MAIL is passed on", async (t) => {
  const { greeted, sink } = await openProxy(t, {
    says: { mail: (from) => (from.startsWith("null") ? { code: 550, enhanced: "5.7.27", text: "null MX" } : null) },
    sink: { answer: (stage, line) => (stage === "MAIL" && line.includes("bad@") ? "553 5.1.8 Sender rejected" : null) },
  });
  const client = await greeted();
  assert.equal(await client.line("MAIL FROM:<null@evil.example>"), "550 5.7.27 null MX");
  assert.ok(!sink.commands.some((line) => line.startsWith("MAIL")));
  assert.equal(await client.line("MAIL FROM:<bad@evil.example>"), "553 5.1.8 Sender rejected");
  assert.match(await send(client), /^250 /);
});

test("8-bit octets, long lines and a message without a header pass unchanged", async (t) => {
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  for (const line of ["MAIL FROM:<a@good.example> BODY=8BITMIME", "RCPT TO:<b@us.example>", "DATA"]) await client.say(line);
  const message = Buffer.concat([
    Buffer.from("\r\n"),
    Buffer.from(Array.from({ length: 250 }, (_, i) => (i % 242) + 14)),
    Buffer.from(`${"y".repeat(3000)}\r\n`),
  ]);
  client.write(message);
  assert.match(await client.line("."), /^250 /);
  assert.ok(sink.letters[0]?.body.equals(message));
});

test("a path that no parser of ours would read is passed on as it is: the next hop judges it", async (t) => {
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  for (const path of ['"a b"@c.example', "user.@example.com", "@r.example:a@b.example", "xn--nxasmq6b@xn--nxasmq6b.example"]) {
    assert.match(await client.line(`MAIL FROM:<${path}>`), /^250 /);
    assert.ok(sink.commands.includes(`MAIL FROM:<${path}>`), path);
    await client.say("RSET");
  }
});
