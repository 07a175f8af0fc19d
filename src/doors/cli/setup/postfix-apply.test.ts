/** Writing to Postfix and taking it back: once is twice, back is as before, and what others changed since is not overwritten. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeMachine, fakeMachine } from "../../../../test/setup-machine.ts";
import { UsageError } from "../ports.ts";
import type { PostfixChange } from "./postfix.ts";
import { applyPostfix, readPostfix, readPostfixWithoutUs, undoPostfix } from "./postfix-apply.ts";

const directory = "/etc/postfix";
const mainCf = "# ours\nmyhostname = mx.contoso.com\nsmtpd_milters =\n  inet:localhost:8893,\n  inet:localhost:8894\n";
const masterCf =
  "smtp      inet  n       -       y       -       -       smtpd\nsubmission inet n - y - - smtpd\n  -o syslog_name=postfix/submission\n";

function machine(): FakeMachine {
  return fakeMachine({ [`${directory}/main.cf`]: mainCf, [`${directory}/master.cf`]: masterCf });
}

const list = (action: string): string => `{ inet:127.0.0.1:8891, default_action=${action} }, inet:localhost:8893, inet:localhost:8894`;
const observing: readonly PostfixChange[] = [
  { kind: "main", name: "smtpd_milters", value: list("accept") },
  { kind: "override", service: "submission/inet", name: "milter_macro_daemon_name", value: "ORIGINATING" },
];
const enforcing: readonly PostfixChange[] = [{ kind: "main", name: "smtpd_milters", value: list("tempfail") }, ...observing.slice(1)];

const main = (m: FakeMachine): string => m.files.get(`${directory}/main.cf`) ?? "";
const master = (m: FakeMachine): string => m.files.get(`${directory}/master.cf`) ?? "";

test("written, and written again: the second time nothing is run", () => {
  const m = machine();
  assert.equal(applyPostfix(observing, directory, m).done.length, 2);
  const { main: settings, services } = readPostfix(directory, m);
  assert.equal(settings.get("smtpd_milters"), list("accept"));
  assert.equal(services[1]?.overrides.get("milter_macro_daemon_name"), "ORIGINATING");
  const ran = m.ran.length;
  assert.deepEqual(applyPostfix(observing, directory, m).done, []);
  assert.equal(m.ran.length, ran);
});

test("a plan is made of what was there before: what is still as written for Assay counts as not there", () => {
  const m = machine();
  const before = readPostfix(directory, m);
  assert.deepEqual(readPostfixWithoutUs(directory, m), before);
  const service = "127.0.0.1:2526 inet n - y - - smtpd -o smtpd_milters=";
  applyPostfix([...observing, { kind: "service", service: "127.0.0.1:2526/inet", value: service }], directory, m);
  const { main: settings, services } = readPostfixWithoutUs(directory, m);
  assert.deepEqual([Object.fromEntries(settings), services], [Object.fromEntries(before.main), before.services]);
  m.files.set(`${directory}/main.cf`, main(m).replace("default_action=accept", "default_action=reject"));
  assert.match(readPostfixWithoutUs(directory, m).main.get("smtpd_milters") ?? "", /default_action=reject/);
});

test("mode and owner stay, although postconf writes the file anew", () => {
  const m = machine();
  applyPostfix(observing, directory, m);
  assert.deepEqual(m.ownership(`${directory}/main.cf`), { mode: 0o640, uid: 7, gid: 8 });
  assert.deepEqual(m.ownership(`${directory}/assay-setup.json`)?.mode, 0o600);
});

test("taken back: byte for byte, also after the policy has changed in between", () => {
  const m = machine();
  applyPostfix(observing, directory, m);
  applyPostfix(enforcing, directory, m);
  assert.match(main(m), /default_action=tempfail/);
  undoPostfix(directory, m);
  assert.deepEqual([main(m), master(m)], [mainCf, masterCf]);
  assert.equal(m.files.has(`${directory}/assay-setup.json`), false);
  assert.throws(() => undoPostfix(directory, m), /nothing to take back/);
});

test("taken back where others have changed other settings since: theirs stay", () => {
  const m = machine();
  applyPostfix(observing, directory, m);
  m.files.set(`${directory}/main.cf`, `${main(m)}soft_bounce = yes\n`);
  applyPostfix(enforcing, directory, m);
  undoPostfix(directory, m);
  const { main: settings, services } = readPostfix(directory, m);
  assert.equal(settings.get("smtpd_milters"), "inet:localhost:8893, inet:localhost:8894");
  assert.equal(settings.get("soft_bounce"), "yes");
  assert.equal(services[1]?.overrides.has("milter_macro_daemon_name"), false);
  assert.equal(master(m), masterCf);
});

test("nothing is taken back where somebody has changed what was written, and it is said what to do", () => {
  const m = machine();
  applyPostfix(observing, directory, m);
  m.files.set(`${directory}/main.cf`, main(m).replace("default_action=accept", "default_action=reject"));
  const before = [main(m), master(m)];
  assert.throws(
    () => undoPostfix(directory, m),
    (error) =>
      error instanceof UsageError &&
      /smtpd_milters: before Assay it was inet:localhost:8893, inet:localhost:8894\n.*assay-setup\.json/s.test(error.message),
  );
  assert.deepEqual([main(m), master(m)], before);
});

test("what a new configuration no longer needs is put back as it was", () => {
  const m = machine();
  applyPostfix(observing, directory, m);
  const { done } = applyPostfix(observing.slice(0, 1), directory, m);
  assert.deepEqual(done, ["master.cf: submission/inet/milter_macro_daemon_name taken out"]);
  undoPostfix(directory, m);
  assert.deepEqual([main(m), master(m)], [mainCf, masterCf]);
});

test("a service of its own is made, found again, and taken out", () => {
  const m = machine();
  const value = "127.0.0.1:2526 inet n - y - - smtpd -o syslog_name=postfix/from-assay -o smtpd_milters=";
  const changes: readonly PostfixChange[] = [{ kind: "service", service: "127.0.0.1:2526/inet", value }];
  assert.equal(applyPostfix(changes, directory, m).done.length, 1);
  assert.deepEqual(applyPostfix(changes, directory, m).done, []);
  m.files.set(`${directory}/master.cf`, `${master(m)}smtps inet n - y - - smtpd\n`);
  undoPostfix(directory, m);
  assert.deepEqual(
    readPostfix(directory, m).services.map(({ id }) => id),
    ["smtp/inet", "submission/inet", "smtps/inet"],
  );
});

test("postconf that fails or is not there: everything is as before", () => {
  for (const answer of [
    { status: 1, output: "fatal: no" },
    { status: null, output: "" },
  ]) {
    const m = machine();
    m.answers.set("postconf", answer);
    assert.throws(() => applyPostfix(observing, directory, m), UsageError);
    assert.deepEqual([main(m), master(m)], [mainCf, masterCf]);
    assert.equal(m.files.has(`${directory}/assay-setup.json`), false);
  }
});

test("a folder without Postfix, and a save that is not ours", () => {
  assert.throws(() => applyPostfix(observing, "/nowhere", machine()), /there is no main\.cf in \/nowhere/);
  const m = machine();
  m.files.set(`${directory}/assay-setup.json`, "{}");
  assert.throws(() => applyPostfix(observing, directory, m), /not what assay setup writes/);
});
