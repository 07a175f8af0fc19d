/** The grammar of `assay pairs`, `allow`, `block` and `senders`: options with their help and examples. */
import { type Command, Option } from "commander";
import { scopes } from "../../verdict/overrides/scope.ts";
import type { AllowOptions } from "./allow.ts";
import { readChange, readCount, readEntryExpiry, readInsightDays, readScope, readSpoofed } from "./entry-options.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { PairsOptions } from "./pairs.ts";
import type { Ports } from "./ports.ts";
import type { SendersOptions } from "./senders.ts";

type Means = {
  readonly done: (status: ExitStatus) => void;
  readonly ports: Ports;
  readonly examples: (...list: readonly (readonly [command: string, what: string])[]) => string;
};

export function addEntryCommands(program: Command, means: Means): void {
  addPairs(program, means);
  addAllow(program, "allow", means);
  addAllow(program, "block", means);
  addSenders(program, means);
}

const standings = ["allowed", "good", "unknown", "suspicious", "blocked"];

function addPairs(program: Command, { done, ports, examples }: Means): void {
  const command = program
    .command("pairs")
    .summary("who was seen sending in whose name, and what was done about it")
    .description(
      "Prints the queue of spoof intelligence: each spoofed domain with the infrastructure that sent in\n" +
        "its name without being vouched for, the most messages first.",
    )
    .addOption(new Option("--days <n>", "how many days up to today, such as 7 or 30 (default: 7)").argParser(readInsightDays))
    .addOption(
      new Option("--domain <domain>", "only in the name of this domain").argParser((text: string) => readSpoofed("--domain", text)),
    )
    .option("--infrastructure <name>", "only sent by this domain or network")
    .addOption(new Option("--standing <standing>", "only pairs of this standing").choices(standings))
    .addOption(
      new Option("--spoof <type>", "internal: in the name of your own domains; external: of others").choices(["internal", "external"]),
    )
    .option("--what-if", "what would have been acted on while enforcement is off")
    .option("--undecided", "only pairs that no entry of yours decided")
    .option("--details", "why, how often on each day, and sample messages")
    .addOption(new Option("--limit <n>", "at most so many lines (default: 50)").argParser((text: string) => readCount("--limit", text)))
    .option("--changes [id]", "what was done to your entries, or to one, and by whom");
  withChanging(withStore(command))
    .addHelpText(
      "after",
      examples(
        ["assay pairs --config assay.toml", "the last 7 days"],
        ["assay pairs --config assay.toml --days 30 --what-if", "before enforcement is switched on"],
        ["assay pairs --config assay.toml --domain contoso.com --details", "why, with messages to look at"],
      ),
    )
    .action(async (options: PairsOptions) => done(await (await import("./pairs.ts")).pairs(options, ports)));
}

function addAllow(program: Command, name: "allow" | "block", { done, ports, examples }: Means): void {
  const command = program
    .command(name)
    .summary(name === "allow" ? "let a pair or a sender through from now on" : "stop a pair or a sender from now on")
    .description(
      `${name === "allow" ? "Allows" : "Blocks"} a pair: whose name is shown (a domain, an address or *), and who sends it (a verified DKIM\n` +
        "domain, a confirmed reverse-name domain, dkim: or ptr: to mean one of them, an IPv4 /24, an IPv6 /48 or *).\n" +
        "By option also entries of the one-sided lists. In force with the next message.",
    )
    .argument("[pair...]", "one pair as two words, or several each in quotes with a comma")
    .option("--sender <address>", "an address, a domain or *.domain as author or envelope sender; may be repeated", added)
    .option("--recipient <address>", "one of your mailboxes; may be repeated", added)
    .option("--ip <network>", "a client's address or network; may be repeated", added)
    .option("--domain <domain>", "a domain of the domain lists; may be repeated", added);
  if (name === "allow") {
    command
      .option("--safe-sender <address>", "a safe sender of the mailbox that --for names; may be repeated", added)
      .option("--forwarder <mark>", "a trusted forwarder: a network, ptr:DOMAIN or dkim:DOMAIN; may be repeated", added)
      .option("--for <recipient>", "the mailbox of a safe sender, or the recipients' domain of a forwarder")
      .addOption(
        new Option("--scope <scope>", `what a list entry bypasses; may be repeated (${scopes.slice(0, 3).join(", ")})`).argParser(
          readScope,
        ),
      )
      .option("--authenticated", "a safe sender only where the message authenticates");
  } else command.option("--even-if-authenticated", "block the pair also where the message authenticates");
  command
    .addOption(
      new Option("--expires <when>", "never, a day such as 2027-01-31, a time such as 30d, or idle:90d").argParser(readEntryExpiry),
    )
    .option("--note <text>", "why, for whoever reads it later")
    .option("--dry-run", "say what would be made, and whether it may be; make nothing");
  withChanging(withStore(command))
    .addHelpText("after", examples(...(name === "allow" ? allowExamples : blockExamples)))
    .action(async (words: string[], options: AllowOptions) => done(await (await import("./allow.ts"))[name](words, options, ports)));
}

const allowExamples = [
  ["assay allow contoso.com fabrikam.com --config assay.toml", "fabrikam.com may send in the name of contoso.com"],
  ["assay allow contoso.com dkim:mail.fabrikam.com --note 'newsletter' --config assay.toml", ""],
  ["assay allow 'chris@contoso.com, 192.0.2.0/24' --expires 2027-01-31 --config assay.toml", ""],
  ["assay allow --remove P12 --config assay.toml", ""],
] as const;

const blockExamples = [
  ["assay block contoso.com fabrikam.com --config assay.toml", "fabrikam.com may not send in the name of contoso.com"],
  ["assay block '*' 203.0.113.0/24 --expires 30d --config assay.toml", "nobody's name, from there"],
  ["assay block --sender '*.bad.example' --ip 203.0.113.7 --config assay.toml", ""],
] as const;

function addSenders(program: Command, { done, ports, examples }: Means): void {
  const command = program
    .command("senders")
    .summary("whom you have allowed and blocked, until when, and why")
    .description("Prints the entries of pairs and lists, the newest first; with an id all about that one.")
    .argument("[what]", "the id of an entry, or part of what it is about")
    .option("--allowed", "only what allows")
    .option("--blocked", "only what blocks")
    .option("--pairs", "only pairs")
    .option("--lists", "only entries of the lists")
    .option("--changes", "what was done to them, and by whom")
    .addOption(new Option("--limit <n>", "at most so many lines (default: 200)").argParser((text: string) => readCount("--limit", text)));
  withChanging(withStore(command))
    .addHelpText(
      "after",
      examples(
        ["assay senders --config assay.toml", ""],
        ["assay senders contoso.com --config assay.toml", "all about contoso.com"],
        ["assay senders P12 --config assay.toml", "one entry, and its history"],
      ),
    )
    .action(async (what: string | undefined, options: SendersOptions) =>
      done(await (await import("./senders.ts")).senders(what, options, ports)),
    );
}

function withStore(command: Command): Command {
  return command
    .option("--config <file>", "the configuration that names the store")
    .option("--tenant <id>", "whose entries, where the configuration names tenants")
    .option("--json", "print JSON, one object on a line");
}

function withChanging(command: Command): Command {
  return command
    .option("--remove <id>", "remove an entry; may be repeated", added)
    .addOption(new Option("--undo <change>", "undo a change by its number").argParser(readChange))
    .option("--by <name>", "who decides this (default: the login)");
}

function added(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
