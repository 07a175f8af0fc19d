/**
 * Our SMTP proxy in front of Debian's Postfix and Exim, and of an LMTP server: what they deliver, and that their replies and none but
 * theirs are passed on. The client's address comes to the proxy by XCLIENT.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Assay, startAssay } from "./mta/assay.ts";
import { freePorts, until } from "./mta/child.ts";
import { cutOff, cuts } from "./mta/cuts.ts";
import { type Exim, startExim } from "./mta/exim.ts";
import { parted, valuesOf } from "./mta/maildir.ts";
import { without } from "./mta/missing.ts";
import { type Postfix, startPostfix } from "./mta/postfix.ts";
import { type Case, replyCases } from "./mta/reply-cases.ts";
import { type Sink, startSink } from "./mta/sink.ts";
import { SmtpClient } from "./mta/smtp-client.ts";
import { swaks, type Transcript } from "./mta/swaks.ts";
import { clients, letter, rules, signedLetter, unique, zone } from "./mta/zone.ts";

const ports = await freePorts(3);

const config = (nextHop: string, port: number): string => `
authserv_id = "mx.test"
[[domains]]
name = "inbound.test"
[[domains]]
name = "six.test"
ipv6 = true
[listen]
smtp = { address = "127.0.0.1:${port}", next_hop = "${nextHop}" }
[smtp]
hostname = "mx.test"
xclient_from = ["127.0.0.1"]
[serve]
deferrals_max = 2
[policy]
mode = "enforce"
honor_reject = "always"
null_mx_inbound = true
${rules}`;

type Hop = {
  readonly name: string;
  readonly port: number;
  /** The text of all that was delivered. */
  delivered(): readonly Buffer[];
  /** A recipient that this server refuses at RCPT, and the reply to expect. */
  readonly refused: readonly [string, RegExp];
  log(): string;
};

