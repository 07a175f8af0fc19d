/** XCLIENT and XFORWARD: who may say whose connection it is, what the journey is told, and what the next hop is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../../src/base/limits.ts";
import { selfSigned } from "./certificate.ts";
import { openProxy, type Says, send } from "./proxy.ts";
import { usualFeatures } from "./sink.ts";

const xclient = [...usualFeatures, "XCLIENT NAME ADDR PORT PROTO HELO LOGIN", "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"];
const xforward = [...usualFeatures, "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE"];

test("XCLIENT from a listed host: the session begins anew, for that client, and the login is known", async (t) => {
  const { greeted, told, sink } = await openProxy(t, { sink: { features: xclient } });
  const client = await greeted();
  assert.equal(
    await client.line("XCLIENT NAME=mail.good.example ADDR=IPV6:2001:DB8::1 PORT=2525 HELO=old.example LOGIN=ada+40us.example"),
    "220 mx.us.example ESMTP",
  );
  assert.equal(await client.line("MAIL FROM:<ada@good.example>"), "503 5.5.1 Say EHLO first");
  assert.doesNotMatch(await client.line("EHLO mail.good.example"), /XCLIENT|XFORWARD/);
  assert.match(await send(client), /^250 /);
  assert.deepEqual(told.clients[0], {
    listener: "inbound",
    ip: "2001:db8::1",
    helo: "mail.good.example",
    tls: null,
    authenticatedAs: "ada@us.example",
  });
  assert.ok(
    sink.commands.includes(
      "XCLIENT NAME=mail.good.example ADDR=IPV6:2001:db8::1 PORT=2525 PROTO=ESMTP HELO=mail.good.example LOGIN=ada@us.example",
    ),
  );
  assert.deepEqual(
    sink.commands.slice(-6).map((line) => line.split(" ").slice(0, 2).join(" ").slice(0, 22)),
    ["EHLO mx.us.example", "XCLIENT NAME=mail.good", "EHLO mail.good.example", "MAIL FROM:<ada@good.ex", "RCPT TO:<bob@us.exampl", "DATA"],
  );
});

test("attack: the client that XCLIENT named may not name another one", async (t) => {
  const { greeted, told } = await openProxy(t);
  const client = await greeted();
  await client.say("XCLIENT ADDR=203.0.113.9");
  await client.say("EHLO evil.example");
  assert.equal(await client.line("XCLIENT ADDR=192.0.2.1 LOGIN=ceo"), "550 5.7.0 Not authorized");
  assert.equal(await client.line("XFORWARD ADDR=192.0.2.1"), "550 5.7.0 Not authorized");
  assert.match(await send(client), /^250 /);
  assert.equal(told.clients[0]?.ip, "203.0.113.9");
  assert.equal(told.clients[0]?.authenticatedAs, null);
});

test("attack: the client that XCLIENT named does not become the listed host by STARTTLS", async (t) => {
  const own = selfSigned("mx.us.example");
  const { greeted, told } = await openProxy(t, { habits: { tls_certificate: own.cert, tls_key: own.key } });
  const client = await greeted();
  await client.say("XCLIENT ADDR=203.0.113.9");
  assert.doesNotMatch(await client.line("EHLO evil.example"), /STARTTLS/);
  assert.equal(await client.line("STARTTLS"), "502 5.5.1 Command not implemented");
  assert.equal(await client.line("XCLIENT ADDR=192.0.2.1 LOGIN=ceo"), "550 5.7.0 Not authorized");
  assert.match(await send(client), /^250 /);
  assert.equal(told.clients[0]?.ip, "203.0.113.9");
});

test("from a host that is not listed neither is offered nor taken, and the client is who it is", async (t) => {
  const { speak, told, sink } = await openProxy(t, {
    habits: { xclient_from: ["127.0.0.2", "192.0.2.0/24"] },
    sink: { features: xclient },
  });
  const client = await speak();
  await client.reply();
  assert.doesNotMatch(await client.line("EHLO client.example"), /XCLIENT|XFORWARD/);
  for (const verb of ["XCLIENT", "XFORWARD"])
    assert.equal(await client.line(`${verb} ADDR=192.0.2.1 LOGIN=ceo`), "550 5.7.0 Not authorized");
  assert.match(await send(client), /^250 /);
  assert.equal(told.clients[0]?.ip, "127.0.0.1");
  assert.match(
    sink.commands.find((line) => line.startsWith("XCLIENT")) ?? "",
    /^XCLIENT NAME=\[UNAVAILABLE\] ADDR=127\.0\.0\.1 PORT=[0-9]+ /,
  );
});

test("xclient_from takes networks", async (t) => {
  const { speak, told } = await openProxy(t, { habits: { xclient_from: ["127.0.0.8/29"] } });
  const client = await speak({ localAddress: "127.0.0.9" });
  await client.reply();
  assert.match(await client.line("EHLO client.example"), /XCLIENT NAME ADDR PORT PROTO HELO LOGIN\|XFORWARD /);
  await client.say("XFORWARD ADDR=192.0.2.1 HELO=good.example");
  assert.match(await send(client), /^250 /);
  assert.deepEqual([told.clients[0]?.ip, told.clients[0]?.helo], ["192.0.2.1", "good.example"]);
});

test("XFORWARD as Postfix sends it: for one message, [UNAVAILABLE] is unknown, and the proxy's own EHLO is not the client's", async (t) => {
  const { greeted, told, sink } = await openProxy(t, { sink: { features: xforward } });
  const client = await greeted();
  assert.equal(await client.line("XFORWARD NAME=[UNAVAILABLE] ADDR=198.51.100.7 PORT=4711"), "250 2.0.0 OK");
  assert.equal(await client.line("XFORWARD PROTO=SMTP HELO=[UNAVAILABLE] IDENT=4XyZ SOURCE=REMOTE"), "250 2.0.0 OK");
  assert.match(await send(client), /^250 /);
  assert.deepEqual(told.clients[0], { listener: "inbound", ip: "198.51.100.7", helo: null, tls: null, authenticatedAs: null });
  const at = sink.commands.findIndex((line) => line.startsWith("XFORWARD"));
  assert.equal(
    sink.commands[at],
    "XFORWARD NAME=[UNAVAILABLE] ADDR=198.51.100.7 PORT=4711 PROTO=SMTP HELO=[UNAVAILABLE] IDENT=4XyZ SOURCE=REMOTE",
  );
  assert.match(sink.commands[at + 1] ?? "", /^MAIL FROM/);
  // The next message of the connection has no client of its own said.
  assert.match(await send(client), /^250 /);
  assert.equal(told.clients[1]?.ip, "127.0.0.1");
  await client.say("XFORWARD ADDR=[UNAVAILABLE]");
  assert.match(await send(client), /^250 /);
  assert.equal(told.clients[2]?.ip, null);
});

test("XCLIENT and XFORWARD inside a transaction, and with what is no attribute, are refused whole", async (t) => {
  const { greeted, told } = await openProxy(t);
  const client = await greeted();
  assert.equal(await client.line("XCLIENT ADDR=192.0.2.1 COLOUR=red"), "501 5.5.4 Bad attribute or value");
  assert.equal(await client.line("XFORWARD HELO=a+0D+0AMAIL"), "501 5.5.4 Bad attribute or value");
  await client.say("MAIL FROM:<ada@good.example>");
  for (const verb of ["XCLIENT", "XFORWARD"])
    assert.equal(await client.line(`${verb} ADDR=192.0.2.1`), "503 5.5.1 A mail transaction is in progress");
  assert.equal(told.clients[0]?.ip, "127.0.0.1");
});

for (const [wanted, features, said] of [
  ["auto", xclient, "XCLIENT"],
  ["auto", xforward, "XFORWARD"],
  ["auto", usualFeatures, null],
  ["xforward", xclient, "XFORWARD"],
  ["xclient", xforward, null],
  ["off", xclient, null],
] as const)
  test(`forward_client ${wanted}, offered ${features.slice(usualFeatures.length).map((each) => each.split(" ")[0])}: ${said ?? "nothing"} is said`, async (t) => {
    const { greeted, sink } = await openProxy(t, { sink: { features }, habits: { forward_client: wanted } });
    assert.match(await send(await greeted()), /^250 /);
    const verbs = new Set(sink.commands.map((line) => line.split(" ")[0] ?? "").filter((verb) => verb.startsWith("X")));
    assert.deepEqual([...verbs], said === null ? [] : [said]);
  });

test("the next hop refuses the client that it was told of: its words, and nobody else's mail suffers", async (t) => {
  const refusal = "554 5.7.1 <unknown[203.0.113.9]>: Client host rejected: Access denied";
  const { greeted } = await openProxy(t, {
    sink: { features: xclient, answer: (stage, argument) => (stage === "XCLIENT" && argument.includes("203.0.113.9") ? refusal : null) },
  });
  const [bad, good] = [await greeted(), await greeted()];
  await bad.say("XFORWARD ADDR=203.0.113.9");
  assert.equal(await bad.line("MAIL FROM:<x@evil.example>"), refusal);
  assert.match(await send(good), /^250 /);
});

test("the next hop refuses us before it knows of the client: temporary, for it is our configuration that is wrong", async (t) => {
  const { greeted, sink } = await openProxy(t);
  const client = await greeted();
  sink.script = { answer: (stage) => (stage === "greeting" ? "554 5.7.1 Go away" : null) };
  assert.match(await client.line("MAIL FROM:<a@good.example>"), /^451 4\.4\.1 /);
});

test("one connection to the next hop carries the messages of a session; another client gets another one", async (t) => {
  const { greeted, sink } = await openProxy(t, { sink: { features: xforward } });
  const client = await greeted();
  const before = sink.opened();
  for (let i = 0; i < 3; i++) assert.match(await send(client), /^250 /);
  assert.equal(sink.opened() - before, 1);
  await client.say("XFORWARD ADDR=192.0.2.1 HELO=good.example");
  assert.match(await send(client), /^250 /);
  assert.equal(sink.opened() - before, 2);
});

test("a kept connection that the next hop has closed meanwhile is replaced without a word", async (t) => {
  const { greeted, sink } = await openProxy(t, { sink: { cut: (stage, count) => (stage === "end" && count === 0 ? "after" : null) } });
  const client = await greeted();
  for (let i = 0; i < 3; i++) assert.match(await send(client), /^250 /);
  assert.equal(sink.letters.length, 3);
});

for (const [verb, features] of [
  ["XCLIENT", xclient],
  ["XFORWARD", xforward],
] as const) {
  const told = (commands: readonly string[]): string => commands.find((line) => line.startsWith(verb))?.split(" ")[1] ?? "";

  for (const [about, reverseName, name] of [
    ["confirmed", () => ({ kind: "confirmed", name: "mail.good.example" }), "NAME=mail.good.example"],
    ["none, or not confirmed", () => ({ kind: "none" }), "NAME=[UNAVAILABLE]"],
    ["not answered by DNS", () => ({ kind: "unanswered" }), "NAME=[TEMPUNAVAIL]"],
    ["lost by a fault of ours", () => Promise.reject(new Error("a bug")), "NAME=[TEMPUNAVAIL]"],
  ] as const satisfies readonly (readonly [string, Says["reverseName"] & {}, string])[])
    test(`RFC 8601 §3: the reverse name is ${about}: ${verb} ${name}`, async (t) => {
      const { greeted, sink } = await openProxy(t, { sink: { features }, says: { reverseName } });
      assert.match(await send(await greeted()), /^250 /);
      assert.equal(told(sink.commands), name);
    });

  test(`attack: reverse DNS that does not answer holds ${verb} and the message up only so long: [TEMPUNAVAIL]`, async (t) => {
    const usual = limits.proxyNameMs;
    t.after(() => Object.assign(limits, { proxyNameMs: usual }));
    Object.assign(limits, { proxyNameMs: 100 });
    const { greeted, sink } = await openProxy(t, { sink: { features }, says: { reverseName: () => new Promise(() => {}) } });
    assert.match(await send(await greeted()), /^250 /);
    assert.equal(told(sink.commands), "NAME=[TEMPUNAVAIL]");
  });

  for (const name of ["[TEMPUNAVAIL]", "[UNAVAILABLE]", "told.example"])
    test(`${verb}: NAME=${name}, told by a listed host, is passed on as it is`, async (t) => {
      const reverseName = () => ({ kind: "confirmed", name: "other.example" }) as const;
      const { greeted, sink } = await openProxy(t, { sink: { features }, says: { reverseName } });
      const client = await greeted();
      await client.say(`XFORWARD NAME=${name} ADDR=192.0.2.1 HELO=good.example`);
      assert.match(await send(client), /^250 /);
      assert.equal(told(sink.commands), `NAME=${name}`);
    });
}

for (const features of [usualFeatures, [...usualFeatures, "XCLIENT ADDR HELO"]])
  test(`a next hop that takes no name (${features.at(-1)}) waits for none`, async (t) => {
    const { greeted, sink } = await openProxy(t, { sink: { features }, says: { reverseName: () => new Promise(() => {}) } });
    const client = await greeted();
    const answer = await Promise.race([send(client), late(limits.proxyNameMs - 1000)]);
    assert.match(answer, /^250 /);
    assert.doesNotMatch(sink.commands.join("\n"), /NAME=/);
  });

test("a name that DNS says with the next message opens no other connection to the next hop", async (t) => {
  const names = [{ kind: "unanswered" }, { kind: "confirmed", name: "mail.good.example" }] as const;
  let asked = 0;
  const { greeted, sink } = await openProxy(t, { sink: { features: xclient }, says: { reverseName: () => names[asked++] ?? names[1] } });
  const client = await greeted();
  const before = sink.opened();
  for (let i = 0; i < 3; i++) assert.match(await send(client), /^250 /);
  assert.equal(sink.opened() - before, 1);
});

const late = (ms: number): Promise<string> => new Promise((resolve) => setTimeout(() => resolve("late"), ms).unref());
