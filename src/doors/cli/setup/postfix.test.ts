/** What is to be set in Postfix, for each kind of listener, while observing and once something is enforced. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { loadConfig } from "../../../config/load.ts";
import { type PostfixPlan, planPostfix } from "./postfix.ts";
import { described } from "./postfix-apply.ts";
import { parseMainCf, parseMasterCf } from "./postfix-files.ts";
import { type Wanted, wantedOf } from "./wanted.ts";

function wanted(toml: string): Wanted {
  const loaded = loadConfig(Buffer.from(toml));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return wantedOf(loaded.config);
}

const smtpd = "smtp inet n - y - - smtpd\n";
const submission = "submission inet n - y - - smtpd\n  -o syslog_name=postfix/submission\n";

function plan(toml: string, main = "", master = smtpd): PostfixPlan {
  return planPostfix(wanted(toml), { directory: "/etc/postfix", main: parseMainCf(main), services: parseMasterCf(master) });
}

function lines(...args: Parameters<typeof plan>): readonly string[] {
  return plan(...args).changes.map(described);
}

const milter = 'listen.milter = "inet:127.0.0.1:8891"\n';
const waits = "connect_timeout=10s, command_timeout=30s, content_timeout=180s";
const observing = `{ inet:127.0.0.1:8891, ${waits}, default_action=accept }`;
const enforcing = `{ inet:127.0.0.1:8891, ${waits}, default_action=tempfail }`;

test("observing: mail goes on while Assay is down; enforcing, even one rule: it waits", () => {
  assert.deepEqual(lines(milter), [`main.cf: smtpd_milters = ${observing}`]);
  assert.deepEqual(lines(`${milter}policy.mode = "enforce"`), [`main.cf: smtpd_milters = ${enforcing}`]);
  assert.deepEqual(lines(`${milter}policy.enforce.dmarc_reject = true`), [`main.cf: smtpd_milters = ${enforcing}`]);
});

test("Assay stands first, once, whatever form its own item had", () => {
  const before = "inet:localhost:8893, { inet:localhost:8891, default_action=tempfail }, local:opendkim/opendkim.sock";
  assert.deepEqual(lines(milter, `smtpd_milters = ${before}`), [
    `main.cf: smtpd_milters = ${observing}, inet:localhost:8893, local:opendkim/opendkim.sock`,
  ]);
});

test("mail of the sendmail command does not pass Assay, also where it shared the list", () => {
  const main = "smtpd_milters = inet:localhost:8893\nnon_smtpd_milters = $smtpd_milters\n";
  assert.deepEqual(lines(milter, main), [
    `main.cf: smtpd_milters = ${observing}, inet:localhost:8893`,
    "main.cf: non_smtpd_milters = inet:localhost:8893",
  ]);
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is Postfix's own form.
  assert.deepEqual(lines(milter, "non_smtpd_milters = ${smtpd_milters}\n")[1], "main.cf: non_smtpd_milters = ");
  assert.equal(lines(milter, "non_smtpd_milters = inet:localhost:8893\n").length, 1);
});

test("submission: its name is told; a list of its own gets Assay too, one that refers to main.cf's has it", () => {
  assert.deepEqual(lines(milter, "", smtpd + submission)[1], "master.cf: submission/inet/milter_macro_daemon_name = ORIGINATING");
  assert.deepEqual(lines(milter, "", `${smtpd}${submission}  -o milter_macro_daemon_name=MUA\n`).slice(1), [
    "master.cf: submission/inet/milter_macro_daemon_name = MUA",
  ]);
  assert.deepEqual(lines(milter, "mua = inet:localhost:9\n", `${smtpd}${submission}  -o smtpd_milters=$mua\n`).slice(2), [
    `main.cf: assay_submission_milters = ${observing}, $mua`,
    "master.cf: submission/inet/smtpd_milters = $assay_submission_milters",
  ]);
  assert.equal(lines(milter, "", `${smtpd}${submission}  -o smtpd_milters=$smtpd_milters\n`).length, 2);
  assert.equal(lines(milter, "", `${smtpd}${submission}  -o smtpd_milters=\n`).length, 2);
});

test("a milter of its own for submission: instead of the one for inbound mail, signers behind it", () => {
  const toml = `${milter}listen.submission_milter = "inet:[::1]:8892"`;
  const own = `{ inet:[::1]:8892, ${waits}, default_action=accept }`;
  const first = lines(toml, "smtpd_milters = inet:localhost:8893\n", smtpd + submission);
  assert.deepEqual(first, [
    `main.cf: smtpd_milters = ${observing}, inet:localhost:8893`,
    "master.cf: submission/inet/milter_macro_daemon_name = ORIGINATING",
    `main.cf: assay_submission_milters = ${own}, inet:localhost:8893`,
    "master.cf: submission/inet/smtpd_milters = $assay_submission_milters",
  ]);
  const written = "smtpd_milters = $x\n".replace("$x", `${observing}, inet:localhost:8893`);
  const after = `${written}assay_submission_milters = ${own}, inet:localhost:8893\n`;
  assert.deepEqual(lines(toml, after, `${smtpd}${submission}  -o smtpd_milters=$assay_submission_milters\n`), first);
});

test("only a submission milter: inbound mail is left alone", () => {
  const found = lines('listen.submission_milter = "inet:127.0.0.1:8892"', "", smtpd + submission);
  assert.ok(found.every((one) => !one.startsWith("main.cf: smtpd_milters")));
  assert.equal(found.length, 3);
});

test("a socket file is named as a chrooted smtpd sees it; one outside its folder is a fault", () => {
  const inside = 'listen.milter = "unix:/var/spool/postfix/assay/milter.sock"';
  assert.match(lines(inside)[0] ?? "", /\{ unix:\/assay\/milter\.sock, /);
  assert.match(lines(inside, "", "smtp inet n - n - - smtpd\n")[0] ?? "", /\{ unix:\/var\/spool\/postfix\/assay\/milter\.sock, /);
  assert.match(lines(inside, "compatibility_level = 3.6\n", "smtp inet n - - - - smtpd\n")[0] ?? "", /unix:\/var/);
  const outside = plan('listen.milter = "unix:/run/assay/milter.sock"');
  assert.deepEqual(outside.changes, []);
  assert.match(outside.faults[0] ?? "", /unix:\/var\/spool\/postfix\/assay\/milter\.sock/);
});

test("places that cannot be connected to: every address, port 0, no door at all", () => {
  assert.match(lines('listen.milter = "inet:0.0.0.0:8891"')[0] ?? "", /\{ inet:127\.0\.0\.1:8891, /);
  assert.match(lines('listen.milter = "inet:[::]:8891"')[0] ?? "", /\{ inet:\[::1\]:8891, /);
  assert.match(plan('listen.milter = "inet:127.0.0.1:0"').faults[0] ?? "", /listen\.milter .*port/);
  assert.match(plan("").faults[0] ?? "", /listen\.milter = /);
});

test("the proxy alone: the before-queue filter, a service that takes mail back and relays for nobody else, and XFORWARD", () => {
  const toml = 'listen.smtp = { address = "127.0.0.1:2525", next_hop = "127.0.0.1:2526" }';
  const found = lines(toml);
  assert.deepEqual(found.slice(0, 2), [
    "master.cf: smtp/inet/smtpd_proxy_filter = 127.0.0.1:2525",
    "master.cf: smtp/inet/smtpd_proxy_timeout = 580s",
  ]);
  assert.match(
    found[2] ?? "",
    /^master\.cf: 127\.0\.0\.1:2526\/inet = 127\.0\.0\.1:2526 inet n - y - - smtpd -o .*smtpd_authorized_xforward_hosts=127\.0\.0\.0\/8/,
  );
  assert.match(found[2] ?? "", /-o smtpd_recipient_restrictions=permit_mynetworks,reject -o smtpd_data_restrictions= -o mynetworks=127/);
  const notes = (more: string): string => plan(`${toml}\n${more}`).notes.join("\n");
  assert.match(notes(""), /xclient_from = \["127\.0\.0\.1"\]/);
  assert.doesNotMatch(notes('smtp.xclient_from = ["127.0.0.0/8"]'), /xclient_from = /);
  assert.equal(lines(`${toml}\n${milter}`).length, 1);
  assert.equal(plan(toml).isProxy, true);
  assert.match(plan(toml, "", "127.0.0.1:10025 inet n - n - - smtpd\n").faults[0] ?? "", /no service of master\.cf/);
  assert.match(lines(toml, "", "smtp inet n - y - 1 postscreen\nsmtpd pass - - y - - smtpd\n")[0] ?? "", /smtpd\/pass\/smtpd_proxy_filter/);
  // Other milters move to where they see content.
  assert.equal(lines(toml, "smtpd_milters = inet:localhost:8893\n")[2], "master.cf: smtp/inet/smtpd_milters = ");
});

test("amavis: the service that takes mail back is named, unless milters are off there", () => {
  const main = "content_filter = smtp-amavis:[127.0.0.1]:10024\n";
  const back = "127.0.0.1:10025 inet n - n - - smtpd\n";
  assert.match(plan(milter, main, smtpd + back).notes.join("\n"), /127\.0\.0\.1:10025\/inet .*no_milters/);
  assert.doesNotMatch(plan(milter, main, `${smtpd}${back}  -o receive_override_options=no_milters\n`).notes.join("\n"), /10025/);
  assert.doesNotMatch(plan(milter, main, `${smtpd}${back}  -o smtpd_milters=\n`).notes.join("\n"), /10025/);
});

test("outbound: Assay is to be told the name, until it knows it", () => {
  assert.match(plan(milter, "", smtpd + submission).notes.join("\n"), /outbound_daemons = \["ORIGINATING"\]/);
  assert.doesNotMatch(
    plan(`${milter}milter.outbound_daemons = ["ORIGINATING"]`, "", smtpd + submission).notes.join("\n"),
    /outbound_daemons/,
  );
});

test("Debian's own files", { skip: ownFiles() === null ? "Postfix's sample files are not installed" : false }, () => {
  const files = ownFiles();
  if (files === null) return;
  const opened = files.master.replace(/^#(submissions? +inet)/gm, "$1");
  assert.deepEqual(lines(milter, files.main, opened).slice(1), [
    "master.cf: submission/inet/milter_macro_daemon_name = ORIGINATING",
    "master.cf: submissions/inet/milter_macro_daemon_name = ORIGINATING",
  ]);
});

function ownFiles(): { main: string; master: string } | null {
  try {
    return {
      main: readFileSync("/usr/share/postfix/main.cf.dist", "utf8"),
      master: readFileSync("/usr/share/postfix/master.cf.dist", "utf8"),
    };
  } catch {
    return null;
  }
}
