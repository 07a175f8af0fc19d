/**
 * The command line's grammar: commands, options, their help and examples. Each command's code is loaded when it runs and not before.
 * Wrong use is one line with the nearest known word, and exit status 2.
 */
import { existsSync } from "node:fs";
import { Command, CommanderError, Option } from "commander";
import { version } from "../../gateway/version.ts";
import type { CheckOptions } from "./check.ts";
import type { CheckDns } from "./config-command.ts";
import type { DmarcOptions } from "./dmarc-command.ts";
import { addEntryCommands } from "./entry-commands.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { ExplainOptions } from "./explain.ts";
import { addJournalCommands } from "./journal-commands.ts";
import type { LearnOptions } from "./learn.ts";
import type { MechanismOptions } from "./mechanism.ts";
import { addOperations } from "./operations.ts";
import {
  looksLikeTls,
  readAuthservId,
  readDns,
  readHelo,
  readHost,
  readIdentifier,
  readIp,
  readJobs,
  readMailFrom,
  readMode,
  readRcptTo,
  readSince,
  readTls,
  someTls,
} from "./options.ts";
import { type Ports, UsageError } from "./ports.ts";
import { addSetupCommands } from "./setup-commands.ts";
import { shown } from "./shown.ts";
import type { SpfOptions } from "./spf-command.ts";

/** Runs one command line; resolves to the exit status. Exceptions that leave it are faults of ours. */
export async function run(args: readonly string[], ports: Ports): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  const texts: { to: "out" | "err"; text: string }[] = [];
  const program = grammar((next) => {
    status = next;
  }, ports);
  for (const command of [program, ...program.commands, ...program.commands.flatMap((command) => command.commands)]) {
    command
      .exitOverride()
      .configureHelp({ helpWidth: 100 })
      .configureOutput({
        writeOut: (text) => texts.push({ to: "out", text }),
        writeErr: (text) => texts.push({ to: "err", text }),
        outputError: (text, write) => write(complaint(text, command)),
      });
  }
  try {
    await program.parseAsync(withTlsValue(args), { from: "user" });
  } catch (error) {
    status = statusOfThrown(error, texts);
  }
  for (const { to, text } of texts) await ports[to].write(text);
  return status;
}

function statusOfThrown(error: unknown, texts: { to: "out" | "err"; text: string }[]): ExitStatus {
  if (error instanceof UsageError) {
    texts.push({ to: "err", text: `assay: ${error.message.split("\n").map(shown).join("\n")}\n` });
    return 2;
  }
  // Commander throws to end: with 0 after --help and --version, else for wrong use, which it has already complained of.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  throw error;
}

/** Commander's `error: unknown option '--jsn'\n(Did you mean --json?)` on one line, with the way to the help. */
function complaint(text: string, command: Command): string {
  const said = text
    .trim()
    .replace(/^error: /, "")
    .replace(/\s*\n\s*/g, " ")
    .replace(/\.$/, "");
  const name = command.parent === null ? "assay" : `assay ${command.name()}`;
  const file = /^unknown command '(.+)'$/.exec(said)?.[1];
  if (file !== undefined && existsSync(file)) return `assay: ${shown(said)} (did you mean “assay check ${shown(file)}”?)\n`;
  return `assay: ${shown(said)}; see ${name} --help\n`;
}

/** `--tls` takes a version only if one follows; a file name after it stays a file name. */
function withTlsValue(args: readonly string[]): string[] {
  const until = args.indexOf("--") === -1 ? args.length : args.indexOf("--");
  return args.map((arg, i) => (arg === "--tls" && i < until && !looksLikeTls(args[i + 1] ?? "") ? "--tls=any" : arg));
}

type Done = (status: ExitStatus) => void;

