/**
 * `assay init` and `assay setup` with the real programs: Debian's postconf writes and takes back, m4 and Sendmail's own macros read what is
 * put into a .mc, Exim obeys the lines for its ACL, and Dovecot's own delivery agent files what Assay marked by the script that was set up.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { type Report, reportField } from "../../src/stamp/report.ts";
import { newFolder } from "./mta/child.ts";
import { unpacked, without } from "./mta/missing.ts";
import { startInside, withLines } from "./mta/namespace.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const work = newFolder("setup");
after(() => work.remove());

function assay(...args: readonly string[]): { readonly status: number | null; readonly out: string; readonly err: string } {
  const run = spawnSync(process.execPath, ["--import", "./test/no-dns.ts", "src/main.ts", ...args], { cwd: root, encoding: "utf8" });
  return { status: run.status, out: run.stdout, err: run.stderr };
}

function did(...args: readonly string[]): string {
  const { status, out, err } = assay(...args);
  assert.equal(status, 0, err);
  return out;
}

function folder(name: string): string {
  const path = join(work.path, name);
  mkdirSync(path, { recursive: true });
  return path;
}

function file(path: string, text: string): string {
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text);
  return path;
}

test("init: without a terminal from options alone, and the file passes config check; it is never written over", () => {
  for (const server of ["postfix", "sendmail", "exim", "other"]) {
    const dir = folder(`init-${server}`);
    const options = [
      "--dir",
      dir,
      "--domain",
      "contoso.com",
      "--domain",
      "fabrikam.com",
      "--mail-server",
      server,
      "--zone",
      "examples/zone.yaml",
    ];
    assert.match(did("init", ...options), /It observes/);
    assert.match(did("config", "check", join(dir, "assay.toml")), /no mistake found/);
    const again = assay("init", ...options);
    assert.equal(again.status, 2);
    assert.match(again.err, /is there already, and stays/);
    assert.equal(statSync(join(dir, "assay.toml")).mode & 0o777, 0o644);
  }
  const nobody = assay("init", "--dir", folder("init-nobody"));
  assert.equal(nobody.status, 2);
  assert.match(nobody.err, /nobody is there to be asked; give --domain NAME/);
});

const noPostfix = without("postfix");

function postfixCopy(name: string): { readonly config: string; readonly directory: string; readonly before: () => Record<string, string> } {
  const etc = folder(`${name}/etc`);
  const directory = folder(`${name}/etc/postfix`);
  for (const one of ["main.cf", "master.cf"]) cpSync(`/usr/share/postfix/${one}.dist`, join(directory, one));
  writeFileSync(join(directory, "master.cf"), readFileSync(join(directory, "master.cf"), "utf8").replace(/^#(submissions? +inet)/gm, "$1"));
  writeFileSync(
    join(directory, "main.cf"),
    `${readFileSync(join(directory, "main.cf"), "utf8")}smtpd_milters =\n  inet:localhost:8893,\n  # signs\n  local:opendkim/opendkim.sock\nnon_smtpd_milters = $smtpd_milters\n`,
  );
  chmodSync(join(directory, "main.cf"), 0o640);
  chownSync(join(directory, "main.cf"), 0, 65_534);
  file(join(etc, "opendkim.conf"), "Socket local:/var/spool/postfix/opendkim/opendkim.sock\nMode sv\n");
  const config = file(join(etc, "assay.toml"), 'listen.milter = "inet:127.0.0.1:8891"\nlisten.submission_milter = "inet:127.0.0.1:8892"\n');
  const before = (): Record<string, string> =>
    Object.fromEntries(["main.cf", "master.cf"].map((one) => [one, readFileSync(join(directory, one), "utf8")]));
  return { config, directory, before };
}

function postconf(directory: string, ...args: readonly string[]): string {
  const run = spawnSync("postconf", ["-c", directory, ...args], { encoding: "utf8" });
  assert.equal(run.status, 0, run.stderr);
  assert.doesNotMatch(run.stderr, /warning|fatal/);
  return run.stdout.trim();
}

test("Postfix: written by postconf, once; read by Postfix as meant; taken back byte for byte", { skip: noPostfix }, () => {
  const { config, directory, before } = postfixCopy("postfix");
  const untouched = before();
  const options = ["setup", "postfix", "--config", config, "--etc", join(directory, "..")];
  const printed = did(...options);
  assert.match(printed, /OpenDKIM: .*\n {6}Mode s:/);
  assert.deepEqual(before(), untouched);
  did(...options, "--apply");
  const waits = "connect_timeout=10s, command_timeout=30s, content_timeout=180s, default_action=accept";
  const others = "inet:localhost:8893, local:opendkim/opendkim.sock";
  assert.equal(postconf(directory, "-h", "smtpd_milters"), `{ inet:127.0.0.1:8891, ${waits} }, ${others}`);
  assert.equal(postconf(directory, "-h", "non_smtpd_milters"), others);
  assert.equal(
    postconf(directory, "-P", "submission/inet/milter_macro_daemon_name"),
    "submission/inet/milter_macro_daemon_name = ORIGINATING",
  );
  assert.match(postconf(directory, "-Px", "submissions/inet/smtpd_milters"), /\{ inet:127\.0\.0\.1:8892, .* \}, inet:localhost:8893/);
  const { mode, gid } = statSync(join(directory, "main.cf"));
  assert.deepEqual([mode & 0o777, gid], [0o640, 65_534]);
  const once = before();
  assert.match(did(...options, "--apply"), /nothing was written/);
  assert.deepEqual(before(), once);
  did(...options, "--undo");
  assert.deepEqual(before(), untouched);
  assert.deepEqual(readdirSync(directory).sort(), ["main.cf", "master.cf"]);
});

test("Postfix: enforcing later changes the default action; what others set in between stays when it is taken back", {
  skip: noPostfix,
}, () => {
  const { config, directory } = postfixCopy("later");
  const options = ["setup", "postfix", "--config", config, "--etc", join(directory, "..")];
  did(...options, "--apply");
  postconf(directory, "-e", "soft_bounce=yes");
  writeFileSync(config, `${readFileSync(config, "utf8")}policy.enforce.dmarc_reject = true\n`);
  did(...options, "--apply");
  assert.match(postconf(directory, "-h", "smtpd_milters"), /^\{ inet:127\.0\.0\.1:8891, .*default_action=tempfail \}, inet:localhost:8893/);
  did(...options, "--undo");
  assert.equal(postconf(directory, "-h", "soft_bounce"), "yes");
  assert.equal(postconf(directory, "-h", "smtpd_milters"), "inet:localhost:8893, local:opendkim/opendkim.sock");
  assert.equal(postconf(directory, "-h", "non_smtpd_milters"), "$smtpd_milters");
  assert.doesNotMatch(postconf(directory, "-P"), /submission\/inet\/(?:smtpd_milters|milter_macro_daemon_name)/);
});

test("Postfix: what was written and then changed by somebody is not taken back", { skip: noPostfix }, () => {
  const { config, directory, before } = postfixCopy("changed");
  const options = ["setup", "postfix", "--config", config, "--etc", join(directory, "..")];
  did(...options, "--apply");
  postconf(directory, "-e", "smtpd_milters=inet:127.0.0.1:8891");
  const changed = before();
  const { status, err } = assay(...options, "--undo");
  assert.equal(status, 2);
  assert.match(err, /nothing was taken back.*\n {2}smtpd_milters: before Assay it was inet:localhost:8893/);
  assert.deepEqual(before(), changed);
});

test("Postfix: the before-queue proxy, as a service that Postfix reads", { skip: noPostfix }, () => {
  const { directory, before } = postfixCopy("proxy");
  const config = file(join(directory, "..", "proxy.toml"), 'listen.smtp = { address = "127.0.0.1:2525", next_hop = "127.0.0.1:2526" }\n');
  const untouched = before();
  const options = ["setup", "postfix", "--config", config, "--etc", join(directory, "..")];
  did(...options, "--apply");
  assert.match(postconf(directory, "-M", "127.0.0.1:2526/inet"), /smtpd\n? *-o syslog_name=postfix\/from-assay/);
  assert.equal(postconf(directory, "-P", "smtp/inet/smtpd_proxy_filter"), "smtp/inet/smtpd_proxy_filter = 127.0.0.1:2525");
  assert.match(did(...options, "--apply"), /nothing was written/);
  did(...options, "--undo");
  assert.deepEqual(before(), untouched);
});

test("Sendmail: its macros read the lines, and the filter is first", { skip: without("m4", "sendmail") }, () => {
  const etc = folder("sendmail/etc");
  const cf = join(unpacked, "usr/share/sendmail/cf");
  const config = file(join(etc, "assay.toml"), 'listen.milter = "inet:127.0.0.1:8891"\npolicy.mode = "enforce"\n');
  const head = "divert(0)dnl\nVERSIONID(`tests')dnl\nOSTYPE(`linux')dnl\n";
  const other = "INPUT_MAIL_FILTER(`other', `S=local:/run/other.sock')dnl\n";
  const listed = "MAIL_FILTER(`other', `S=local:/run/other.sock')dnl\ndefine(`confINPUT_MAIL_FILTERS', `other')dnl\n";
  for (const filters of [other, listed]) {
    const text = `${head}${filters}MAILER(\`local')dnl\nMAILER(\`smtp')dnl\n`;
    const mc = file(join(etc, "mail", "sendmail.mc"), text);
    const options = ["setup", "sendmail", "--config", config, "--etc", etc];
    did(...options, "--apply");
    const made = spawnSync("m4", [`-D_CF_DIR_=${cf}/`, join(cf, "m4/cf.m4"), mc], { encoding: "utf8" });
    assert.equal(made.status, 0, made.stderr);
    assert.match(made.stdout, /^O InputMailFilters=assay, ?other$/m);
    assert.match(made.stdout, /^Xassay, S=inet:8891@127\.0\.0\.1, F=T, T=C:10s;S:30s;R:30s;E:180s$/m);
    did(...options, "--undo");
    assert.equal(readFileSync(mc, "utf8"), text);
  }
});

test("Exim: an entry that lets 127.0.0.1 relay does not make it relay for all whose mail comes through Assay", {
  skip: without("exim"),
}, async () => {
  const etc = folder("exim/etc");
  const config = file(join(etc, "assay.toml"), 'listen.smtp = { address = "0.0.0.0:25", next_hop = "127.0.0.1:2526" }\n');
  const acl = "acl_check_rcpt:\n  accept hosts = +relay_from_hosts\n  accept domains = +local_domains\n  deny message = no\n";
  const lists = "domainlist local_domains = contoso.com\ndomainlist relay_to_domains =\nhostlist relay_from_hosts = 127.0.0.1\n";
  const settings = `primary_hostname = exim.test\nkeep_environment =\nhost_lookup =\nrfc1413_hosts =\nlog_file_path = /mnt/%slog\nspool_directory = /mnt\nacl_smtp_rcpt = acl_check_rcpt\n${lists}`;
  const template = file(join(etc, "exim4", "exim4.conf.template"), `${settings}begin acl\n${acl}`);
  const before = "dc_local_interfaces='127.0.0.1 ; ::1'\n";
  const debian = file(join(etc, "exim4", "update-exim4.conf.conf"), before);
  const answers = async (port: number): Promise<string> => {
    writeFileSync(join(work.path, "exim", "exim.conf"), readFileSync(template, "utf8"), { mode: 0o644 });
    withLines(join(work.path, "exim"), { name: "passwd", lines: ["Debian-exim:x:64999:64999::/mnt:/usr/sbin/nologin"] });
    withLines(join(work.path, "exim"), { name: "group", lines: ["Debian-exim:x:64999:"] });
    const dialogue = "EHLO x\\r\\nMAIL FROM:<a@x.example>\\r\\nRCPT TO:<b@elsewhere.example>\\r\\nRCPT TO:<c@contoso.com>\\r\\nQUIT\\r\\n";
    const exim = join(unpacked, "usr/sbin/exim4");
    const child = startInside(join(work.path, "exim"), {
      files: [
        { name: "passwd", at: "/etc/passwd" },
        { name: "group", at: "/etc/group" },
      ],
      command: ["/bin/sh", "-c", `printf '${dialogue}' | '${exim}' -C /mnt/exim.conf -oMi 127.0.0.1.${port} -bh 127.0.0.1`],
    });
    await child.ended;
    return child.output();
  };
  assert.doesNotMatch(await answers(2526), /550 relay not permitted/);
  const options = ["setup", "exim", "--config", config, "--etc", etc];
  did(...options, "--apply");
  assert.equal(
    spawnSync("/bin/sh", ["-c", `. '${debian}'; printf %s "$dc_local_interfaces"`], { encoding: "utf8" }).stdout,
    "127.0.0.1.2526",
  );
  const behind = await answers(2526);
  assert.match(behind, /550 relay not permitted\r?\n/);
  assert.match(behind, /250 Accepted/);
  assert.doesNotMatch(await answers(25), /550 relay not permitted/);
  assert.match(did(...options, "--apply"), /nothing was written/);
  did(...options, "--undo");
  assert.equal(readFileSync(template, "utf8"), `${settings}begin acl\n${acl}`);
  assert.equal(readFileSync(debian, "utf8"), before);
});

const noDovecot = withoutDovecot();

function withoutDovecot(): string | false {
  if (existsSync("/usr/lib/dovecot/dovecot-lda") && existsSync("/usr/bin/sievec") && process.geteuid?.() === 0) return false;
  const reason = "needs root, and Dovecot with Pigeonhole: apt-get install --no-install-recommends dovecot-core dovecot-sieve";
  assert.notEqual(process.env["CI"], "true", reason);
  return reason;
}

const report: Report = {
  ...{ client: "203.0.113.9", helo: "mail.evil.example", ptr: null, direction: "inbound", filter: "SPM", category: "SPOOF" },
  ...{ compauth: "fail", reason: "001", standing: "suspicious", suspicion: ["look-alike"], unverified: true, via: null },
  ...{ action: "junk", mode: "enforce", withheld: null, policyVersion: null, removed: 2, id: "0199c0ffee000123456789ab" },
};

function message(...fields: readonly string[]): string {
  return [...fields, "From: ceo@contoso.com", "To: ada@contoso.com", "Subject: hello", "", "Hello.", ""].join("\r\n");
}

const delivered: readonly (readonly [what: string, fields: readonly string[], box: "INBOX" | "Junk"])[] = [
  ["junk", [reportField(report)], "Junk"],
  ["to be quarantined, where nothing can hold it", [reportField({ ...report, action: "quarantine" })], "Junk"],
  ["to be refused, where nothing could refuse it", [reportField({ ...report, action: "reject" })], "Junk"],
  ["good", [reportField({ ...report, action: "deliver", filter: "NSPM" })], "INBOX"],
  ["only observed", [reportField({ ...report, action: "deliver", mode: "observe", withheld: "junk" })], "INBOX"],
  ["undecided in time, accepted marked", [reportField({ ...report, action: "tempfail" })], "INBOX"],
  ["without the field", [], "INBOX"],
  ["its HELO name spells the part", [reportField({ ...report, action: "deliver", helo: "x;ACTION:junk;" })], "INBOX"],
  ["its HELO name ends as the part begins", [reportField({ ...report, action: "deliver", helo: "ACTION:junk" })], "INBOX"],
  ["a field below ours says otherwise", [reportField({ ...report, action: "deliver" }), reportField(report)], "INBOX"],
  ["a field below ours clears it", [reportField(report), reportField({ ...report, action: "deliver" })], "Junk"],
  ["other fields of a sender", ["X-Assay: ;ACTION:junk;", "X-Spam-Flag: YES"], "INBOX"],
];

/** A Dovecot that was set up for the configuration, and its delivery agent for a user whose home is empty. */
function dovecot(name: string, toml: string) {
  const etc = folder(`${name}/etc`);
  const directory = folder(`${name}/etc/dovecot`);
  const home = folder(`${name}/home`);
  chownSync(home, 65_534, 65_534);
  const settings = `log_path = ${home}/log\nmail_location = maildir:~/Maildir\npostmaster_address = postmaster@contoso.com\nhostname = mx.contoso.com\nssl = no\nbase_dir = ${home}/run\n!include conf.d/*.conf\n`;
  const conf = file(join(directory, "dovecot.conf"), settings);
  folder(`${name}/etc/dovecot/conf.d`);
  const options = ["setup", "dovecot", "--config", file(join(etc, "assay.toml"), toml), "--etc", etc];
  did(...options, "--apply");
  const delivered = (text: string): string => {
    const before = mails(home);
    const as = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "env", `HOME=${home}`, "USER=nobody"];
    const lda = ["/usr/lib/dovecot/dovecot-lda", "-c", conf, "-e", "-f", "a@evil.example"];
    const run = spawnSync("setpriv", [...as, ...lda], { input: text, encoding: "utf8" });
    const log = existsSync(join(home, "log")) ? readFileSync(join(home, "log"), "utf8") : "";
    assert.equal(run.status, 0, `${run.stderr}${log}`);
    const [added, ...more] = mails(home).filter((path) => !before.includes(path));
    assert.ok(added !== undefined && more.length === 0);
    return added.startsWith(".Junk/") ? "Junk" : "INBOX";
  };
  return { directory, options, delivered };
}

