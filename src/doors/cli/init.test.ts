/** `assay init`: what it writes loads, what it is asked it asks once, and a file that is there stays. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type FakeMachine, fakeMachine } from "../../../test/setup-machine.ts";
import { loadConfig } from "../../config/load.ts";
import { zoneResolver } from "../../system/zone-resolver.ts";
import { type InitOptions, init } from "./init.ts";
import type { Questions } from "./init-questions.ts";
import { initText, type MailServer } from "./init-text.ts";
import { UsageError } from "./ports.ts";

const resolver = zoneResolver({
  "contoso.com": [{ MX: [10, "mx.contoso.com"] }, { TXT: "v=spf1 mx -all" }],
  "_dmarc.contoso.com": [{ TXT: "v=DMARC1; p=reject" }],
  "fabrikam.com": [{ MX: [10, "mx.fabrikam.com"] }, { TXT: "v=spf10" }],
  "_dmarc.fabrikam.com": [{ TXT: "v=DMARC1; p=none" }],
  "silent.example": [{ MX: [0, "."] }],
  "slow.example": ["TIMEOUT"],
});

async function ran(
  options: InitOptions,
  around: { files?: Record<string, string>; questions?: Questions | null; host?: string } = {},
): Promise<{ status: number; out: string; machine: FakeMachine }> {
  const machine = fakeMachine(around.files ?? {});
  let out = "";
  const write = (text: string): Promise<boolean> => {
    out += text;
    return Promise.resolve(true);
  };
  const output = { isTerminal: false, colour: false, write };
  const status = await init(
    options,
    {
      out: output,
      err: output,
      stdinIsTerminal: false,
      hostName: () => around.host ?? "mx.contoso.com",
      clock: () => 0,
      openResolver: () => Promise.resolve(resolver),
    },
    { machine, questions: around.questions == null ? null : () => Promise.resolve(around.questions as Questions) },
  );
  return { status, out, machine };
}

const given: InitOptions = { dir: "/d", domain: ["contoso.com"], mailServer: "postfix" };

test("from options alone: a file that loads, observes, and says who is ours", async () => {
  const { status, out, machine } = await ran(given);
  assert.equal(status, 0);
  const loaded = loadConfig(Buffer.from(machine.files.get("/d/assay.toml") ?? ""));
  assert.ok(loaded.ok);
  assert.deepEqual(loaded.warnings, []);
  const { config } = loaded;
  assert.deepEqual(
    [config.authserv_id, config.policy.mode, config.domains.map(({ name }) => name)],
    ["mx.contoso.com", "observe", ["contoso.com"]],
  );
  assert.deepEqual(config.listen.milter, { kind: "inet", host: "127.0.0.1", port: 8891 });
  assert.deepEqual(config.milter.outbound_daemons, ["ORIGINATING"]);
  assert.deepEqual(config.memory.url, { kind: "sqlite", path: "/d/assay.db" });
  assert.match(out, /^DNS answers/);
  assert.match(out, /assay setup postfix --config \/d\/assay\.toml/);
  assert.match(out, /assay readiness --config/);
});

test("every server and every commented line: the file loads with each taken in", () => {
  const servers: readonly MailServer[] = ["postfix", "sendmail", "exim", "other"];
  for (const mailServer of servers) {
    for (const [memory, dns] of [
      [null, null],
      ["/x/assay.db", "127.0.0.1"],
    ] as const) {
      const text = initText({ domains: ["contoso.com", "xn--mller-kva.example"], mailServer, authservId: "mx.contoso.com", memory, dns });
      const load = (toml: string): void => {
        const loaded = loadConfig(Buffer.from(toml));
        assert.ok(loaded.ok, `${mailServer}: ${JSON.stringify(loaded)}\n${toml}`);
      };
      load(text);
      load(text.replace(/^#(?=[a-z])/gm, ""));
    }
  }
});

test("what DNS says: null MX, no SPF, no DMARC, p=none, no such name; a silent server", async () => {
  const { out } = await ran({ ...given, domain: ["fabrikam.com", "silent.example", "nowhere.example", "contoso.com"] });
  assert.match(out, /fabrikam\.com publishes no SPF record/);
  assert.match(out, /fabrikam\.com asks for p=none/);
  assert.match(out, /silent\.example .*null MX/);
  assert.match(out, /silent\.example publishes no DMARC policy/);
  assert.match(out, /nowhere\.example does not exist/);
  assert.doesNotMatch(out, / contoso\.com (?:publishes|asks)/);
  const slow = await ran({ ...given, domain: ["slow.example"] });
  assert.equal(slow.status, 0);
  assert.match(slow.out, /^DNS gave no answer on slow\.example/);
  assert.ok(slow.machine.files.has("/d/assay.toml"));
});

test("a file that is there stays; with --force it is kept beside", async () => {
  const files = { "/d/assay.toml": "mine" };
  await assert.rejects(ran(given, { files }), (error) => error instanceof UsageError && /--force/.test(error.message));
  const { machine } = await ran({ ...given, force: true }, { files });
  assert.equal(machine.files.get("/d/assay.toml.old"), "mine");
  assert.match(machine.files.get("/d/assay.toml") ?? "", /^# Assay/);
});

test("nobody to be asked: what is missing is named; --yes takes what is installed", async () => {
  await assert.rejects(ran({ dir: "/d" }), /give --domain NAME and --mail-server postfix\|sendmail\|exim\|other, or --yes/);
  await assert.rejects(ran({ dir: "/d", yes: true }), /give --domain NAME$/);
  await assert.rejects(ran({ dir: "/d", mailServer: "exim" }), /give --domain NAME$/);
  const { machine } = await ran({ dir: "/d", domain: ["contoso.com"], yes: true }, { files: { "/etc/exim4/update-exim4.conf.conf": "" } });
  assert.match(machine.files.get("/d/assay.toml") ?? "", /^smtp = \{/m);
});

test("on a terminal: what no option gave is asked, once, with what is likely", async () => {
  const asked: string[] = [];
  const say =
    <T>(name: string, answer: T) =>
    (initial?: string) => {
      asked.push(`${name} ${initial ?? ""}`.trim());
      return Promise.resolve(answer);
    };
  const questions: Questions = {
    domains: say("domains", ["contoso.com", "contoso.com"]),
    mailServer: say<MailServer>("mailServer", "sendmail"),
    authservId: say("authservId", "contoso.com"),
    memory: say("memory", "none"),
    dns: say("dns", "192.0.2.53"),
  };
  const { machine } = await ran({ dir: "/etc/assay" }, { questions, files: { "/etc/postfix/main.cf": "" } });
  assert.deepEqual(asked, [
    "domains contoso.com",
    "mailServer postfix",
    "authservId mx.contoso.com",
    "memory /var/lib/assay/assay.db",
    "dns",
  ]);
  const text = machine.files.get("/etc/assay/assay.toml") ?? "";
  assert.match(text, /^servers = \["192\.0\.2\.53"\]$/m);
  assert.match(text, /^#url = /m);
  asked.length = 0;
  await ran({ ...given, authservId: "x", memory: "m.db", dns: "192.0.2.53" }, { questions });
  assert.deepEqual(asked, []);
});
