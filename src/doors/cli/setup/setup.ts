/**
 * `assay setup postfix|sendmail|exim|dovecot`: the exact lines that a configuration of ours needs at a mail server, and on request their
 * writing and taking back. It reloads and starts nothing. Exit status: 0, or 2 where something cannot be done, with what to do.
 */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { formatConfigError, loadConfig } from "../../../config/load.ts";
import type { Config } from "../../../config/schema.ts";
import { argument } from "../entry-store.ts";
import type { ExitStatus } from "../exit-status.ts";
import { print } from "../lines.ts";
import { type Ports, UsageError } from "../ports.ts";
import { jsonLine } from "../shown.ts";
import type { Account, Block, Server } from "./account.ts";
import { compileScript, dovecotPlaces, planDovecot, readDovecot } from "./dovecot.ts";
import { applyEdits, type Edit, type Place, undoEdits } from "./edits.ts";
import { eximPlaces, planExim } from "./exim.ts";
import type { Machine } from "./machine.ts";
import { clash, type Neighbour, neighboursOf } from "./neighbours.ts";
import { planPostfix } from "./postfix.ts";
import { applyPostfix, readPostfixWithoutUs, undoPostfix } from "./postfix-apply.ts";
import { postfixBlocks } from "./postfix-lines.ts";
import { planSendmail, sendmailSteps } from "./sendmail.ts";
import { accountLines } from "./setup-lines.ts";
import { type Wanted, wantedOf, whenDownWords } from "./wanted.ts";

export type SetupOptions = {
  readonly config?: string;
  readonly apply?: boolean;
  readonly undo?: boolean;
  readonly etc?: string;
  readonly postfixConfig?: string;
  readonly sendmailMc?: string;
  readonly json?: boolean;
};

type Means = Pick<Ports, "out"> & { readonly machine: Machine };

export async function setup(server: Server, options: SetupOptions, { out, machine }: Means): Promise<ExitStatus> {
  if (options.apply === true && options.undo === true) throw new UsageError("--apply and --undo exclude each other");
  const account = options.undo === true ? undone(server, options, machine) : planned(server, options, machine);
  await out.write(options.json === true ? jsonLine(account) : print(accountLines(account), out));
  return 0;
}

const defaultConfig = "/etc/assay/assay.toml";

function configOf(options: SetupOptions): { readonly config: Config; readonly file: string } {
  const file = options.config ?? defaultConfig;
  if (options.config === undefined && !existsSync(file)) {
    throw new UsageError(`name the configuration: --config FILE (${file} is not there; assay init writes one)`);
  }
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new UsageError(`cannot read configuration file ${file}: ${code === "ENOENT" ? "no such file" : code}`);
  }
  const loaded = loadConfig(bytes);
  if (!loaded.ok)
    throw new UsageError(`configuration file ${file}:${loaded.errors.map((error) => `\n  ${formatConfigError(error)}`).join("")}`);
  return { config: loaded.config, file };
}

/** Absolute: what is written into other programs' files must not depend on where the command was run. */
function placesOf(server: Server, options: SetupOptions): { readonly etc: string; readonly place: string } {
  const etc = resolve(options.etc ?? "/etc");
  const places = {
    postfix: options.postfixConfig ?? join(etc, "postfix"),
    sendmail: options.sendmailMc ?? join(etc, "mail", "sendmail.mc"),
    exim: join(etc, "exim4"),
    dovecot: join(etc, "dovecot"),
  };
  return { etc, place: resolve(places[server]) };
}

function planned(server: Server, options: SetupOptions, machine: Machine): Account {
  const { config, file } = configOf(options);
  const wanted = wantedOf(config);
  const { etc, place } = placesOf(server, options);
  const plan = plans[server]({ wanted, config, place, machine });
  const clashes = server === "postfix" || server === "sendmail" ? clash(wanted, etc, machine) : null;
  const faults = [...plan.faults, ...(clashes === null ? [] : [clashes])];
  if (options.apply === true && faults.length > 0) throw new UsageError(`nothing was written: ${faults.join("\n  ")}`);
  const done = options.apply === true ? plan.apply() : null;
  const neighbours = server === "dovecot" ? [] : neighboursOf(plan.called, etc, machine);
  return {
    server,
    place,
    config: file,
    mode: wanted.acting.length === 0 ? "observe" : "enforce",
    acting: wanted.acting,
    whenDown: plan.passesBy ? wanted.whenDown : null,
    why: plan.passesBy
      ? whenDownWords(wanted)
      : server === "dovecot"
        ? null
        : "mail passes through Assay, and waits at the sender while Assay is down",
    blocks: plan.blocks,
    notes: plan.notes,
    neighbours,
    ...namesOf(neighbours, wanted),
    faults,
    done,
    undone: null,
    next: done !== null && done.length === 0 ? [] : plan.next,
  };
}

/** Of the names under which other filters write results: those that Assay does not know, and those that are Assay's own. */
function namesOf(neighbours: readonly Neighbour[], { localMilters, authservIds }: Wanted): Pick<Account, "localMilters" | "sameNames"> {
  const names = neighbours.flatMap((neighbour) => neighbour.authservIds);
  const isOurs = (name: string): boolean => authservIds.some((id) => id.toLowerCase() === name.toLowerCase());
  return { localMilters: names.filter((name) => !isOurs(name) && !localMilters.includes(name)), sameNames: names.filter(isOurs) };
}

