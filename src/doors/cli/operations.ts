/** The commands of a running installation: the service, what the mail server holds for it, and the store as a whole. */
import type { Command } from "commander";
import type { DbCopyOptions, DbOptions } from "./db-command.ts";
import type { ExitStatus } from "./exit-status.ts";
import type { HeldOptions } from "./held.ts";
import { readDns } from "./options.ts";
import type { Ports } from "./ports.ts";
import type { ServeOptions } from "./serve.ts";

export type CommandParts = {
  readonly done: (status: ExitStatus) => void;
  readonly ports: Ports;
  readonly examples: (...lines: readonly (readonly [command: string, what: string])[]) => string;
};

export function addOperations(program: Command, parts: CommandParts): void {
  addServe(program, parts);
  addHeld(program, parts);
  addDb(program, parts);
}

function addServe(program: Command, { done, ports, examples }: CommandParts): void {
  program
    .command("serve")
    .summary("run the doors: milter, SMTP proxy, HTTP")
    .description(
      "Runs the doors that the configuration opens, and logs a line of JSON for each decision to standard output.\n" +
        "SIGTERM finishes what is under way and ends; SIGHUP, or a change of the file, reads the configuration again.",
    )
    .option("--config <file>", "the configuration (default: assay.toml, else /etc/assay/assay.toml)")
    .option("--zone <file>", "answer DNS from a zone file (YAML or JSON) instead of the network")
    .option("--dns <host[:port]>", "ask this DNS server instead of those of the configuration", readDns)
    .addHelpText(
      "after",
      examples(
        ["assay serve --config /etc/assay/assay.toml", ""],
        ["assay serve --config assay.toml --zone examples/zone.yaml", "without DNS, to try it"],
      ),
    )
    .action(async (options: ServeOptions) => done(await ports.serve(options)));
}

function addHeld(program: Command, { done, ports, examples }: CommandParts): void {
  const command = program
    .command("held")
    .summary("what waits in the mail server's queue")
    .description("Shows and releases the messages that Postfix holds because they were to be quarantined (milter.hold = true).");
  command
    .command("list")
    .description(
      "Lists them, the reason with each where the store's journal knows it. Exit status 1: more or longer than the alarm's bound.",
    )
    .option("--config <file>", "the configuration that names the store and the bounds of the alarm")
    .option("--postfix-config <folder>", "where main.cf is, for another than the usual instance")
    .option("--json", "print JSON, one object on a line")
    .addHelpText("after", examples(["assay held list --config /etc/assay/assay.toml", ""]))
    .action(async (options: HeldOptions) => done(await (await import("./held.ts")).heldList(options, ports)));
  command
    .command("release")
    .description("Lets messages go on to their recipients, marked as they are.")
    .argument("[id...]", "queue ids, as the list shows them")
    .option("--all", "all that are held")
    .option("--postfix-config <folder>", "where main.cf is, for another than the usual instance")
    .addHelpText("after", examples(["assay held release 4Zk1Xw2QhVz1", ""], ["assay held release --all", ""]))
    .action(async (ids: string[], options: HeldOptions) => done(await (await import("./held.ts")).heldRelease(ids, options, ports)));
}

function addDb(program: Command, { done, ports, examples }: CommandParts): void {
  const command = program
    .command("db")
    .summary("look after the store")
    .description("Works on the store that a configuration names, also while it is in use.");
  command
    .command("migrate")
    .description("Brings the store to the schema of this version, making it if need be.")
    .requiredOption("--config <file>", "the configuration that names the store")
    .addHelpText("after", examples(["assay db migrate --config assay.toml", ""]))
    .action(async (options: DbOptions) => done(await (await import("./db-command.ts")).dbMigrate(options, ports)));
  command
    .command("backup")
    .description("Copies the store as it is now to a new file, readable by its owner alone.")
    .argument("<target>", "the copy; must not exist")
    .requiredOption("--config <file>", "the configuration that names the store")
    .addHelpText("after", examples(["assay db backup --config assay.toml /backup/assay.db", ""]))
    .action(async (target: string, options: DbOptions) => done(await (await import("./db-command.ts")).dbBackup(target, options, ports)));
  command
    .command("copy")
    .description("Copies everything that one store keeps into another, of either kind: all of it or nothing.")
    .argument("<from>", "URL of the store to read, as in memory.url")
    .argument("<to>", "URL of the store to write; made if need be, and must be empty")
    .option("--replace", "take out first what the second store holds")
    .addHelpText("after", examples(["assay db copy sqlite:assay.db postgres://assay@db.example.net/assay", "from one machine to several"]))
    .action(async (from: string, to: string, options: DbCopyOptions) =>
      done(await (await import("./db-command.ts")).dbCopy({ from, to }, options, ports)),
    );
}
