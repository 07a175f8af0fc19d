/**
 * Crashes under load: `assay serve`, the next hop and the DNS server are killed while messages are being sent. Whatever the client was told
 * is what happened: 250, and the message is there once; refused, and it is not there. Service comes back by itself. Then the orderly ways:
 * SIGTERM ends what is under way and no more, SIGHUP drops nothing.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type DnsServer, dnsServer } from "../dns-server.ts";
import { type Assay, startAssay } from "./mta/assay.ts";
import { freePorts, pause, until } from "./mta/child.ts";
import { assertAsTold, assertResumed, passing, throughCrash, to, xclient } from "./mta/crash.ts";
import type { Load } from "./mta/load.ts";
import { valuesOf } from "./mta/maildir.ts";
import { without } from "./mta/missing.ts";
import { type Postfix, startPostfix } from "./mta/postfix.ts";
import { type Sink, startSink } from "./mta/sink.ts";
import { ConnectionLost, SmtpClient } from "./mta/smtp-client.ts";
import { clients, letter, unique, zone } from "./mta/zone.ts";
import { missingServers, type RealDns, startRealDns } from "./real-dns.ts";

const base = `
authserv_id = "mx.test"
[[domains]]
name = "inbound.test"
[policy]
mode = "enforce"
honor_reject = "always"
`;

describe("crashes under load, milter with Postfix", { skip: without("postfix") }, () => {
  let assay: Assay;
  let postfix: Postfix;
  /** Whose DNS server takes every question and answers none; behind Postfix's second service. */
  let deaf: Assay;
  let silent: DnsServer;

  before(async () => {
    const [port = 0, http = 0, deafPort = 0] = await freePorts(3);
    silent = await dnsServer(() => {});
    deaf = await startAssay({
      config: `${base.replace('"inbound.test"', '"inbound.test"\nipv6 = true')}[listen]\nmilter = "inet:127.0.0.1:${deafPort}"\n`,
      dns: silent.address,
    });
    assay = await startAssay({ config: `${base}[listen]\nmilter = "inet:127.0.0.1:${port}"\nhttp = "127.0.0.1:${http}"\n`, zone });
    postfix = await startPostfix({
      milter: `inet:127.0.0.1:${port}`,
      submissionMilter: `inet:127.0.0.1:${deafPort}`,
      // Shorter than DNS may take: only a milter that says that it is still at work is waited for.
      settings: { milter_content_timeout: "7s" },
    });
  });
  after(async () => {
    await postfix?.stop();
    await Promise.all([assay?.close(), deaf?.close(), silent?.close()]);
  });

  test("a DNS server that never answers: Postfix is kept waiting, with word that we are at work, and told 451 with the reason", async () => {
    const began = Date.now();
    const told = await Promise.all(
      [`ADDR=${clients.good}`, `ADDR=IPV6:${clients.six}`].map(async (address) => {
        const client = await SmtpClient.open(postfix.submissionPort);
        await client.greet("mail.good.example", address);
        const { rcpt, end } = await client.convey({ from: "ada@good.example", to: [to] }, letter());
        await client.quit();
        return end?.text ?? rcpt[0]?.text ?? "";
      }),
    );
    assert.ok(Date.now() - began > 7000, "it took less than Postfix waits without a word: the test shows nothing");
    assert.match(told[0] ?? "", /^451 4\.\d+\.\d+ Temporary DNS failure while /);
    assert.equal(
      told[1],
      "451 4.4.3 Temporary DNS failure while looking up the reverse DNS record of [2001:db8::1], please try again later.",
    );
    assert.doesNotMatch(postfix.log(), /warning: milter/);
  });

  test("kill -9 of Assay: told to come again until it is back; what was accepted is there once, stamped", async () => {
    const crash = async () => {
      await assay.kill9();
      await pause(300);
      await assay.start();
    };
    const sent = await throughCrash(postfix.port, { before: 100, crash, message: passing });
    await postfix.settled();
    const delivered = postfix.delivered();
    assertResumed(sent);
    assertAsTold(sent, delivered);
    assert.ok(!sent.some(({ told }) => told === "nothing"), "Postfix answered every one");
    for (const one of delivered) assert.match(valuesOf(one, "Authentication-Results")[0] ?? "", /^ ?mx\.test;\n spf=pass/);
  });

  test("SIGTERM: a message under way is finished and stamped, nothing new is taken, exit status 0", async () => {
    const client = await SmtpClient.open(postfix.port);
    await client.greet("mail.good.example", xclient);
    const id = unique("drain");
    await client.envelope({ from: "ada@good.example", to: [to] });
    assert.equal((await client.send("DATA")).code, 354);
    // Postfix hands the message to the milter when it is whole: a long one is on its way for a while.
    const rest = letter({ id, body: `${"x".repeat(998)}\r\n`.repeat(90_000) });
    await client.write(Buffer.from(rest, "latin1"));
    const answer = client.send(".");
    await until(async () => (await assay.metric("assay_messages_in_flight")) === 1, { about: () => "the message is not under way" });
    const status = assay.stop();
    assert.equal((await answer).code, 250);
    assert.equal(await status, 0);
    const ending = assay.lines().findLast(({ message }) => String(message).startsWith("ending"));
    assert.equal(ending?.["inFlight"], 1, "it was under way when the signal came");
    await client.quit();
    await postfix.settled();
    const mine = postfix.delivered().filter((one) => one.includes(`X-Test-Id: ${id}`));
    assert.equal(mine.length, 1);
    assert.match(valuesOf(mine[0] ?? Buffer.alloc(0), "Authentication-Results")[0] ?? "", /spf=pass/);
    const late = await SmtpClient.open(postfix.port);
    await late.greet("mail.good.example", xclient);
    assert.equal((await late.envelope({ from: "ada@good.example", to: [to] })).mail.code, 451);
    await late.quit();
    await assay.start();
  });
});

