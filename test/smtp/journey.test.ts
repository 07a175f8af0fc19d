/** The proxy with the real journey: verdict and headers of a message as they come out at the next hop, and refusals as the client hears them. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { loadConfig } from "../../src/config/load.ts";
import { openService } from "../../src/gateway/dialogue/dialogue.ts";
import type { Service } from "../../src/gateway/dialogue/journey.ts";
import { judgePolicyOf } from "../../src/gateway/judge-policy.ts";
import { zoneResolver } from "../../src/system/zone-resolver.ts";
import { type Open, type OpenOptions, openProxy, send } from "./proxy.ts";

const zone = {
  "good.example": [{ TXT: "v=spf1 ip4:192.0.2.1 -all" }],
  "_dmarc.good.example": [{ TXT: "v=DMARC1; p=reject" }],
  "nospf.example": [{ MX: [10, "mx.nospf.example"] }],
  "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa": [{ PTR: "mail.nospf.example" }],
  "mail.nospf.example": [{ AAAA: "2001:db8::1" }],
} as const;

const enforcing = '[policy]\nmode = "enforce"\n[[domains]]\nname = "us.example"\nipv6 = true\n';

function serviceOf(toml: string): Service {
  const loaded = loadConfig(Buffer.from(toml));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  const { config } = loaded;
  return openService({
    resolver: zoneResolver(zone),
    clock: () => 1_800_000_000_000,
    random: () => 0.5,
    memory: null,
    rules: () => ({
      policy: judgePolicyOf(config),
      policyVersion: "v",
      authservId: "mx.us.example",
      journal: undefined,
      deferralsMax: 3,
      messagesMax: 100,
    }),
    observer: { onAnswer: () => {}, onDecision: () => {}, onFault: (error) => assert.fail(String(error)) },
  });
}

async function opened(t: TestContext, toml: string, more: OpenOptions = {}): Promise<Open> {
  return openProxy(t, { service: serviceOf(toml), ...more });
}

const from = (author: string): string =>
  `Authentication-Results: mx.us.example; spf=pass; dmarc=pass\r\nFrom: <${author}>\r\nSubject: x\r\n\r\nbody\r\n`;

test("a message that passes: our Authentication-Results on top, the forged one gone, the rest as it was", async (t) => {
  const { greeted, sink } = await opened(t, enforcing);
  const client = await greeted();
  await client.say("XFORWARD ADDR=192.0.2.1 HELO=mail.good.example");
  assert.match(await send(client, from("ada@good.example")), /^250 /);
  const body = sink.letters[0]?.body.toString() ?? "";
  assert.match(body, /^Authentication-Results: mx\.us\.example;\r\n spf=pass/);
  assert.equal(body.match(/^Authentication-Results:/gm)?.length, 1);
  assert.ok(body.endsWith("From: <ada@good.example>\r\nSubject: x\r\n\r\nbody\r\n"));
});

test("DMARC reject is said to the client, and the next hop gets nothing", async (t) => {
  const { greeted, sink } = await opened(t, enforcing);
  const client = await greeted();
  await client.say("XFORWARD ADDR=203.0.113.9 HELO=evil.example");
  assert.match(await send(client, from("ada@good.example")), /^550 5\.7\.509 /);
  assert.equal(sink.letters.length, 0);
  assert.ok(!sink.commands.includes("DATA"));
});

test("anonymous IPv6: no PTR is 450 4.7.25 at RCPT, neither SPF nor DKIM 450 4.7.26 at the end of DATA", async (t) => {
  const { greeted, sink } = await opened(t, enforcing);
  const client = await greeted();
  await client.say("XFORWARD ADDR=IPV6:2001:db8::3 HELO=x.example");
  assert.match(await send(client, from("x@nospf.example")), /^450 4\.7\.25 /);
  await client.say("RSET");
  await client.say("XFORWARD ADDR=IPV6:2001:db8::1 HELO=mail.nospf.example");
  await client.say("MAIL FROM:<x@nospf.example>");
  await client.say("RCPT TO:<bob@us.example>");
  await client.say("DATA");
  client.write(from("x@nospf.example"));
  assert.match(await client.line("."), /^450 4\.7\.26 /);
  assert.equal(sink.letters.length, 0);
});

test("observe: the same message is delivered, marked", async (t) => {
  const { greeted, sink } = await opened(t, "");
  const client = await greeted();
  await client.say("XFORWARD ADDR=203.0.113.9 HELO=evil.example");
  assert.match(await send(client, from("ada@good.example")), /^250 /);
  assert.match(sink.letters[0]?.body.toString() ?? "", /dmarc=fail/);
});

test("submission: outbound, not judged", async (t) => {
  const { greeted, sink } = await opened(t, enforcing, { door: { listener: "submission" } });
  const client = await greeted();
  await client.say("XCLIENT ADDR=203.0.113.9 LOGIN=ada@good.example");
  await client.say("EHLO laptop.example");
  assert.match(await send(client, from("ada@good.example")), /^250 /);
  assert.equal(sink.letters.length, 1);
});
