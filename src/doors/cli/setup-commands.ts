/** The grammar of `assay init` and `assay setup`: options with their help and examples. */
import { type Command, Option } from "commander";
import { domainToAscii } from "../../mail/domain.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { InitOptions } from "./init.ts";
import { readAuthservId, readDns } from "./options.ts";
import { type Ports, UsageError } from "./ports.ts";
import type { Server } from "./setup/account.ts";
import type { SetupOptions } from "./setup/setup.ts";

type Means = {
  readonly done: (status: ExitStatus) => void;
  readonly ports: Ports;
  readonly examples: (...list: readonly (readonly [command: string, what: string])[]) => string;
};

export function addSetupCommands(program: Command, means: Means): void {
  addInit(program, means);
  const command = program
    .command("setup")
    .summary("what the mail server needs: print the lines, write them, take them out")
    .description(
      "Prints the exact lines that a mail server needs for a configuration of Assay. --apply writes them,\n" +
        "--undo takes them out again. No server is started, reloaded or stopped.",
    );
  for (const [server, summary] of servers) addServer(command, { server, summary }, means);
}

const servers: readonly (readonly [Server, string])[] = [
  ["postfix", "Postfix: milters, or the before-queue proxy"],
  ["sendmail", "Sendmail: the filter's lines for sendmail.mc"],
  ["exim", "Exim as the next hop behind Assay's SMTP proxy"],
  ["dovecot", "Dovecot: the Sieve script that files junk"],
];

function addInit(program: Command, { done, ports, examples }: Means): void {
  program
    .command("init")
    .summary("write a first assay.toml")
    .description(
      "Asks for your domains and your mail server, looks at what DNS says of the domains, and writes a\n" +
        "commented assay.toml that observes and acts on nothing. Each question has an option.",
    )
    .option("--dir <folder>", "where to write assay.toml (default: here)")
    .option("--domain <name>", "an accepted domain; may be repeated", (text: string, before: readonly string[] = []) => [
      ...before,
      ...readDomains(text),
    ])
    .addOption(new Option("--mail-server <server>", "what Assay works with").choices(["postfix", "sendmail", "exim", "other"]))
    .option("--authserv-id <name>", "name that stamps the results (default: the host's, or the first domain)", readAuthservId)
    .option("--memory <file>", "where history is kept (SQLite); none: nothing is remembered")
    .option("--dns <host[:port]>", "ask this DNS server instead of the system's, also later", readDns)
    .option("--zone <file>", "look at the domains in a zone file instead of DNS")
    .option("--yes", "take the default for what is not given, and ask nothing")
    .option("--force", "replace an assay.toml that is there; it is kept as assay.toml.old")
    .addHelpText(
      "after",
      examples(["assay init", "asks"], ["assay init --dir /etc/assay --domain contoso.com --mail-server postfix --yes", "asks nothing"]),
    )
    .action(async (options: InitOptions) => done(await (await import("./init.ts")).init(options, ports)));
}

function readDomains(text: string): readonly string[] {
  return text.split(/[\s,]+/).flatMap((one) => {
    if (one === "") return [];
    const name = domainToAscii(one);
    if (name === null || !name.includes("."))
      throw new UsageError(`--domain wants a domain name, such as contoso.com; this is none: “${one.slice(0, 80)}”`);
    return [name];
  });
}

function addServer(
  parent: Command,
  { server, summary }: { readonly server: Server; readonly summary: string },
  { done, ports, examples }: Means,
): void {
  const command = parent
    .command(server)
    .description(summary)
    .option("--config <file>", "the configuration of Assay (default: /etc/assay/assay.toml)")
    .option("--apply", "write the lines, after saving what is there")
    .option("--undo", "take out what --apply wrote")
    .option("--etc <folder>", "where the configuration of other programs lies (default: /etc)")
    .option("--json", "print JSON, one object on a line");
  if (server === "postfix") command.option("--postfix-config <folder>", "folder of main.cf and master.cf (default: /etc/postfix)");
  if (server === "sendmail") command.option("--sendmail-mc <file>", "Sendmail's .mc file (default: /etc/mail/sendmail.mc)");
  command
    .addHelpText(
      "after",
      examples([`assay setup ${server} --config assay.toml`, "print"], [`assay setup ${server} --config assay.toml --apply`, "write"]),
    )
    .action(async (options: SetupOptions) => {
      const [{ setup }, { thisMachine }] = await Promise.all([import("./setup/setup.ts"), import("./setup/machine.ts")]);
      done(await setup(server, options, { out: ports.out, machine: thisMachine }));
    });
}
