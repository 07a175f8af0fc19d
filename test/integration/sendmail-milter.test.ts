/**
 * Debian's Sendmail with our milter: what it adds and takes out, what it refuses and defers. Sendmail passes everything on to a sink that
 * keeps it. The client's address is one of 127.0.0.0/8: Sendmail knows no XCLIENT.
 */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Assay, startAssay } from "./mta/assay.ts";
import { freePorts, until } from "./mta/child.ts";
import { parted, valuesOf } from "./mta/maildir.ts";
import { without } from "./mta/missing.ts";
import { type Sendmail, startSendmail } from "./mta/sendmail.ts";
import { type Sink, startSink } from "./mta/sink.ts";
import { SmtpClient } from "./mta/smtp-client.ts";
import { swaks, type Transcript } from "./mta/swaks.ts";
import { letter, rules, signedLetter, unique, zone } from "./mta/zone.ts";

const [milterPort = 0] = await freePorts(1);

const config = `
authserv_id = "mx.test"
[[domains]]
name = "inbound.test"
[listen]
milter = "inet:127.0.0.1:${milterPort}"
[milter]
outbound_daemons = ["ORIGINATING"]
[serve]
deferrals_max = 2
[policy]
mode = "enforce"
honor_reject = "always"
null_mx_inbound = true
${rules}`;

/** Listed by the SPF record of good.example, and not. */
const [listed, stranger] = ["127.0.0.2", "127.0.1.9"];