type Planned = {
  readonly blocks: readonly Block[];
  readonly called: readonly string[];
  /** The server has a say in what becomes of mail while Assay is down. */
  readonly passesBy: boolean;
  readonly notes: readonly string[];
  readonly faults: readonly string[];
  /** How it comes into force. */
  readonly next: readonly string[];
  readonly apply: () => readonly string[];
};
type From = { readonly wanted: Wanted; readonly config: Config; readonly place: string; readonly machine: Machine };

const reloads: Readonly<Record<Server, (place: string) => readonly string[]>> = {
  postfix: (directory) => {
    const postfix = directory === "/etc/postfix" ? "postfix" : `postfix -c ${argument(directory)}`;
    return [`${postfix} check && ${postfix} reload`];
  },
  sendmail: (mc) => sendmailSteps(mc),
  exim: () => ["update-exim4.conf && exim4 -bV, then restart Exim: it changes where it listens"],
  dovecot: () => ["doveadm reload"],
};

const plans: Readonly<Record<Server, (from: From) => Planned>> = {
  postfix: ({ wanted, place, machine }) => {
    const found = readPostfixWithoutUs(place, machine);
    const plan = planPostfix(wanted, found);
    return {
      ...plan,
      passesBy: !plan.isProxy,
      blocks: postfixBlocks(plan.changes, found),
      next: reloads.postfix(place),
      apply: () => applyPostfix(plan.changes, place, machine).done,
    };
  },
  sendmail: ({ wanted, place, machine }) => {
    const plan = planSendmail(wanted, machine.read(place));
    const edit: Edit = { kind: "block", path: place, comment: "dnl", lines: plan.lines, at: plan.at };
    return {
      ...plan,
      passesBy: true,
      blocks: plan.lines.length === 0 ? [] : [{ where: place, hint: "before other filters, and before MAILER", lines: plan.lines }],
      next: reloads.sendmail(place),
      apply: () => applyEdits([edit], machine),
    };
  },
  exim: ({ wanted, place, machine }) => {
    const plan = planExim(wanted, place, machine);
    const blocks: readonly Block[] = [
      {
        where: `${join(place, "update-exim4.conf.conf")}`,
        hint: `elsewhere: local_interfaces = <; ${plan.listen}`,
        lines: [`dc_local_interfaces='${plan.listen}'`],
      },
      { where: "the ACL that acl_smtp_rcpt names", hint: "at its top", lines: plan.acl },
    ];
    return {
      ...plan,
      blocks: plan.acl.length === 0 ? [] : blocks,
      called: [],
      passesBy: false,
      next: reloads.exim(place),
      apply: () => applyEdits(plan.edits, machine),
    };
  },
  dovecot: ({ config, place, machine }) => {
    const plan = planDovecot(place, readDovecot(place, machine), { hold: config.milter.hold });
    const blocks = plan.edits.map(({ path, ...edit }): Block => {
      const text = edit.kind === "file" ? edit.text : "";
      return { where: path, hint: path.endsWith(".sieve") ? `then: sievec ${path}` : null, lines: text.trimEnd().split("\n") };
    });
    return {
      ...plan,
      blocks,
      called: [],
      passesBy: false,
      next: reloads.dovecot(place),
      apply: () => applyDovecot(plan.edits, place, machine),
    };
  },
};

function applyDovecot(edits: readonly Edit[], directory: string, machine: Machine): readonly string[] {
  const script = join(directory, "sieve", "assay.sieve");
  const before = edits.map(({ path }) => ({ path, text: machine.read(path) }));
  const written = applyEdits(edits, machine);
  const fault = written.length === 0 ? null : compileScript(script, machine);
  if (fault === null) return written;
  for (const { path, text } of before) {
    if (text === null) machine.remove(path);
    else machine.replace(path, text);
  }
  throw new UsageError(`nothing was changed: ${fault}`);
}

function undone(server: Server, options: SetupOptions, machine: Machine): Account {
  const { place } = placesOf(server, options);
  const done = server === "postfix" ? undoPostfix(place, machine).done : undoPlaces(server, place, machine);
  const none = {
    mode: null,
    acting: [],
    whenDown: null,
    why: null,
    config: null,
    blocks: [],
    notes: [],
    neighbours: [],
    localMilters: [],
    sameNames: [],
    faults: [],
  } as const;
  return { ...none, server, place, done: null, undone: done, next: done.length === 0 ? [] : reloads[server](place) };
}

function undoPlaces(server: Exclude<Server, "postfix">, place: string, machine: Machine): readonly string[] {
  const places: readonly Place[] =
    server === "exim" ? eximPlaces(place) : server === "dovecot" ? dovecotPlaces(place) : [{ kind: "block", path: place, comment: "dnl" }];
  const done = undoEdits(places, machine);
  if (server === "dovecot" && done.length > 0) machine.remove(join(place, "sieve", "assay.svbin"));
  return done;
}
