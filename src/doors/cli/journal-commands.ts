/** The grammar of `assay replay`, `assay readiness` and `assay db erase`: options with their help and examples. */
import { type Command, Option } from "commander";
import { readCount } from "./entry-options.ts";
import type { EraseOptions } from "./erase.ts";
import type { ExitStatus } from "./exit-status.ts";
import { readDays, readMoment } from "./journal-options.ts";
import type { Ports } from "./ports.ts";
import type { ReadinessOptions } from "./readiness.ts";
import type { ReplayOptions } from "./replay.ts";

type Means = {
  readonly done: (status: ExitStatus) => void;
  readonly ports: Ports;
  readonly examples: (...list: readonly (readonly [command: string, what: string])[]) => string;
};

export function addJournalCommands(program: Command, means: Means): void {
  addReplay(program, means);
  addReadiness(program, means);
  const db = program.commands.find((command) => command.name() === "db");
  if (db !== undefined) addErase(db, means);
}

function addReplay(program: Command, { done, ports, examples }: Means): void {
  const now = ports.clock;
  program
    .command("replay")
    .summary("decide recorded mail again under another policy, and print what would flip")
    .description(
      "Decides the mail of the journal again, under the policy of a configuration file, and prints which\n" +
        "verdicts and actions would be others, by rule and by sender. Nothing is changed, no DNS is asked.",
    )
    .requiredOption("--policy <file>", "the configuration file whose policy decides")
    .option("--config <file>", "the configuration that names the store (default: the file of --policy)")
    .addOption(
      new Option("--since <when>", "a time back such as 7d or 12h, or a day such as 2026-01-31 (default: 7d)").argParser((text: string) =>
        readMoment("--since", text, now()),
      ),
    )
    .addOption(
      new Option("--until <when>", "the same; what is younger is left out").argParser((text: string) => readMoment("--until", text, now())),
    )
    .option("--tenant <id>", "only the mail of this tenant (default: all, each by its own domains)")
    .addOption(
      new Option("--limit <n>", "at most so many lines of a list (default: 20)").argParser((text: string) => readCount("--limit", text)),
    )
    .option("--json", "print JSON, one object on a line")
    .addHelpText(
      "after",
      examples(
        ["assay replay --policy new.toml --config assay.toml --since 7d", ""],
        ["assay replay --policy assay.toml", "by this version, what the running one decided"],
      ) + exitStatusHelp,
    )
    .action(async (options: ReplayOptions) => done(await (await import("./replay.ts")).replay(options, ports)));
}

function addReadiness(program: Command, { done, ports, examples }: Means): void {
  program
    .command("readiness")
    .summary("what each rule would have refused or moved while it was only observed")
    .description(
      "Reads the journal and says for each rule of policy.enforce what it alone would have done, to whose\n" +
        "mail, who of them looks legitimate, and what to allow or to have mended before it is switched on.",
    )
    .option("--config <file>", "the configuration that names the store")
    .addOption(new Option("--days <n>", "how many days up to now (default: 7)").argParser((text: string) => readDays("--days", text)))
    .option("--tenant <id>", "only the mail of this tenant")
    .addOption(
      new Option("--limit <n>", "at most so many senders of a rule (default: 10)").argParser((text: string) => readCount("--limit", text)),
    )
    .option("--json", "print JSON, one object on a line")
    .addHelpText("after", examples(["assay readiness --config assay.toml", ""], ["assay readiness --config assay.toml --days 30", ""]))
    .action(async (options: ReadinessOptions) => done(await (await import("./readiness.ts")).readiness(options, ports)));
}

function addErase(db: Command, { done, ports, examples }: Means): void {
  db.command("erase")
    .description("Takes out of the journal of decisions every record that names an address as author, sender or recipient.")
    .argument("<address>", "the address")
    .requiredOption("--config <file>", "the configuration that names the store")
    .addHelpText("after", examples(["assay db erase ben@fabrikam.com --config assay.toml", ""]))
    .action(async (address: string, options: EraseOptions) => done(await (await import("./erase.ts")).erase(address, options, ports)));
}

const exitStatusHelp = `
Exit status:
  0  nothing would flip        2  wrong use
  1  something would flip      3  the store cannot be used
`;
