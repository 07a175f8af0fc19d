/**
 * Debian's Exim in front, whose spam condition asks Assay (`spamd_address = … variant=rspamd`) with the lines of docs/exim.md: what swaks reads
 * as a client, and what is delivered. The client's address comes to Exim by the PROXY protocol.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { type Assay, startAssay } from "./mta/assay.ts";
import { freePorts, until } from "./mta/child.ts";
import { type Exim, startExim } from "./mta/exim.ts";
import { parted, valuesOf } from "./mta/maildir.ts";
import { without } from "./mta/missing.ts";
import { swaks, type Transcript } from "./mta/swaks.ts";
import { clients, letter, rules, signedLetter, unique, zone } from "./mta/zone.ts";

const page = readFileSync(new URL("../../docs/exim.md", import.meta.url), "utf8");
const [main = "", acl = ""] = [...page.matchAll(/```exim\n([\s\S]*?)```/g)].map(([, lines = ""]) => lines);

const config = (port: number, mode: "observe" | "enforce"): string => `
authserv_id = "mx.test"
[[domains]]
name = "inbound.test"
[[domains]]
name = "six.test"
ipv6 = true
[listen]
http = "127.0.0.1:${port}"
[policy]
mode = "${mode}"
honor_reject = "always"
${rules}`;

type Sent = { readonly ip?: string; readonly from?: string; readonly to?: string; readonly message: string };

describe("Exim's spam condition", { skip: without("exim", "swaks") }, () => {
  let assay: Assay;
  let exim: Exim;
  let port = 0;
  before(async () => {
    [port = 0] = await freePorts(1);
    assert.match(main, / 8890 variant=rspamd\n/);
    [assay, exim] = await Promise.all([
      startAssay({ config: config(port, "enforce"), zone }),
      startExim({ main: main.replace(" 8890 ", ` ${port} `), acl }),
    ]);
  });
  after(async () => {
    await assay?.close();
    await exim?.stop();
  });

  const sent = ({ ip = clients.good, from = "ada@good.example", to = "bob@inbound.test", message }: Sent): Promise<Transcript> => {
    const family = ip.includes(":") ? "TCP6" : "TCP4";
    const places = ["--proxy-family", family, "--proxy-source", ip, "--proxy-source-port", "4711"];
    const options = [...places, "--proxy-dest", family === "TCP6" ? "2001:db8::25" : "192.0.2.25", "--proxy-dest-port", "25"];
    return swaks({ port: exim.proxiedPort, from, to: [to], helo: "mail.good.example", message, options });
  };
  /** Exim breaks long replies into several lines, each with the codes (RFC 5321 §4.2.1). */
  const replyOf = ({ end }: Transcript): string => (end ?? "").replace(/\n[0-9]{3}[- ][0-9.]+ /g, " ").replace(/^([0-9]{3})-/, "$1 ");
  const delivered = (id: string): Promise<Buffer> =>
    until(() => exim.delivered().find((one) => one.includes(`X-Test-Id: ${id}`)) ?? null, { about: () => exim.log().slice(-3000) });

  test("good mail is delivered with our fields on top of the message, once each, and forged ones gone", async () => {
    const id = unique("good");
    const above =
      "Authentication-Results: mx.test; dmarc=pass\r\nX-Assay-Report: V:1;FORGED:;\r\nAuthentication-Results: mx.test; spf=pass\r\n";
    const answers = await sent({ message: letter({ id, above }) });
    assert.match(answers.end ?? "", /^250 /, answers.output + exim.log());
    const message = await delivered(id);
    const { fields } = parted(message);
    const results = valuesOf(message, "Authentication-Results");
    assert.equal(results.length, 1, fields.join("\n"));
    assert.match(results[0] ?? "", /spf=pass smtp\.mailfrom=good\.example[\s\S]*dmarc=pass[\s\S]*compauth=pass reason=100/);
    const reports = valuesOf(message, "X-Assay-Report");
    assert.equal(reports.length, 1);
    assert.match(reports[0] ?? "", new RegExp(`CIP:${clients.good.replaceAll(".", "\\.")};`));
    const at = (name: string): number => fields.findIndex((field) => field.startsWith(`${name}:`));
    assert.ok(at("Authentication-Results") < at("X-Assay-Report") && at("X-Assay-Report") < at("From"), fields.join("\n"));
    assert.equal(at("X-ACL-Warn"), -1);
    const line = assay.lines().findLast((one) => String(one["message"]).length > 0 && JSON.stringify(one).includes(id));
    assert.ok(line !== undefined, assay.output().slice(-2000));
  });

  test("a signature over every blank passes, though Exim hands over lines that end with LF", async () => {
    const id = unique("signed");
    const answers = await sent({ ip: clients.stranger, from: "ada@signed.example", message: signedLetter(id) });
    assert.match(answers.end ?? "", /^250 /, answers.output);
    const [results = ""] = valuesOf(await delivered(id), "Authentication-Results");
    assert.match(results, /dkim=pass header\.a=rsa-sha256 header\.d=signed\.example /);
  });

  test("attack: a spoof of a domain with p=reject is refused with Assay's own reply and codes", async () => {
    const answers = await sent({ ip: clients.stranger, from: "x@nothing.example", message: letter() });
    assert.match(replyOf(answers), /^550 5\.7\.509 Access denied, sending domain \[good\.example\] does not pass DMARC verification /);
    assert.equal(answers.status, 26);
  });

  test("attack: % in a reply is only text", async () => {
    const answers = await sent({ message: letter({ above: "X-Test-Rule: percent\r\n" }) });
    assert.match(replyOf(answers), /^550 5\.\d\.\d+ 100% sure: %s, %d and %% are only text/);
  });

  test("junk is delivered, and its report says so", async () => {
    const id = unique("junk");
    const answers = await sent({ message: letter({ id, above: "X-Test-Rule: junk\r\n" }) });
    assert.match(answers.end ?? "", /^250 /, answers.output);
    const [report = ""] = valuesOf(await delivered(id), "X-Assay-Report");
    assert.match(report, /ACTION:junk;/);
  });

  test("anonymous IPv6 without a reverse name is told to come again, with 450 4.7.25", async () => {
    const answers = await sent({ ip: clients.sixWithoutPtr, to: "bob@six.test", message: letter() });
    assert.match(
      replyOf(answers),
      /^450 4\.7\.25 Service unavailable, sending IPv6 address \[2001:db8::3\] must have reverse DNS record\./,
    );
  });

  test("2 MB, and a bounce (RFC 5321 §4.5.5)", async () => {
    const [large, bounce] = [unique("large"), unique("bounce")];
    const body = "a line of seventy octets or so, over and over until it is enough......\r\n".repeat(30_000);
    assert.match((await sent({ message: letter({ id: large, body }) })).end ?? "", /^250 /);
    assert.match((await sent({ ip: clients.stranger, from: "<>", message: signedLetter(bounce) })).end ?? "", /^250 /);
    assert.match(valuesOf(await delivered(large), "Authentication-Results")[0] ?? "", /compauth=pass/);
    assert.match(valuesOf(await delivered(bounce), "Authentication-Results")[0] ?? "", /smtp\.helo=mail\.good\.example/);
  });

  test("observed, nothing is refused; with Assay down, mail is told to come again", async () => {
    await assay.reload(config(port, "observe"));
    const id = unique("observed");
    const spoof = { ip: clients.stranger, from: "x@nothing.example", message: letter({ id }) };
    assert.match((await sent(spoof)).end ?? "", /^250 /);
    assert.match(valuesOf(await delivered(id), "X-Assay-Report")[0] ?? "", /MODE:observe;WITHHELD:reject;/);
    await assay.stop();
    assert.match((await sent({ message: letter() })).end ?? "", /^451 /);
    await assay.start();
    assert.match((await sent({ message: letter() })).end ?? "", /^250 /);
  });

  test("with /defer_ok mail goes through unmarked while Assay is down", async () => {
    const [closed = 0] = await freePorts(1);
    const lenient = await startExim({
      main: main.replace(" 8890 ", ` ${closed} `),
      acl: acl.replace("nobody:true", "nobody:true/defer_ok"),
    });
    try {
      const id = unique("lenient");
      const answers = await swaks({ port: lenient.port, from: "ada@good.example", to: ["bob@inbound.test"], message: letter({ id }) });
      assert.match(answers.end ?? "", /^250 /, lenient.log());
      const message = await until(() => lenient.delivered().find((one) => one.includes(id)) ?? null, { about: lenient.log });
      assert.deepEqual(valuesOf(message, "Authentication-Results"), []);
    } finally {
      await lenient.stop();
    }
  });
});