describe("the SMTP proxy before real servers", { skip: without("postfix", "exim", "swaks") }, () => {
  let postfix: Postfix;
  let exim: Exim;
  let lmtp: Sink;
  const assays: Assay[] = [];
  const hops: Hop[] = [];

  before(async () => {
    [postfix, exim, lmtp] = await Promise.all([
      startPostfix({
        domains: ["inbound.test", "six.test"],
        // A second service of the same Postfix, as the front that hands over before its queue: through us to the first.
        submissionSettings: { smtpd_proxy_filter: `127.0.0.1:${ports[0]}` },
      }),
      startExim(),
      startSink({ protocol: "lmtp", over: "unix" }),
    ]);
    const [toPostfix = 0, toExim = 0, toLmtp = 0] = ports;
    hops.push(
      {
        name: "Postfix",
        port: toPostfix,
        delivered: postfix.delivered,
        refused: ["x@elsewhere.test", /^554 5\.7\.1 <x@elsewhere\.test>: Relay access denied$/],
        log: postfix.log,
      },
      {
        name: "Exim",
        port: toExim,
        delivered: exim.delivered,
        refused: ["refused@inbound.test", /^550 5\.1\.1 this mailbox is refused by Exim$/],
        log: exim.log,
      },
      {
        name: "LMTP",
        port: toLmtp,
        delivered: () => lmtp.kept().map(({ message }) => message),
        refused: ["rcpt-452-4.2.2@inbound.test", /^452 4\.2\.2 <rcpt-452-4\.2\.2@inbound\.test> as the test wants it$/],
        log: () => "",
      },
    );
    const nextHops = [`127.0.0.1:${postfix.port}`, `127.0.0.1:${exim.port}`, lmtp.nextHop];
    assays.push(...(await Promise.all(nextHops.map((hop, i) => startAssay({ config: config(hop, ports[i] ?? 0), zone })))));
  });
  after(async () => {
    await Promise.all(assays.map((assay) => assay.close()));
    await Promise.all([postfix?.stop(), exim?.stop(), lmtp?.stop()]);
  });

  const sent = (
    hop: Hop,
    { ip = clients.good, from = "ada@good.example", to = ["bob@inbound.test"], helo = "mail.good.example", message = letter() }: Case,
  ) =>
    swaks({
      port: hop.port,
      from,
      to,
      helo,
      message,
      xclient: `ADDR=${ip.includes(":") ? "IPV6:" : ""}${ip} NAME=[UNAVAILABLE]`,
    });
  const withId = (hop: Hop, id: string) => hop.delivered().filter((one) => one.includes(`X-Test-Id: ${id}`));
  const theOne = async (hop: Hop, id: string): Promise<Buffer> => {
    const found = await until(() => (withId(hop, id).length > 0 ? withId(hop, id) : null), {
      about: () => `${id}: ${hop.log().slice(-3000)}`,
    });
    assert.equal(found.length, 1);
    return found[0] ?? Buffer.alloc(0);
  };
  /** The same with each next hop, at once. */
  const each = async (run: (hop: Hop) => Promise<void>): Promise<void> => {
    await Promise.all(hops.map(run));
  };

  test("delivered with our fields on top of the message, forged ones gone, the rest byte for byte", () =>
    each(async (hop) => {
      const id = unique("top");
      const above =
        "Authentication-Results: mx.test; dmarc=pass\r\nAuthentication-Results: other.example; none\r\nX-Assay-Report: V:1;\r\n";
      const answers = await sent(hop, { message: `${above}${signedLetter(id)}` });
      assert.match(answers.end ?? "", /^250 /, `${hop.name}: ${answers.output}`);
      const { fields, body } = parted(await theOne(hop, id));
      const at = fields.findIndex((field) => field.startsWith("Authentication-Results: mx.test;\n spf=pass"));
      assert.ok(at >= 0, fields.join("\n"));
      // Above ours stands only what the next hop has put there.
      for (const field of fields.slice(0, at)) assert.match(field, /^(Return-Path|X-Original-To|Delivered-To|Envelope-To|Received):/i);
      assert.match(fields[at] ?? "", /dkim=pass header\.a=rsa-sha256 header\.d=signed\.example /);
      assert.match(fields[at + 1] ?? "", /^X-Assay-Report: /);
      const original = parted(Buffer.from(signedLetter(id), "latin1"));
      // A front server adds its own Received; then comes the message.
      const rest = fields.slice(at + 2).filter((field) => !field.startsWith("Received:"));
      assert.deepEqual(
        rest.map((field) => (field.startsWith("DKIM-Signature:") ? "DKIM-Signature" : field)),
        ["Authentication-Results: other.example; none", "DKIM-Signature", ...original.fields.slice(1)],
      );
      assert.equal(body, original.body);
    }));

  test("the next hop's reply to a recipient is passed on, and the others get the message", () =>
    each(async (hop) => {
      const id = unique("refused");
      const answers = await sent(hop, { to: [hop.refused[0], "bob@inbound.test"], message: letter({ id }) });
      assert.match(answers.rcpt[0] ?? "", hop.refused[1], `${hop.name}: ${answers.output}`);
      assert.match(answers.rcpt[1] ?? "", /^250 /);
      assert.match(answers.end ?? "", /^250 /);
      await theOne(hop, id);
    }));

  test("what is refused by policy never reaches the next hop's mailboxes", () =>
    each(async (hop) => {
      const ids = [unique("policy"), unique("policy"), unique("policy")];
      const [reject, ipv6, nullMx] = await Promise.all([
        sent(hop, { ip: clients.stranger, from: "x@nothing.example", message: letter({ id: ids[0] ?? "" }) }),
        sent(hop, { ip: clients.six, message: letter({ id: ids[1] ?? "" }) }),
        sent(hop, { from: "x@noreply.example", message: letter({ id: ids[2] ?? "" }) }),
      ]);
      assert.match(reject?.end ?? "", /^550 5\.7\.509 Access denied, sending domain \[good\.example\] does not pass DMARC verification/);
      assert.equal(ipv6?.rcpt[0], "550 5.2.1 Service unavailable, [inbound.test] does not accept email over IPv6.");
      assert.equal(nullMx?.mail, "550 5.7.27 Sender address has null MX");
      // What is sent after them has come: so would they have.
      const id = unique("after");
      await sent(hop, { message: letter({ id }) });
      await theOne(hop, id);
      for (const one of ids) assert.equal(withId(hop, one).length, 0, hop.name);
    }));

  test("each reply of the policy, word for word, as through the milter", async () => {
    const [hop] = hops;
    assert.ok(hop !== undefined);
    const inbound = replyCases.filter(({ login }) => login === undefined);
    const answered = await Promise.all(inbound.map(async (one) => ({ one, answers: await sent(hop, one) })));
    for (const { one, answers } of answered) {
      const reply = one.at === "rcpt" ? answers.rcpt[0] : answers[one.at];
      assert.match(reply ?? "", one.reply, `${one.name}:\n${answers.output}`);
    }
  });

  test("the next hop's reply to the message is the client's: none of ours stands for it", async () => {
    const hop = hops[2];
    assert.ok(hop !== undefined);
    const to = (address: string): Promise<Transcript> => sent(hop, { to: [address] });
    const [refused, later] = await Promise.all([to("end-554-5.6.0@inbound.test"), to("end-452-4.2.2@inbound.test")]);
    assert.equal(refused.end, "554 5.6.0 <end-554-5.6.0@inbound.test> as the test wants it");
    assert.equal(later.end, "452 4.2.2 <end-452-4.2.2@inbound.test> as the test wants it");
  });

  test("Postfix sees the true client, by XCLIENT", async () => {
    const [hop] = hops;
    assert.ok(hop !== undefined);
    const ids = [unique("client"), unique("client")];
    await sent(hop, { message: letter({ id: ids[0] ?? "" }) });
    await sent(hop, { ip: clients.six, to: ["bob@six.test"], message: letter({ id: ids[1] ?? "" }) });
    assert.match(valuesOf(await theOne(hop, ids[0] ?? ""), "Received")[0] ?? "", /from mail\.good\.example \([^)]*\[192\.0\.2\.1\]\)/);
    assert.match(valuesOf(await theOne(hop, ids[1] ?? ""), "Received")[0] ?? "", /\[IPv6:2001:db8::1\]/);
  });

  test("attack: Postfix is told a client's reverse name where DNS confirms it, and not one that the client has only claimed", async () => {
    const [hop] = hops;
    assert.ok(hop !== undefined);
    const [from, helo] = ["x@nothing.example", "client.example"];
    for (const [ip, name] of [
      [clients.good, "mail.good.example"],
      [clients.forger, "unknown"],
      [clients.stranger, "unknown"],
    ] as const) {
      const id = unique("named");
      const answers = await swaks({
        ...{ port: hop.port, from, to: ["bob@inbound.test"], helo },
        ...{ message: letter({ id, from }), xclient: `ADDR=${ip}` },
      });
      assert.match(answers.end ?? "", /^250 /, answers.output);
      const received = valuesOf(await theOne(hop, id), "Received")[0] ?? "";
      assert.ok(received.includes(`from client.example (${name} [${ip}])`), received);
    }
  });

  test("smtpd_proxy_filter: Postfix tells us of its client by XFORWARD, and its client sees our reply", async () => {
    const [hop] = hops;
    assert.ok(hop !== undefined);
    const front = { ...hop, port: postfix.submissionPort };
    const id = unique("filter");
    const [taken, refused] = await Promise.all([
      sent(front, { message: letter({ id }) }),
      sent(front, { ip: clients.stranger, from: "x@nothing.example" }),
    ]);
    assert.match(taken.end ?? "", /^250 /, taken.output);
    assert.match(valuesOf(await theOne(hop, id), "Authentication-Results")[0] ?? "", /spf=pass[\s\S]*policy\.iprev=192\.0\.2\.1/);
    assert.match(refused.end ?? "", /^550 5\.7\.509 Access denied, sending domain \[good\.example\] does not pass DMARC verification/);
  });

  test("a client that is cut off, at whatever stage, leaves nothing behind any of them", () =>
    each(async (hop) => {
      await Promise.all(cuts.map((cut) => cutOff(hop.port, cut)));
      const id = unique("after");
      assert.match((await sent(hop, { message: letter({ id }) })).end ?? "", /^250 /);
      await theOne(hop, id);
      assert.equal(withId(hop, "cut").length, 0, hop.name);
    }));

  test("a body of 45 MB goes through to Postfix", async () => {
    const [hop] = hops;
    assert.ok(hop !== undefined);
    const id = unique("large");
    const client = await SmtpClient.open(hop.port);
    await client.greet("mail.good.example", `ADDR=${clients.good}`);
    const body = `${"x".repeat(998)}\r\n`.repeat(45_000);
    const answers = await client.convey({ from: "ada@good.example", to: ["bob@inbound.test"] }, letter({ id, body }));
    await client.quit();
    assert.equal(answers.end?.code, 250, answers.end?.text);
    assert.equal(parted(await theOne(hop, id)).body.length, 45_000 * 999);
  });
});
