/**
 * Debian's Postfix with our milter, as operators run it: what is in the delivered mail, and each reply of the policy as swaks, a client by
 * another author, sees it. The client's address comes by XCLIENT.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { parseAuthenticationResults } from "../../src/mail/authentication-results.ts";
import { type Assay, startAssay } from "./mta/assay.ts";
import { freePorts, newFolder, until } from "./mta/child.ts";
import { cutOff, cuts } from "./mta/cuts.ts";
import { parted, valuesOf } from "./mta/maildir.ts";
import { without } from "./mta/missing.ts";
import { type Postfix, postfixIds, startPostfix } from "./mta/postfix.ts";
import { type Case, type ReplyCase, replyCases } from "./mta/reply-cases.ts";
import { SmtpClient } from "./mta/smtp-client.ts";
import { swaks, type Transcript } from "./mta/swaks.ts";
import { clients, key, letter, rules, signedLetter, unique, zone } from "./mta/zone.ts";

const skip = without("postfix", "swaks");

const [milterPort = 0] = await freePorts(1);
/** The submission service speaks over a UNIX socket, in a folder whose group is Postfix's, as docs say. */
const sockets = newFolder("sockets");
const submissionMilter = `unix:${sockets.path}/submission.sock`;

const config = (policy: string): string => `
authserv_id = "mx.test"
[[domains]]
name = "inbound.test"
[[domains]]
name = "six.test"
ipv6 = true
[listen]
milter = "inet:127.0.0.1:${milterPort}"
submission_milter = "${submissionMilter}"
[milter]
hold = true
[serve]
deferrals_max = 2
[policy]
${policy}
honor_reject = "always"
null_mx_inbound = true
[[outbound.accounts]]
login = "anna"
addresses = ["anna@inbound.test"]
${rules}`;
const enforcing = config('mode = "enforce"');
const observing = config('mode = "observe"');