function grammar(done: Done, ports: Ports): Command {
  const program = new Command("assay")
    .description("Decides whether the sender of a message is who it claims to be, and says why.")
    .version(`assay ${version}`, "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .helpCommand("help [command]", "print the help of a command")
    .addHelpText(
      "after",
      examples(
        ["assay check message.eml", "the verdict on a message"],
        ["assay check --zone examples/zone.yaml examples/mail", "the examples, without DNS"],
        ["assay check --json ~/Maildir", "JSON Lines, one inspection a message"],
        ["assay spf --ip 192.0.2.1 --sender ada@contoso.com", "one mechanism, with every DNS question"],
      ) + exitStatusHelp,
    );
  addCheck(program, done, ports);
  addExplain(program, done, ports);
  addSpf(program, done, ports);
  addSignature(program, "dkim", { done, ports });
  addSignature(program, "arc", { done, ports });
  addDmarc(program, done, ports);
  addLearn(program, done, ports);
  addEntryCommands(program, { done, ports, examples });
  addOperations(program, { done, ports, examples });
  addJournalCommands(program, { done, ports, examples });
  addConfig(program, done, ports);
  addSetupCommands(program, { done, ports, examples });
  return program;
}

function addCheck(program: Command, done: Done, ports: Ports): void {
  const command = program
    .command("check")
    .summary("inspect messages and print the verdict with its reasons")
    .description(
      "Inspects messages: files, - for standard input, directories (files named *.eml), mbox files, maildirs.\n" +
        "What is not given of the envelope is read from the message, and the output says so.",
    )
    .argument("[file...]", "what to inspect; standard input if nothing is named")
    .option("--ip <address>", "address of the client that delivered the message", readIp)
    .option("--helo <name>", "name that the client gave in HELO or EHLO", readHelo)
    .option("--mail-from <address>", "envelope sender; <> for the null path", readMailFrom)
    .option("--rcpt-to <address>", "envelope recipient; may be repeated", (text: string, before: readonly string[] = []) =>
      readRcptTo(text, before),
    )
    .option("--tls [version]", "the message came over TLS, such as TLSv1.3", (text: string) => (text === "any" ? someTls : readTls(text)));
  withResolver(command)
    .addOption(modeOption())
    .option("--trace", "add the facts weighed and every DNS question")
    .option("--verbose", "in a batch, show messages that pass in full too")
    .option("--jobs <n>", "worker threads for a batch (default: 1)", readJobs)
    .addHelpText(
      "after",
      examples(
        ["assay check message.eml", ""],
        ["assay check --ip 198.51.100.7 --helo mail.evil.example --mail-from bob@evil.example - < message.eml", ""],
        ["assay check --json --jobs 4 ~/Maildir archive.mbox > verdicts.jsonl", ""],
      ) + exitStatusHelp,
    )
    .action(async (files: string[], options: CheckOptions) => done(await (await import("./check.ts")).check(files, options, ports)));
}

function addExplain(program: Command, done: Done, ports: Ports): void {
  program
    .command("explain")
    .summary("say in plain words what stamped headers decided, who did, and why")
    .description(
      "Reads headers that mail servers have stamped (ours, RFC 8601, Microsoft, Google, Yahoo), as a message or as pasted text.\n" +
        "Nothing is verified and nothing is asked of DNS: it says what headers alone cannot prove.",
    )
    .argument("[file...]", "the headers or the message; - or nothing for standard input")
    .option("--json", "print JSON, one object on a line")
    .addHelpText(
      "after",
      examples(
        ["assay explain message.eml", ""],
        ["assay explain < headers.txt", "headers copied from a mail client"],
        ["assay explain", "waits for a paste, until Ctrl-D"],
      ),
    )
    .action(async (files: string[], options: ExplainOptions) => done(await (await import("./explain.ts")).explain(files, options, ports)));
}

function addSpf(program: Command, done: Done, ports: Ports): void {
  const command = program
    .command("spf")
    .summary("check a client and a sender against SPF, with the full trace")
    .description("Runs check_host() of RFC 7208 for one client, and prints the term that decided and every DNS question.")
    .option("--ip <address>", "address of the client", readIp)
    .option("--sender <address>", "envelope sender; <> for the null path", readMailFrom)
    .addOption(new Option("--mail-from <address>", "the same as --sender").argParser(readMailFrom))
    .option("--helo <name>", "name that the client gave in HELO or EHLO", readHelo);
  withResolver(command)
    .addHelpText(
      "after",
      examples(
        ["assay spf --ip 192.0.2.1 --sender ada@contoso.com --helo mail.contoso.com", ""],
        ["assay spf --ip 2001:db8::1 --helo mail.contoso.com", "the HELO identity"],
      ),
    )
    .action(async ({ mailFrom, ...options }: SpfOptions & { mailFrom?: string }) => {
      const sender = options.sender ?? mailFrom;
      done(await (await import("./spf-command.ts")).spfCommand(sender === undefined ? options : { ...options, sender }, ports));
    });
}

function addSignature(program: Command, name: "dkim" | "arc", { done, ports }: { done: Done; ports: Ports }): void {
  const dkim = name === "dkim";
  const command = program
    .command(name)
    .summary(
      dkim ? "verify the DKIM signatures of a message, with the full trace" : "verify the ARC chain of a message, with the full trace",
    )
    .description(
      dkim
        ? "Verifies every DKIM signature of one message (RFC 6376); header and body are told apart."
        : "Verifies the ARC chain of one message (RFC 8617) and lists its sets.",
    )
    .argument("[file]", "the message; standard input if none is named");
  withResolver(command)
    .addHelpText("after", examples([`assay ${name} message.eml`, ""], [`assay ${name} --dns 127.0.0.1:5353 --json - < message.eml`, ""]))
    .action(async (file: string | undefined, options: MechanismOptions) => {
      const commands = await import("./signature-commands.ts");
      done(await (dkim ? commands.dkimCommand : commands.arcCommand)(file, options, ports));
    });
}

function addDmarc(program: Command, done: Done, ports: Ports): void {
  const command = program
    .command("dmarc")
    .summary("find a domain's DMARC policy, or judge a message by it, with the full trace")
    .description(
      "Finds the policy that governs a domain (RFC 9989) and judges the given results by it; or gives the DMARC result of a message.",
    )
    .argument("<subject>", "a domain, a message file, or - for standard input")
    .option("--spf <domain=result>", "an SPF result to judge; may be repeated", identifier("--spf", "spf"))
    .option("--dkim <domain=result>", "a DKIM result to judge; may be repeated", identifier("--dkim", "dkim"));
  withResolver(command)
    .addOption(modeOption())
    .addHelpText(
      "after",
      examples(
        ["assay dmarc contoso.com", "what the domain asks for"],
        ["assay dmarc contoso.com --spf bounce.contoso.com=pass --dkim evil.example=pass", ""],
        ["assay dmarc message.eml", ""],
      ),
    )
    .action(async (subject: string, options: DmarcOptions) =>
      done(await (await import("./dmarc-command.ts")).dmarcCommand(subject, options, ports)),
    );
}

function addLearn(program: Command, done: Done, ports: Ports): void {
  program
    .command("learn")
    .summary("fill the store with what mailboxes and mail logs tell of the past")
    .description(
      "Reads maildirs, mbox files, directories of *.eml, Sent folders and Postfix logs, and teaches the\n" +
        "store who sends for whom and who writes to whom. Only our own Received and\n" +
        "Authentication-Results fields teach.",
    )
    .argument("[path...]", "mailboxes and logs; folders that are named Sent, or the like, are mail of ours")
    .option("--sent <path>", "mail of ours, whatever its folder is named; may be repeated", added)
    .option("--config <file>", "read settings from this configuration file; memory.url names the store")
    .option("--host <name>", "a host of ours, or a domain that holds them; may be repeated", (text, before: readonly string[] = []) => [
      ...before,
      readHost(text),
    ])
    .option(
      "--authserv-id <name>",
      "name whose Authentication-Results are ours; may be repeated",
      (text, before: readonly string[] = []) => [...before, readAuthservId(text)],
    )
    .option("--results-below-received", "our filter writes below our Received field, and takes forged results out")
    .option("--rcpt-to <address>", "recipient of the messages that do not say theirs", (text, before: readonly string[] = []) =>
      readRcptTo(text, before),
    )
    .addOption(new Option("--since <days>", "what is older is not learnt, such as 90d or 8w (default: 180d)").argParser(readSince))
    .option("--dry-run", "say what would be learnt; no store is opened")
    .option("--json", "print the totals as JSON")
    .addHelpText(
      "after",
      examples(
        ["assay learn --config assay.toml /home/*/Maildir", ""],
        ["assay learn --config assay.toml --sent archive/sent.mbox /var/log/mail.log*", ""],
        ["assay learn --dry-run --host mx.contoso.com ~/Maildir", "what would be learnt, and why not"],
      ),
    )
    .action(async (paths: string[], { since, ...options }: Omit<LearnOptions, "sinceDays"> & { since?: number }) => {
      const { learn } = await import("./learn.ts");
      done(await learn(paths, since === undefined ? options : { ...options, sinceDays: since }, ports));
    });
}

function added(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}

function addConfig(program: Command, done: Done, ports: Ports): void {
  const command = program
    .command("config")
    .summary("check, print or begin a configuration file")
    .description("Works on configuration files; nothing is started.");
  command
    .command("check")
    .description("Reads a configuration file and lists everything that is wrong in it, and what is probably not meant.")
    .argument("<file>", "the configuration file")
    .option("--zone <file>", "ask this zone file whether the accepted domains can receive mail (null MX)")
    .option("--dns <host[:port]>", "ask this DNS server the same", readDns)
    .addHelpText(
      "after",
      examples(["assay config check assay.toml", ""], ["assay config check --dns 127.0.0.1 assay.toml", "asks DNS too"]),
    )
    .action(async (file: string, options: CheckDns) => done(await (await import("./config-command.ts")).configCheck(file, options, ports)));
  command
    .command("print")
    .description("Prints every key with its value in force, and whether that is the file's or the default.")
    .argument("[file]", "the configuration file; without one the defaults are printed")
    .option("--policy", "print what is done about mail, as tables to read and compare")
    .addHelpText(
      "after",
      examples(
        ["assay config print assay.toml", ""],
        ["assay config print --policy new.toml | diff before.md -", "what a change would mean"],
      ),
    )
    .action(async (file: string | undefined, options: { policy?: boolean }) =>
      done(await (await import("./config-command.ts")).configPrint(file, options, ports)),
    );
  command
    .command("sample")
    .description("Prints a configuration file with every key, its help and its default.")
    .addHelpText("after", examples(["assay config sample > assay.toml", ""]))
    .action(async () => done(await (await import("./config-command.ts")).configSample(ports)));
}

function withResolver(command: Command): Command {
  return command
    .option("--zone <file>", "answer DNS from a zone file (YAML or JSON) instead of the network")
    .option("--dns <host[:port]>", "ask this DNS server instead of the system's", readDns)
    .option("--config <file>", "read settings from this configuration file")
    .option("--authserv-id <name>", "name that stamps the results (default: the host's name)", readAuthservId)
    .option("--json", "print JSON, one object on a line");
}

function modeOption(): Option {
  return new Option("--mode <mode>", "DMARC by rfc9989, by rfc7489, or compare both (default: rfc9989)").argParser(readMode);
}

function identifier(option: string, kind: "spf" | "dkim") {
  const results =
    kind === "spf"
      ? ["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"]
      : ["pass", "fail", "policy", "neutral", "temperror", "permerror"];
  return (text: string, before: readonly object[] = []) => [...before, readIdentifier(option, results, text)];
}

function examples(...list: readonly (readonly [command: string, what: string])[]): string {
  return `\nExamples:\n${list.map(([command, what]) => `  ${command}${what === "" ? "" : `\n      ${what}`}`).join("\n")}\n`;
}

const exitStatusHelp = `
Exit status:
  0  pass, softpass or none        2  wrong use, or an unreadable input
  1  authentication failed         3  undecided: a temporary DNS error
  Of a batch the first of 2, 3, 1, 0 that occurred.
`;