describe("Sendmail with our milter", { skip: without("sendmail", "m4", "swaks") }, () => {
  let assay: Assay;
  let sendmail: Sendmail;
  let sink: Sink;

  before(async () => {
    [assay, sink] = await Promise.all([startAssay({ config, zone }), startSink({ protocol: "smtp" })]);
    sendmail = await startSendmail({ milter: `inet:${milterPort}@127.0.0.1`, nextHopPort: sink.port ?? 0 });
  });
  after(async () => {
    await sendmail?.stop();
    await Promise.all([assay?.close(), sink?.stop()]);
  });

  type Case = {
    readonly ip?: string;
    readonly from?: string;
    readonly message?: string;
    readonly to?: readonly string[];
    readonly port?: number;
  };
  const sent = ({
    port = sendmail.port,
    ip = listed,
    from = "ada@good.example",
    message = letter(),
    to = ["bob@inbound.test"],
  }: Case): Promise<Transcript> => swaks({ port, from, to, message, helo: "mail.good.example", options: ["--local-interface", ip] });
  const passedOn = (id: string): Promise<Buffer> =>
    until(() => sink.kept().find(({ message }) => message.includes(`X-Test-Id: ${id}`))?.message ?? null, {
      about: () => `${id} was not passed on: ${sendmail.log().slice(-4000)}`,
    });

  test("Authentication-Results stands above Sendmail's own Received, forged ones are gone, others stay", async () => {
    const id = unique("top");
    const above = [
      "Authentication-Results: mx.test; dmarc=pass header.from=bank.example",
      "Authentication-Results: other.example; spf=pass smtp.mailfrom=first.example",
      "Authentication-Results: mx.test;\r\n\tdkim=pass header.d=bank.example",
      "X-Assay-Report: ACTION:deliver;V:1;",
      // RFC 5322 §4.5: white space before the colon; readers take it for the same field.
      "Authentication-Results : mx.test; dmarc=pass header.from=bank.example",
      "Authentication-Results\t: mx.test; dkim=pass header.d=bank.example",
    ].join("\r\n");
    const answers = await sent({ message: letter({ id, above: `${above}\r\n` }) });
    assert.match(answers.end ?? "", /^250 2\.0\.0 /, answers.output);
    const message = await passedOn(id);
    const { fields, body } = parted(message);
    assert.deepEqual(
      fields.slice(0, 3).map((field) => field.slice(0, field.indexOf(":"))),
      ["Authentication-Results", "X-Assay-Report", "Received"],
    );
    assert.match(fields[0] ?? "", /^Authentication-Results: mx\.test;\n spf=pass smtp\.mailfrom=good\.example/);
    assert.match(fields[0] ?? "", /dmarc=pass/);
    const stamps = valuesOf(message, "Authentication-Results").map((value) => value.trim());
    assert.deepEqual(stamps.slice(1), ["other.example; spf=pass smtp.mailfrom=first.example"]);
    assert.equal(valuesOf(message, "X-Assay-Report").length, 1);
    assert.equal(message.includes("bank.example"), false);
    assert.equal(body, "body\n");
  });

  test("RFC 6376 §3.4.1: a simple/simple signature verifies: no white space was lost on the way to us", async () => {
    const id = unique("dkim");
    const answers = await sent({ ip: stranger, from: "x@nothing.example", message: signedLetter(id) });
    assert.match(answers.end ?? "", /^250/, answers.output);
    assert.match(
      valuesOf(await passedOn(id), "Authentication-Results")[0] ?? "",
      /dkim=pass header\.a=rsa-sha256 header\.d=signed\.example /,
    );
  });

  test("replies of the policy, word for word: at MAIL, after DATA, and with percent signs", async () => {
    const [nullMx, rejected, percent] = await Promise.all([
      sent({ from: "x@noreply.example" }),
      sent({ ip: stranger, from: "x@nothing.example" }),
      sent({ message: letter({ above: "X-Test-Rule: percent\r\n" }) }),
    ]);
    // The address in front is Sendmail's doing.
    assert.equal(nullMx.mail, "550 5.7.27 <x@noreply.example>... Sender address has null MX");
    assert.match(
      rejected.end ?? "",
      /^550 5\.7\.509 Access denied, sending domain \[good\.example\] does not pass DMARC verification and has a DMARC policy of reject\. \[id [0-9a-f]{28}\]$/,
    );
    assert.match(percent.end ?? "", /^550 5\.7\.1 100% sure: %s, %d and %% are only text \[id /);
  });

  test("a daemon that is listed takes our own users' mail: outbound, wherever they are", async () => {
    const id = unique("out");
    const answers = await sent({ port: sendmail.submissionPort, ip: stranger, message: letter({ id }), to: ["x@partner.example"] });
    assert.match(answers.end ?? "", /^250 /, answers.output);
    assert.match(valuesOf(await passedOn(id), "X-Assay-Report")[0] ?? "", /DIR:OUT;/);
    const nullMx = await sent({ port: sendmail.submissionPort, to: ["x@noreply.example"] });
    assert.match(nullMx.rcpt[0] ?? "", /^556 5\.1\.10 .*Recipient address has null MX$/);
  });

  test("what cannot be decided is deferred, and accepted, marked, when it has come often enough", async () => {
    const id = unique("undecided");
    const again = () => sent({ ip: stranger, from: "x@broken.example", message: letter({ id, from: "x@broken.example" }) });
    assert.match((await again()).end ?? "", /^451 4\.\d+\.\d+ Temporary DNS failure while /);
    assert.match((await again()).end ?? "", /^451 4\.\d+\.\d+ Temporary DNS failure while /);
    assert.match((await again()).end ?? "", /^250 /);
    assert.match(valuesOf(await passedOn(id), "Authentication-Results")[0] ?? "", /spf=temperror/);
  });

  test("several messages on one connection are each their own, a refused one and RSET between them", async () => {
    const client = await SmtpClient.open(sendmail.port, listed);
    await client.greet("mail.good.example");
    const [first, third] = [unique("several"), unique("several")];
    const to = ["bob@inbound.test"];
    assert.equal((await client.convey({ from: "ada@good.example", to }, letter({ id: first }))).end?.code, 250);
    assert.equal((await client.convey({ from: "ada@good.example", to }, letter({ from: "" }))).end?.code, 550);
    assert.equal((await client.envelope({ from: "x@noreply.example", to })).mail.code, 550);
    assert.equal((await client.send("RSET")).code, 250);
    const message = letter({ id: third, from: "x@nothing.example" });
    assert.equal((await client.convey({ from: "x@nothing.example", to }, message)).end?.code, 250);
    await client.quit();
    assert.match(valuesOf(await passedOn(first), "Authentication-Results")[0] ?? "", /spf=pass smtp\.mailfrom=good\.example/);
    assert.match(valuesOf(await passedOn(third), "Authentication-Results")[0] ?? "", /spf=none smtp\.mailfrom=nothing\.example/);
  });

  test("without us, F=T: the message is told to come again; with us again, it is taken", async () => {
    await assay.kill9();
    const lost = await sent({});
    assert.match(lost.mail ?? "", /^451 4\.3\.2 /, lost.output);
    await assay.start();
    const id = unique("again");
    assert.match((await sent({ message: letter({ id }) })).end ?? "", /^250 /);
    assert.match(valuesOf(await passedOn(id), "Authentication-Results")[0] ?? "", /spf=pass/);
  });
});