describe("Postfix with our milter", { skip }, () => {
  let assay: Assay;
  let postfix: Postfix;
  let socketsAtRest = 0;

  before(async () => {
    chownSync(sockets.path, 0, postfixIds()[1]);
    chmodSync(sockets.path, 0o2755);
    assay = await startAssay({ config: enforcing, zone });
    postfix = await startPostfix({
      milter: `inet:127.0.0.1:${milterPort}`,
      submissionMilter,
      domains: ["inbound.test", "six.test"],
    });
    await sent({});
    socketsAtRest = openSockets();
  });
  after(async () => {
    await postfix?.stop();
    await assay?.close();
    sockets.remove();
  });

  const openSockets = (): number => readdirSync(`/proc/${assay.pid}/fd`).filter((fd) => isSocket(`/proc/${assay.pid}/fd/${fd}`)).length;

  /** By swaks, to the front service, or as a user of the submission service. */
  const sent = ({ ip = clients.good, from = "ada@good.example", to = ["bob@inbound.test"], ...more }: Case): Promise<Transcript> =>
    swaks({
      port: more.login === undefined ? postfix.port : postfix.submissionPort,
      from,
      to,
      helo: more.helo ?? "mail.good.example",
      message: more.message ?? letter(),
      xclient: `ADDR=${ip.includes(":") ? "IPV6:" : ""}${ip} NAME=[UNAVAILABLE]${more.login === undefined ? "" : ` LOGIN=${more.login}`}`,
    });

  const deliveredWith = async (id: string, count = 1): Promise<readonly Buffer[]> => {
    await postfix.settled();
    const find = () => postfix.delivered().filter((one) => valuesOf(one, "X-Test-Id").some((value) => value.trim() === id));
    const found = await until(() => (find().length >= count ? find() : null), { about: () => `${id}: ${postfix.log().slice(-3000)}` });
    assert.equal(found.length, count, `${id} is delivered ${found.length} times`);
    return found;
  };
  const theOne = async (id: string): Promise<Buffer> => (await deliveredWith(id))[0] ?? Buffer.alloc(0);
  const isDelivered = (id: string): boolean => postfix.delivered().some((one) => one.includes(`X-Test-Id: ${id}`));

  test("RFC 8601 §4: Authentication-Results stands above Postfix's own Received, folded, and is read back", async () => {
    const id = unique("top");
    assert.match((await sent({ message: letter({ id }) })).end ?? "", /^250 2\.0\.0 Ok/);
    const { fields, body } = parted(await theOne(id));
    const names = fields.map((field) => field.slice(0, field.indexOf(":")));
    assert.deepEqual(names.slice(0, 6), [
      // The first three are of the delivery into the mailbox.
      ...["Return-Path", "X-Original-To", "Delivered-To"],
      ...["Authentication-Results", "X-Assay-Report", "Received"],
    ]);
    const stamp = fields[3] ?? "";
    assert.match(stamp, /^Authentication-Results: mx\.test;\n spf=pass/);
    for (const line of stamp.split("\n")) assert.ok(line.length <= 78 && !line.includes("\r"), JSON.stringify(line));
    const parsed = parseAuthenticationResults(stamp.slice("Authentication-Results:".length));
    assert.ok(parsed !== null);
    assert.equal(parsed.authservId, "mx.test");
    assert.deepEqual(
      parsed.results.map(({ method, result }) => `${method}=${result}`),
      // Of MAIL FROM and of HELO.
      ["spf=pass", "spf=none", "dkim=none", "dmarc=pass", "arc=none", "iprev=pass", "compauth=pass"],
    );
    assert.equal(body, "body\n");
  });

  test("RFC 8601 §5: every field that passes for ours is gone, each from its place, and those of others stay", async () => {
    const id = unique("forged");
    const above = [
      "Authentication-Results: mx.test; dmarc=pass header.from=bank.example",
      "Authentication-Results: other.example; spf=pass smtp.mailfrom=first.example",
      "authentication-results:MX.Test; dkim=pass header.d=bank.example",
      "X-Assay-Report: ACTION:deliver;V:1;",
      'Authentication-Results: "mx.test"\r\n\t; spf=pass',
      "Authentication-Results: other.example; spf=pass smtp.mailfrom=second.example",
      "X-Assay-Anything: 1",
      // RFC 5322 §4.5: white space before the colon; readers take it for the same field.
      "Authentication-Results : mx.test; dmarc=pass header.from=bank.example",
      "Authentication-Results\t: other.example; spf=pass smtp.mailfrom=third.example",
      "AUTHENTICATION-RESULTS \t : mx.test; dkim=pass header.d=bank.example",
    ].join("\r\n");
    const below = letter({ id }).replace("Subject:", "Authentication-Results: mx.test; spf=pass\r\nSubject:");
    assert.match(
      (
        await sent({
          ip: clients.stranger,
          from: "x@nothing.example",
          message: `${above}\r\n${below.replace("ada@good.example", "x@nothing.example")}`,
        })
      ).end ?? "",
      /^250/,
    );
    const message = await theOne(id);
    const stamps = valuesOf(message, "Authentication-Results").map((value) => value.trim());
    assert.equal(stamps.length, 4, stamps.join("\n"));
    assert.match(stamps[0] ?? "", /^mx\.test;\n spf=none/);
    assert.deepEqual(stamps.slice(1), [
      "other.example; spf=pass smtp.mailfrom=first.example",
      "other.example; spf=pass smtp.mailfrom=second.example",
      "other.example; spf=pass smtp.mailfrom=third.example",
    ]);
    assert.equal(message.includes("bank.example"), false);
    assert.equal(valuesOf(message, "X-Assay-Anything").length, 0);
    const reports = valuesOf(message, "X-Assay-Report");
    assert.equal(reports.length, 1);
    assert.match(reports[0] ?? "", /REMOVED:8;/);
  });

  test("RFC 6376 §3.4.1: simple/simple passes here, and still verifies with python3-dkim as it lies in the mailbox", async () => {
    const id = unique("dkim");
    const answered = await sent({ ip: clients.stranger, from: "x@nothing.example", message: signedLetter(id) });
    assert.match(answered.end ?? "", /^250/);
    const message = await theOne(id);
    assert.match(valuesOf(message, "Authentication-Results")[0] ?? "", /dkim=pass header\.a=rsa-sha256 header\.d=signed\.example /);
    const crlf = message.toString("latin1").replaceAll("\n", "\r\n");
    assert.equal(verifiedByDkimpy(crlf), true);
    assert.equal(verifiedByDkimpy(crlf.replace("white space", "white  space")), false, "the check can fail");
  });

  const sentCases = (): Promise<readonly { readonly one: ReplyCase; readonly answers: Transcript }[]> =>
    Promise.all(replyCases.map(async (one) => ({ one, answers: await sent(one) })));

  test("enforce: each reply of the policy, word for word, at its stage, and nothing of it is delivered", async () => {
    const count = postfix.delivered().length;
    for (const { one, answers } of await sentCases()) {
      const reply = one.at === "rcpt" ? answers.rcpt[0] : answers[one.at];
      assert.match(reply ?? "", one.reply, `${one.name}:\n${answers.output}`);
    }
    await postfix.settled();
    assert.equal(postfix.delivered().length, count);
    assert.deepEqual(postfix.queue(), []);
  });

  test("submission: a user's own mail goes out with no verdict about the user's network", async () => {
    const id = unique("out");
    const answers = await sent({
      login: "anna",
      ip: clients.stranger,
      from: "anna@inbound.test",
      to: ["x@partner.example"],
      message: letter({ id, from: "anna@inbound.test" }),
    });
    assert.match(answers.end ?? "", /^250/, answers.output);
    const report = valuesOf(await theOne(id), "X-Assay-Report")[0] ?? "";
    assert.match(report, /DIR:OUT;/);
    assert.match(report, /COMPAUTH:none;\s*REASON:300;/);
  });

  test("one recipient is refused and the other gets the message", async () => {
    const id = unique("two");
    const answers = await sent({ ip: clients.six, to: ["bob@inbound.test", "bob@six.test"], message: letter({ id }) });
    assert.match(answers.rcpt[0] ?? "", /^550 5\.2\.1 /);
    assert.match(answers.rcpt[1] ?? "", /^250 /);
    assert.match(answers.end ?? "", /^250 /);
    assert.deepEqual(
      valuesOf(await theOne(id), "Delivered-To").map((value) => value.trim()),
      ["bob@six.test"],
    );
  });

  test("a message that cannot be decided is told to come again as often as is laid down, then is delivered and says so", async () => {
    const id = unique("undecided");
    const message = letter({ id, from: "x@broken.example" });
    const again = () => sent({ ip: clients.stranger, from: "x@broken.example", message });
    for (let times = 0; times < 2; times++) {
      const answers = await again();
      assert.match(answers.end ?? "", /^451 4\.\d+\.\d+ Temporary DNS failure while /, answers.output);
      assert.equal(isDelivered(id), false);
    }
    assert.match((await again()).end ?? "", /^250 /);
    const delivered = await theOne(id);
    assert.match(valuesOf(delivered, "Authentication-Results")[0] ?? "", /spf=temperror/);
    assert.match(valuesOf(delivered, "Authentication-Results")[0] ?? "", /dmarc=temperror/);
  });

  test("quarantine is held in Postfix's queue and not delivered; junk is delivered with ACTION:junk", async () => {
    const [held, junk] = [unique("held"), unique("junk")];
    const answers = await Promise.all([
      sent({ from: "held@good.example", message: letter({ id: held, above: "X-Test-Rule: hold\r\n" }) }),
      sent({ message: letter({ id: junk, above: "X-Test-Rule: junk\r\n" }) }),
    ]);
    for (const { end } of answers) assert.match(end ?? "", /^250 /);
    assert.match(valuesOf(await theOne(junk), "X-Assay-Report")[0] ?? "", /ACTION:junk;/);
    const queued = postfix.queue();
    assert.deepEqual(
      queued.map(({ queue, sender }) => [queue, sender]),
      [["hold", "held@good.example"]],
    );
    assert.equal(isDelivered(held), false);
    postfix.remove(queued[0]?.id ?? "");
  });

  test("several messages on one connection, a refused one and one that was given up between them", async () => {
    const client = await SmtpClient.open(postfix.port);
    await client.greet("mail.good.example", `ADDR=${clients.good} NAME=[UNAVAILABLE]`);
    const [first, third] = [unique("several"), unique("several")];
    const good = { from: "ada@good.example", to: ["bob@inbound.test"] };
    assert.equal((await client.convey(good, letter({ id: first }))).end?.code, 250);
    assert.equal((await client.convey(good, letter({ from: "" }))).end?.code, 550);
    assert.equal((await client.envelope({ from: "x@nothing.example", to: ["eve@inbound.test"] })).rcpt[0]?.code, 250);
    assert.equal((await client.send("RSET")).code, 250);
    assert.equal(
      (await client.convey({ from: "x@nothing.example", to: ["bob@inbound.test"] }, letter({ id: third, from: "x@nothing.example" }))).end
        ?.code,
      250,
    );
    await client.quit();
    assert.match(valuesOf(await theOne(first), "Authentication-Results")[0] ?? "", /spf=pass smtp\.mailfrom=good\.example/);
    assert.match(valuesOf(await theOne(third), "Authentication-Results")[0] ?? "", /spf=none smtp\.mailfrom=nothing\.example/);
  });

  test("30 KB of header, one field of 15 KB among them, arrives whole and stamped", async () => {
    const id = unique("header");
    const many = Array.from({ length: 150 }, (_, i) => `X-Many-${i}: ${"v".repeat(90)}\r\n`).join("");
    const long = `X-Long: ${"long words ".repeat(80)}${"\r\n and more of it, folded, again and again".repeat(350)}\r\n`;
    const above = `${many}${long}`;
    assert.ok(above.length > 30_000, String(above.length));
    const client = await SmtpClient.open(postfix.port);
    await client.greet("mail.good.example", `ADDR=${clients.good}`);
    const answers = await client.convey({ from: "ada@good.example", to: ["bob@inbound.test"] }, letter({ id, above }));
    await client.quit();
    assert.equal(answers.end?.code, 250, answers.end?.text);
    const message = (await theOne(id)).toString("latin1");
    assert.ok(message.includes(above.replaceAll("\r\n", "\n")));
    assert.match(message, /^Authentication-Results: mx\.test;\n spf=pass[\s\S]*dmarc=pass/m);
  });

  test("a body of 50 MB is delivered; one of 90 MB takes no more memory than one of 20 MB did", async () => {
    const line = `${"x".repeat(998)}\r\n`;
    const large = async (lines: number): Promise<void> => {
      const id = unique("large");
      const client = await SmtpClient.open(postfix.port);
      await client.greet("mail.good.example", `ADDR=${clients.good}`);
      const answers = await client.convey({ from: "ada@good.example", to: ["bob@inbound.test"] }, letter({ id, body: line.repeat(lines) }));
      await client.quit();
      assert.equal(answers.end?.code, 250, answers.end?.text);
      assert.equal(parted(await theOne(id)).body.length, lines * 999);
    };
    await large(50_000);
    await large(20_000);
    const peak = peakBytes();
    await large(90_000);
    const grown = peakBytes() - peak;
    assert.ok(grown < 40e6, `memory grew by ${grown} bytes`);
  });

  /** The most that the process has ever held. */
  const peakBytes = (): number => 1024 * Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${assay.pid}/status`, "utf8"))?.[1]);

  test("1,000 recipients get one message each, stamped once", async () => {
    const id = unique("thousand");
    const to = Array.from({ length: 1000 }, (_, i) => `user${i}@inbound.test`);
    const client = await SmtpClient.open(postfix.port);
    await client.greet("mail.good.example", `ADDR=${clients.good}`);
    const { rcpt, end } = await client.convey({ from: "ada@good.example", to }, letter({ id }));
    await client.quit();
    assert.equal(rcpt.filter(({ code }) => code === 250).length, 1000);
    assert.equal(end?.code, 250, end?.text);
    const delivered = await deliveredWith(id, 1000);
    assert.deepEqual(new Set(delivered.flatMap((one) => valuesOf(one, "Delivered-To")).map((value) => value.trim())), new Set(to));
    for (const one of delivered) assert.equal(valuesOf(one, "Authentication-Results").length, 1);
  });

  test("a client that is cut off, at whatever stage, leaves nothing delivered, no fault and nothing open", async () => {
    await Promise.all(cuts.map((cut) => cutOff(postfix.port, cut)));
    const id = unique("after-cuts");
    assert.match((await sent({ message: letter({ id }) })).end ?? "", /^250/);
    await theOne(id);
    assert.equal(isDelivered("cut"), false);
    await until(() => openSockets() <= socketsAtRest, { about: () => `${openSockets()} sockets open, ${socketsAtRest} at rest` });
  });

  test("observe: all that was refused is accepted, after a reload that drops no connection", async () => {
    const client = await SmtpClient.open(postfix.port);
    await client.greet("mail.good.example", `ADDR=${clients.good}`);
    const good = { from: "ada@good.example", to: ["bob@inbound.test"] };
    assert.equal((await client.convey(good, letter({ from: "" }))).end?.code, 550);
    await assay.reload(observing);
    const id = unique("observed");
    const answers = await client.convey(good, letter({ id, from: "" }));
    assert.equal(answers.end?.code, 250, "the new configuration counts for the next message of the same connection");
    await client.quit();
    assert.match(valuesOf(await theOne(id), "X-Assay-Report")[0] ?? "", /ACTION:deliver;[\s\S]*MODE:observe;\s*WITHHELD:reject;/);
    for (const { one, answers: observed } of await sentCases())
      assert.match(observed.end ?? "", /^250 /, `${one.name}:\n${observed.output}`);
    await postfix.settled();
    assert.deepEqual(postfix.queue(), [], "nothing is held while observing");
  });

  test("all the while nothing was a fault of ours", () => {
    const faults = assay.lines().filter((line) => Number(line["level"]) >= 50 || line["level"] === "error" || line["level"] === "fatal");
    assert.deepEqual(faults, []);
    assert.doesNotMatch(postfix.log(), /warning: milter|malformed|bad milter|milter.*lost|panic|fatal:/i);
  });
});

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith("socket:");
  } catch {
    return false;
  }
}

function verifiedByDkimpy(message: string): boolean {
  const script = fileURLToPath(new URL("dkimpy.py", import.meta.url));
  const input = `${JSON.stringify({ message: Buffer.from(message, "latin1").toString("base64"), record: key.record })}\n`;
  const run = spawnSync("/usr/bin/python3", [script], { input, encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  return JSON.parse(run.stdout) === true;
}