describe("crashes under load, proxy", { skip: without() }, () => {
  let assay: Assay;
  let sink: Sink;
  let port = 0;
  const proxyConfig = (policy = base) =>
    `${policy}[listen]\nsmtp = { address = "127.0.0.1:${port}", next_hop = "${sink.nextHop}" }\n[smtp]\nhostname = "mx.test"\nxclient_from = ["127.0.0.1"]\n`;

  before(async () => {
    [port = 0] = await freePorts(1);
    sink = await startSink({ protocol: "smtp" });
    assay = await startAssay({ config: proxyConfig(), zone });
  });
  after(async () => {
    await assay?.close();
    await sink?.stop();
  });

  const delivered = () => sink.kept().map(({ message }) => message);

  test("kill -9 of Assay: nothing that was accepted is lost, and it serves again when it is started", async () => {
    const crash = async () => {
      await assay.kill9();
      await pause(300);
      await assay.start();
    };
    const sent = await throughCrash(port, { before: 150, crash, message: passing });
    assertResumed(sent);
    assertAsTold(sent, delivered());
    assert.ok(sent.filter(({ told }) => told === "nothing").length <= 8, "at most one a connection is in doubt");
  });

  test("kill -9 of the next hop: 4xx and never 250 while it is gone; it is found again without a restart of ours", async () => {
    const pid = assay.pid;
    const crash = async () => {
      await sink.kill9();
      await pause(500);
      await sink.start();
    };
    const sent = await throughCrash(port, { before: 150, crash, message: passing });
    assertResumed(sent);
    assertAsTold(sent, delivered());
    assert.ok(!sent.some(({ told }) => told === "nothing"), "the client was answered every time");
    assert.equal(assay.pid, pid);
  });

  const begin = async (client: SmtpClient): Promise<void> => {
    await client.greet("mail.good.example", xclient);
    const { rcpt } = await client.envelope({ from: "ada@good.example", to: [to] });
    assert.equal(rcpt[0]?.code, 250);
    assert.equal((await client.send("DATA")).code, 354);
  };

  test("SIGHUP counts for the next message, on the connection that is open", async () => {
    const client = await SmtpClient.open(port);
    await client.greet("mail.good.example", xclient);
    const withoutFrom = letter({ from: "" });
    assert.equal((await client.convey({ from: "ada@good.example", to: [to] }, withoutFrom)).end?.code, 550);
    await assay.reload(proxyConfig(base.replace('"enforce"', '"observe"')));
    assert.equal((await client.convey({ from: "ada@good.example", to: [to] }, withoutFrom)).end?.code, 250);
    const line = await assay.reload("[policy]\nmode = 5\n");
    assert.equal(line["level"], "error");
    assert.match(JSON.stringify(line), /configuration refused.*policy\.mode|policy\.mode.*configuration refused/);
    assert.equal(
      (await client.convey({ from: "ada@good.example", to: [to] }, withoutFrom)).end?.code,
      250,
      "and the old one stays in force",
    );
    await assay.reload(proxyConfig());
    assert.equal((await client.convey({ from: "ada@good.example", to: [to] }, withoutFrom)).end?.code, 550);
    await client.quit();
  });

  test("SIGTERM: a message under way is finished, idle connections end, new ones are not taken, exit status 0", async () => {
    const [busy, idle] = [await SmtpClient.open(port), await SmtpClient.open(port)];
    await idle.greet("idle.example");
    await begin(busy);
    const id = unique("drain");
    await busy.write(Buffer.from(letter({ id })));
    const status = assay.stop();
    const isClosed = new Promise<void>((resolve) => idle.socket.once("close", () => resolve()));
    await isClosed;
    await assert.rejects(SmtpClient.open(port), ConnectionLost);
    await busy.write(Buffer.from("the rest of it\r\n"));
    assert.equal((await busy.send(".")).code, 250);
    assert.equal(await status, 0);
    assert.equal(delivered().filter((one) => one.includes(`X-Test-Id: ${id}`)).length, 1);
    assert.ok(delivered().some((one) => one.includes(`X-Test-Id: ${id}`) && one.includes("the rest of it")));
    await assay.start();
  });
});

