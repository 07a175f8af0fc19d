/**
 * `assay init`: asks, or takes from options, what a first configuration needs, looks at the domains in DNS, writes assay.toml, and says what
 * comes next. What it writes observes and acts on nothing. It never replaces a file unless told to, and keeps what it replaces.
 */
import { join, resolve } from "node:path";
import { formatConfigError, loadConfig } from "../../config/load.ts";
import { argument } from "./entry-store.ts";
import type { ExitStatus } from "./exit-status.ts";
import { type DomainFinding, lookAtDomains } from "./init-dns.ts";
import type { Questions } from "./init-questions.ts";
import { type Answers, initText, type MailServer } from "./init-text.ts";
import { type Line, line, plain, print } from "./lines.ts";
import { readAuthservId, readDns } from "./options.ts";
import { type Ports, UsageError } from "./ports.ts";
import { resolverChoice } from "./resolver-choice.ts";
import { type Machine, thisMachine } from "./setup/machine.ts";

export type InitOptions = {
  readonly dir?: string;
  readonly domain?: readonly string[];
  readonly mailServer?: MailServer;
  readonly authservId?: string;
  readonly memory?: string;
  readonly dns?: string;
  readonly zone?: string;
  readonly yes?: boolean;
  readonly force?: boolean;
};

type Means = Pick<Ports, "out" | "err" | "stdinIsTerminal" | "hostName" | "openResolver" | "clock">;

/** What stands in for the terminal and the machine in tests. */
export type Around = { readonly machine: Machine; readonly questions: (() => Promise<Questions>) | null };

export async function init(options: InitOptions, ports: Means, around: Around = usual(ports)): Promise<ExitStatus> {
  const { machine } = around;
  const folder = resolve(options.dir ?? ".");
  const file = join(folder, "assay.toml");
  const before = machine.read(file);
  if (before !== null && options.force !== true) {
    throw new UsageError(`${file} is there already, and stays: --force replaces it (keeping it as assay.toml.old), --dir writes elsewhere`);
  }
  const answers = await answersOf(options, { ports, around, folder });
  const text = initText(answers);
  const loaded = loadConfig(Buffer.from(text));
  if (!loaded.ok)
    throw new UsageError(`these answers make no configuration:${loaded.errors.map((one) => `\n  ${formatConfigError(one)}`).join("")}`);
  const resolver = await ports.openResolver(resolverChoice(options, null));
  const findings = await lookAtDomains(answers.domains, { resolver, clock: ports.clock });
  if (before !== null) machine.replace(`${file}.old`, before, 0o600);
  machine.replace(file, text);
  await ports.out.write(print([...wordsOnDns(findings, answers), ...nextSteps(file, answers)], ports.out));
  return 0;
}

function usual({ stdinIsTerminal, out }: Means): Around {
  const asks = stdinIsTerminal && out.isTerminal;
  return { machine: thisMachine, questions: asks ? async () => (await import("./init-questions.ts")).questionsOnTerminal() : null };
}

type Asking = { readonly ports: Means; readonly around: Around; readonly folder: string };

async function answersOf(options: InitOptions, { ports, around, folder }: Asking): Promise<Answers> {
  const { machine } = around;
  const ask = options.yes === true ? null : ((await around.questions?.()) ?? null);
  const server = options.mailServer ?? (ask === null && options.yes !== true ? null : installed(machine));
  if (ask === null) refuseUnanswered(options, server);
  const domain = options.domain ?? (await ask?.domains(domainOf(ports.hostName()))) ?? [];
  const mailServer = options.mailServer ?? (await ask?.mailServer(server ?? "other")) ?? server ?? "other";
  const named = ports.hostName().includes(".") ? ports.hostName() : (domain[0] ?? "");
  const authservId = options.authservId ?? readAuthservId((await ask?.authservId(named)) ?? named);
  const file = options.memory ?? (await ask?.memory(storeIn(folder))) ?? storeIn(folder);
  const dns = options.dns ?? (options.zone === undefined ? await ask?.dns() : undefined) ?? "";
  return {
    domains: [...new Set(domain)],
    mailServer,
    authservId,
    memory: file === "none" ? null : resolve(folder, file.replace(/^sqlite:/, "")),
    dns: dns === "" ? null : readDns(dns),
  };
}

/** Without a terminal nothing is asked, and nothing guessed that matters. */
function refuseUnanswered({ domain }: InitOptions, server: MailServer | null): void {
  const missing = [
    ...(domain === undefined ? ["--domain NAME"] : []),
    ...(server === null ? ["--mail-server postfix|sendmail|exim|other"] : []),
  ];
  if (missing.length > 0)
    throw new UsageError(
      `nobody is there to be asked; give ${missing.join(" and ")}${server === null ? ", or --yes to take what is installed" : ""}`,
    );
}

/** By its configuration. */
function installed({ read }: Pick<Machine, "read">): MailServer {
  if (read("/etc/postfix/main.cf") !== null) return "postfix";
  if (read("/etc/mail/sendmail.mc") !== null) return "sendmail";
  return read("/etc/exim4/update-exim4.conf.conf") === null ? "other" : "exim";
}

function domainOf(host: string): string {
  const [, ...parents] = host.split(".");
  return parents.length > 1 ? parents.join(".") : "";
}

/** The service of systemd may write below /var/lib/assay alone. */
function storeIn(folder: string): string {
  return folder === "/etc" || folder.startsWith("/etc/") ? "/var/lib/assay/assay.db" : join(folder, "assay.db");
}

function wordsOnDns(findings: readonly DomainFinding[], { dns }: Answers): readonly Line[] {
  const silent = findings.filter(({ answered }) => !answered).map(({ domain }) => domain);
  const told = findings.flatMap(({ says }) => says);
  const asked = dns === null ? "the system's DNS servers" : dns;
  const lines =
    silent.length > 0
      ? [
          line(
            `DNS gave no answer on ${silent.join(", ")} (${asked}). Assay lives by DNS: see that it answers, or name another server in [dns].`,
            "bad",
          ),
        ]
      : [];
  if (told.length === 0 && silent.length === 0) return [line("DNS answers, and the domains publish what they should.", "good"), plain("")];
  return [
    ...lines,
    ...(told.length === 0 ? [] : [line("What DNS says of the domains", "strong")]),
    ...told.map((text) => plain(`  ${text}`)),
    plain(""),
  ];
}

function nextSteps(file: string, { mailServer, memory }: Answers): readonly Line[] {
  const server = mailServer === "other" ? null : mailServer;
  const named = argument(file);
  const steps = [
    ["See what it says", `assay config check ${named}`],
    ["Start", file === "/etc/assay/assay.toml" ? "systemctl enable --now assay" : `assay serve --config ${named}`],
    ...(server === null
      ? [["Connect the mail server", "docs/exchange.md, docs/setup.md"]]
      : [["Connect the mail server", `assay setup ${server} --config ${named}`]]),
    ["File junk in mailboxes", `assay setup dovecot --config ${named}`],
    ["See results", "Authentication-Results and X-Assay-Report in mail that comes in; assay explain FILE"],
    ...(memory === null ? [] : [["After a week or two", `assay readiness --config ${named}`]]),
    ["When that is clear", 'a rule of [policy.enforce] to true, or mode = "enforce"; then assay setup again'],
  ];
  return [
    line(`${file} is written. It observes: mail is stamped${memory === null ? "" : " and recorded"}, and nothing is refused.`, "good"),
    ...steps.map(([what = "", how = ""]) => plain(`  ${what.padEnd(24)} ${how}`)),
  ];
}