const marked = "Dovecot: what Assay marked as junk is filed into Junk by its own delivery agent, everything else stays";
test(marked, { skip: noDovecot }, async (t) => {
  const { directory, options, delivered: into } = dovecot("dovecot", 'policy.mode = "enforce"\n');
  assert.match(did(...options, "--apply"), /nothing was written/);
  for (const [what, fields, box] of delivered) await t.test(`${what}: ${box}`, () => assert.equal(into(message(...fields)), box));
  did(...options, "--undo");
  assert.deepEqual([readdirSync(join(directory, "conf.d")), readdirSync(join(directory, "sieve"))], [[], []]);
});

test("Dovecot: what was held and then released stays in the inbox", { skip: noDovecot }, () => {
  const { delivered: into } = dovecot("held", "milter.hold = true\n");
  assert.equal(into(message(reportField({ ...report, action: "quarantine" }))), "INBOX");
  assert.equal(into(message(reportField(report))), "Junk");
});

function mails(home: string): readonly string[] {
  const maildir = join(home, "Maildir");
  if (!existsSync(maildir)) return [];
  return readdirSync(maildir, { recursive: true, encoding: "utf8" }).filter((path) => /(?:^|\/)new\/[^/]+$/.test(path));
}

test("the systemd unit is one that systemd reads, and its service is shut off well", { skip: withoutSystemd() }, () => {
  const unit = readFileSync(join(root, "deploy/systemd/assay.service"), "utf8");
  // The program is not installed here; everything else is judged as it stands.
  const tried = file(join(work.path, "unit", "assay.service"), unit.replace(/^(Exec\w+=)\S+/gm, "$1/bin/true"));
  const verified = spawnSync("systemd-analyze", ["verify", "--man=no", tried], { encoding: "utf8" });
  assert.equal(verified.status, 0, verified.stderr);
  assert.equal(verified.stderr, "");
  const security = spawnSync("systemd-analyze", ["security", "--offline=true", "--no-pager", "--threshold=25", tried], {
    encoding: "utf8",
  });
  assert.equal(security.status, 0, security.stdout);
});

function withoutSystemd(): string | false {
  if (existsSync("/usr/bin/systemd-analyze")) return false;
  const reason = "needs systemd-analyze: apt-get install --no-install-recommends systemd";
  assert.notEqual(process.env["CI"], "true", reason);
  return reason;
}