const noDns = without() || (missingServers() ?? false);

describe("the DNS server crashes under load", { skip: noDns }, () => {
  let assay: Assay;
  let sink: Sink;
  let dns: RealDns;
  let port = 0;

  before(async () => {
    [port = 0] = await freePorts(1);
    // A name for each message: no answer is known from before.
    const zones = {
      "load.example": `*.n TXT "v=spf1 ip4:${clients.good} -all"\n_dmarc TXT "v=DMARC1; p=reject"\n`,
    };
    [sink, dns] = await Promise.all([startSink({ protocol: "smtp" }), startRealDns(zones, "load.example")]);
    const config = `${base}[listen]\nsmtp = { address = "127.0.0.1:${port}", next_hop = "${sink.nextHop}" }\n[smtp]\nhostname = "mx.test"\nxclient_from = ["127.0.0.1"]\n`;
    assay = await startAssay({ config, dns: dns.unbound });
  });
  after(async () => {
    await assay?.close();
    await Promise.all([sink?.stop(), dns?.close()]);
  });

  test("kill -9 of unbound: 451 and nothing else while it is gone, nobody refused for good, served again when it is back", async () => {
    const crash = async () => {
      await dns.killUnbound();
      await pause(1000);
      await dns.startUnbound();
    };
    const message: Load["message"] = () => {
      const id = unique("dns");
      const from = `ada@${id}.n.load.example`;
      return { id, from, to, text: letter({ id, from }) };
    };
    const sent = await throughCrash(port, { before: 60, crash, message });
    assertResumed(sent);
    const kept = sink.kept().map(({ message: text }) => text);
    assertAsTold(sent, kept);
    for (const { told, reply } of sent) if (told === "refused") assert.match(reply, /^451 /);
    // Where the DMARC record alone could not be had, the aligned SPF pass stands (reason 111).
    for (const one of kept) {
      assert.match(valuesOf(one, "Authentication-Results")[0] ?? "", /spf=pass[\s\S]*dmarc=(pass|temperror)[\s\S]*compauth=pass/);
    }
  });
});
