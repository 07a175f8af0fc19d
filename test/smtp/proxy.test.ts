/** The SMTP proxy on real sockets: what the client is told, what the next hop gets, and in which order. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { accepted } from "../plain-dialogue.ts";
import { letter, openProxy, send } from "./proxy.ts";

test("RFC 5321 §4.2: a message goes through, and every answer of the next hop reaches the client word for word", async (t) => {
  const { greeted, sink, told } = await openProxy(t, {
    sink: { answer: (stage) => (stage === "RCPT" ? "250-2.1.5 first line\r\n250 2.1.5 second line" : null) },
  });
  const client = await greeted();
  assert.equal(await client.line("MAIL FROM:<ada@good.example> SIZE=100 BODY=8BITMIME"), "250 2.1.0 Sender ok");
  assert.equal(await client.line("RCPT TO:<bob@us.example> NOTIFY=NEVER"), "250 2.1.5 first line|2.1.5 second line");
  assert.match(await client.line("DATA"), /^354 /);
  client.write(letter);
  assert.equal(await client.line("."), "250 2.0.0 Ok: queued as 4Xyz");
  assert.equal(await client.line("QUIT"), "221 2.0.0 Bye");
  assert.equal(sink.letters.length, 1);
  assert.equal(sink.letters[0]?.body.toString(), letter);
  assert.equal(sink.letters[0]?.mail, "MAIL FROM:<ada@good.example> SIZE=100 BODY=8BITMIME");
  assert.deepEqual(sink.letters[0]?.rcpt, ["RCPT TO:<bob@us.example> NOTIFY=NEVER"]);
  assert.equal(told.messages[0]?.toString(), letter);
  assert.deepEqual(told.clients[0], { listener: "inbound", ip: "127.0.0.1", helo: "client.example", tls: null, authenticatedAs: null });
});

test("our headers are on top, and fields that are to go are gone", async (t) => {
  const headers = ["Authentication-Results: mx.us.example;\r\n spf=pass", "X-Assay-Report: v=1"];
  const removals = [{ name: "authentication-results", index: 2, why: "forged" }];
  const { greeted, sink } = await openProxy(t, { says: { data: () => ({ ...accepted, headers, removals }) as typeof accepted } });
  const message =
    "Received: x\r\nAuthentication-Results: other.example; spf=fail\r\nAuthentication-Results: mx.us.example;\r\n\tspf=pass\r\nFrom: a@b\r\n\r\nbody\r\n";
  assert.match(await send(await greeted(), message), /^250 /);
  assert.equal(
    sink.letters[0]?.body.toString(),
    `${headers.join("\r\n")}\r\nReceived: x\r\nAuthentication-Results: other.example; spf=fail\r\nFrom: a@b\r\n\r\nbody\r\n`,
  );
});

test("a message that is refused never reaches the next hop: our reply, RSET, and the connection goes on", async (t) => {
  let isRefused = true;
  const reply = { code: 550, enhanced: "5.7.1", text: "no" };
  const { greeted, sink } = await openProxy(t, {
    says: { data: () => (isRefused ? { kind: "refuse", reply, inspection: null } : accepted) },
  });
  const client = await greeted();
  assert.equal(await send(client), "550 5.7.1 no");
  assert.ok(!sink.commands.includes("DATA"));
  isRefused = false;
  assert.match(await send(client), /^250 /);
  assert.deepEqual(
    sink.commands.map((line) => line.split(" ")[0]).filter((verb) => verb !== "EHLO" && verb !== "QUIT"),
    ["MAIL", "RCPT", "RSET", "MAIL", "RCPT", "DATA"],
  );
});

test("250 never before the next hop's: while it is silent, so are we", async (t) => {
  let free = (): void => {};
  const held = new Promise<void>((resolve) => {
    free = resolve;
  });
  const { greeted } = await openProxy(t, { sink: { before: (stage) => (stage === "end" ? held : null) } });
  const client = await greeted();
  for (const line of ["MAIL FROM:<a@good.example>", "RCPT TO:<b@us.example>", "DATA"]) await client.say(line);
  client.write(`${letter}.\r\n`);
  assert.equal((await client.reply(400)).code, -1);
  free();
  assert.equal((await client.reply()).code, 250);
});
