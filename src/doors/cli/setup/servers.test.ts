/** Sendmail, Exim, Dovecot and the filters beside them: the lines for each, and what is found. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fakeMachine } from "../../../../test/setup-machine.ts";
import { loadConfig } from "../../../config/load.ts";
import { planDovecot, readDovecot } from "./dovecot.ts";
import { applyEdits } from "./edits.ts";
import { planExim } from "./exim.ts";
import { clash, neighboursOf } from "./neighbours.ts";
import { planSendmail } from "./sendmail.ts";
import { sieveScript } from "./sieve-script.ts";
import { type Wanted, wantedOf, whenDownWords } from "./wanted.ts";

function wanted(toml: string): Wanted {
  const loaded = loadConfig(Buffer.from(toml));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return wantedOf(loaded.config);
}

const milter = 'listen.milter = "inet:127.0.0.1:8891"\n';
const waits = "T=C:10s;S:30s;R:30s;E:180s";

test("Sendmail: passes while observing (no F), waits once enforcing (F=T); socket kinds", () => {
  const line = (toml: string): string | undefined => planSendmail(wanted(toml), "MAILER(`smtp')dnl\n").lines[0];
  assert.equal(line(milter), `INPUT_MAIL_FILTER(\`assay', \`S=inet:8891@127.0.0.1, ${waits}')dnl`);
  assert.equal(line(`${milter}policy.mode = "enforce"`), `INPUT_MAIL_FILTER(\`assay', \`S=inet:8891@127.0.0.1, F=T, ${waits}')dnl`);
  assert.match(line('listen.milter = "inet:[::1]:8891"') ?? "", /S=inet6:8891@::1,/);
  assert.match(line('listen.milter = "unix:/run/assay/milter.sock"') ?? "", /S=local:\/run\/assay\/milter\.sock,/);
  assert.match(planSendmail(wanted(""), "").faults[0] ?? "", /listen\.milter/);
});

test("Sendmail: before the first filter, else before the mailers; an order given by hand gets Assay in front", () => {
  const placed = (mc: string): string => {
    const m = fakeMachine({ "/mc": mc });
    const { lines, at } = planSendmail(wanted(milter), mc);
    applyEdits([{ kind: "block", path: "/mc", comment: "dnl", lines, at }], m);
    return (m.files.get("/mc") ?? "").replace(/dnl BEGIN[\s\S]*END assay setup/, "ASSAY");
  };
  assert.equal(placed("A\nMAILER_DEFINITIONS\nMAILER(`smtp')dnl\n"), "A\nASSAY\nMAILER_DEFINITIONS\nMAILER(`smtp')dnl\n");
  assert.equal(
    placed("INPUT_MAIL_FILTER(`o', `S=local:/o')\nMAILER(`smtp')\n"),
    "ASSAY\nINPUT_MAIL_FILTER(`o', `S=local:/o')\nMAILER(`smtp')\n",
  );
  const listed = "MAIL_FILTER(`o', `S=local:/o')\ndefine(`confINPUT_MAIL_FILTERS', `o')dnl\nMAILER(`smtp')\n";
  assert.match(placed(listed), /`o'\)dnl\nASSAY\nMAILER/);
  assert.match(planSendmail(wanted(milter), listed).lines[1] ?? "", /^define\(`confINPUT_MAIL_FILTERS', `assay,'defn/);
});

test("Sendmail: names of submission ports are told, until Assay knows them", () => {
  const mc = "DAEMON_OPTIONS(`Family=inet,  Name=MSP-v4, Port=submission, M=Ea')dnl\n";
  assert.match(planSendmail(wanted(milter), mc).notes.join("\n"), /outbound_daemons = \["MSP-v4"\]/);
  assert.doesNotMatch(planSendmail(wanted(`${milter}milter.outbound_daemons = ["MSP-v4"]`), mc).notes.join("\n"), /outbound_daemons/);
  const own = planSendmail(wanted(`${milter}listen.submission_milter = "inet:127.0.0.1:8892"`), mc);
  assert.match(own.lines[1] ?? "", /^MAIL_FILTER\(`assay-submission', `S=inet:8892/);
  assert.match(own.notes.join("\n"), /MSP-v4.*InputMailFilters=assay-submission/);
});

const proxy = 'listen.smtp = { address = "0.0.0.0:25", next_hop = "127.0.0.1:2526" }';
const debian = {
  "/etc/exim4/update-exim4.conf.conf": "dc_local_interfaces='127.0.0.1 ; ::1'\n",
  "/etc/exim4/exim4.conf.template": "begin acl\n\nacl_check_rcpt:\n\n  accept\n    hosts = :\n",
};

test("Exim: on loopback behind the proxy, and no open relay for what comes from there", () => {
  const m = fakeMachine(debian);
  const plan = planExim(wanted(proxy), "/etc/exim4", m);
  assert.deepEqual(plan.faults, []);
  assert.equal(plan.listen, "127.0.0.1.2526");
  applyEdits(plan.edits, m);
  assert.match(
    m.files.get("/etc/exim4/exim4.conf.template") ?? "",
    /^acl_check_rcpt:\n# BEGIN[^\n]*\n[\s\S]*received_port\}\{2526\}[\s\S]*relay not permitted\n# END assay setup\n\n {2}accept/m,
  );
  assert.match(
    m.files.get("/etc/exim4/update-exim4.conf.conf") ?? "",
    /'127\.0\.0\.1 ; ::1'\n# BEGIN[^\n]*\ndc_local_interfaces='127\.0\.0\.1\.2526'\n/,
  );
  // Again, on what it wrote: the same.
  assert.deepEqual(planExim(wanted(proxy), "/etc/exim4", m).faults, []);
  assert.deepEqual(applyEdits(planExim(wanted(proxy), "/etc/exim4", m).edits, m), []);
});

test("Exim: what it listens at by hand is not written over; without a proxy there is nothing to set", () => {
  const by = (files: Record<string, string>): readonly string[] =>
    planExim(wanted(proxy), "/etc/exim4", fakeMachine({ ...debian, ...files })).faults;
  assert.match(by({ "/etc/exim4/update-exim4.conf.conf": "dc_local_interfaces='0.0.0.0.587'\n" })[0] ?? "", /names ports already/);
  assert.match(by({ "/etc/exim4/conf.d/main/00_ports": "daemon_smtp_ports = 25 : 587\n" })[0] ?? "", /daemon_smtp_ports/);
  assert.match(planExim(wanted(milter), "/etc/exim4", fakeMachine(debian)).faults[0] ?? "", /listen\.smtp/);
  assert.match(planExim(wanted(proxy), "/x", fakeMachine({})).faults[0] ?? "", /not Debian's/);
});

test("Dovecot: what a protocol loads already is named again; a taken sieve_before gets a number; 2.4 has its own form", () => {
  const m = fakeMachine({ "/etc/dovecot/dovecot.conf": "!include conf.d/*.conf\n" });
  m.answers.set("dovecot", { status: 0, output: "2.3.19.1 (9b53102964)\n" });
  const found = readDovecot("/etc/dovecot", m);
  assert.equal(found.version, "2.3");
  const at = { hold: false };
  const plan = planDovecot(
    "/etc/dovecot",
    { ...found, plugins: { all: "quota", lda: "quota", lmtp: "quota zlib" }, taken: ["sieve_before"] },
    at,
  );
  assert.equal(
    plan.settings,
    "plugin {\n  sieve_before2 = /etc/dovecot/sieve/assay.sieve\n}\nprotocol lda {\n  mail_plugins = $mail_plugins sieve\n}\nprotocol lmtp {\n  mail_plugins = quota zlib sieve\n}\n",
  );
  const loaded = planDovecot("/etc/dovecot", { ...found, plugins: { all: "", lda: "sieve", lmtp: "sieve" } }, at);
  assert.doesNotMatch(loaded.settings, /protocol/);
  assert.match(planDovecot("/etc/dovecot", { ...found, version: "2.4" }, at).settings, /^sieve_script assay \{\n {2}type = before\n/);
  applyEdits(plan.edits, m);
  const again = readDovecot("/etc/dovecot", m);
  assert.deepEqual(applyEdits(planDovecot("/etc/dovecot", again, at).edits, m), []);
  assert.match(planDovecot("/etc/dovecot", { ...found, includes: false }, at).faults[0] ?? "", /does not include/);
});

test("the Sieve script that is shipped is the one that is written; what is held and released stays in the inbox", () => {
  assert.equal(readFileSync(new URL("../../../../deploy/dovecot/assay.sieve", import.meta.url), "utf8"), sieveScript({ hold: false }));
  assert.match(sieveScript({ hold: false }), /";ACTION:quarantine;"/);
  assert.doesNotMatch(sieveScript({ hold: true }), /";ACTION:quarantine;"/);
});

test("other filters are known by what is called and by their files", () => {
  const m = fakeMachine({
    "/etc/opendkim.conf": "# x\nMode\tv\nSocket\tinet:8893@localhost\nAuthservID mx.contoso.com # ours\n",
    "/etc/opendmarc.conf": "Socket local:/run/opendmarc/opendmarc.sock\nRejectFailures true\nAuthservID HOSTNAME\n",
    "/etc/rspamd/rspamd.conf": "",
    "/etc/amavis/conf.d/50-user": "",
  });
  const found = neighboursOf(["inet:127.0.0.1:8893", "inet:127.0.0.1:7777"], "/etc", m);
  assert.deepEqual(
    found.map(({ name, seen }) => [name, seen]),
    [
      ["rspamd", ["/etc/rspamd"]],
      ["OpenDKIM", ["inet:127.0.0.1:8893", "/etc/opendkim.conf (Mode v)"]],
      ["OpenDMARC", ["/etc/opendmarc.conf (RejectFailures true)"]],
      ["amavis", ["/etc/amavis"]],
      ["another filter", ["inet:127.0.0.1:7777"]],
    ],
  );
  assert.deepEqual(
    found.map(({ authservIds }) => authservIds),
    [[], ["mx.contoso.com"], [], [], []],
  );
  assert.match(found[2]?.advice[0] ?? "", /RejectFailures false now/);
  assert.deepEqual(neighboursOf([], "/etc", fakeMachine({})), []);
  assert.deepEqual(neighboursOf(["inet:localhost:11332"], "/etc", fakeMachine({}))[0]?.seen, ["inet:localhost:11332"]);
});

test("a filter that listens where Assay is to listen is found: OpenDKIM's customary port is 8891", () => {
  const files = { "/etc/opendkim.conf": "Socket inet:8891@localhost\n" };
  assert.match(clash(wanted(milter), "/etc", fakeMachine(files)) ?? "", /opendkim\.conf has Socket inet:8891@localhost/);
  assert.equal(clash(wanted('listen.milter = "inet:127.0.0.1:8899"'), "/etc", fakeMachine(files)), null);
  const socket = { "/etc/opendmarc.conf": "Socket local:/run/x.sock\n" };
  assert.match(clash(wanted('listen.milter = "unix:/run/x.sock"'), "/etc", fakeMachine(socket)) ?? "", /opendmarc/);
});

test("why the default action is what it is", () => {
  assert.match(whenDownWords(wanted(milter)), /nothing is enforced yet.*accept/);
  assert.match(whenDownWords(wanted(`${milter}policy.enforce.spoof = true`)), /^spoof is enforced.*tempfail/);
  assert.match(whenDownWords(wanted(`${milter}policy.mode = "enforce"`)), /^rules are enforced/);
});
