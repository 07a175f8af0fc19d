/**
 * Dovecot with Pigeonhole: the global script that files junk, and the settings that run it before each mailbox's own. The settings are read
 * through doveconf, because mail_plugins of a protocol replaces the general one: what is loaded already must be named again.
 */
import { join } from "node:path";
import { type Edit, ownFile, type Place } from "./edits.ts";
import type { Machine } from "./machine.ts";
import { sieveScript } from "./sieve-script.ts";

export type DovecotFound = {
  /** `2.3`, `2.4`; null: there is no Dovecot here. */
  readonly version: string | null;
  /** By protocol: its mail_plugins, as they are without us. */
  readonly plugins: Readonly<Record<Protocol | "all", string>>;
  /** Names of settings sieve_before… that are taken. */
  readonly taken: readonly string[];
  /** Our own settings file where it stands already, without its first line. */
  readonly own: string | null;
  readonly includes: boolean;
};

type Protocol = "lda" | "lmtp";
const protocols: readonly Protocol[] = ["lda", "lmtp"];

export type DovecotPlan = {
  readonly edits: readonly Edit[];
  readonly settings: string;
  readonly notes: readonly string[];
  readonly faults: readonly string[];
};

export function dovecotPlaces(directory: string): readonly Place[] {
  return [
    { kind: "file", path: join(directory, "conf.d", "99-assay.conf"), comment: "#" },
    { kind: "file", path: join(directory, "sieve", "assay.sieve"), comment: "#" },
  ];
}

export function readDovecot(directory: string, machine: Pick<Machine, "read" | "run">): DovecotFound {
  const file = join(directory, "dovecot.conf");
  const main = machine.read(file);
  const [settings] = dovecotPlaces(directory);
  const version = /^([0-9]+\.[0-9]+)/.exec(machine.run("dovecot", ["--version"]).output)?.[1] ?? null;
  const ask = (args: readonly string[]): string => {
    if (main === null) return "";
    const { status, output } = machine.run("doveconf", ["-c", file, ...args]);
    return status === 0 ? output.trim() : "";
  };
  return {
    version,
    plugins: {
      all: ask(["-h", "mail_plugins"]),
      lda: ask(["-f", "protocol=lda", "-h", "mail_plugins"]),
      lmtp: ask(["-f", "protocol=lmtp", "-h", "mail_plugins"]),
    },
    taken: [...ask(["-n"]).matchAll(/^\s*(sieve_before[0-9]*) = (.*)$/gm)].flatMap(([, name = "", value = ""]) =>
      value === join(directory, "sieve", "assay.sieve") ? [] : [name],
    ),
    own: settings === undefined ? null : ownFile(machine.read(settings.path), settings),
    includes: /^\s*!include(?:_try)?\s+conf\.d\/\*\.conf\s*$/m.test(main ?? ""),
  };
}

/** `hold`: what is to be quarantined waits in the mail server's queue, and what comes out of it was released. */
export function planDovecot(directory: string, found: DovecotFound, { hold }: { readonly hold: boolean }): DovecotPlan {
  const [settingsPlace, scriptPlace] = dovecotPlaces(directory);
  if (settingsPlace === undefined || scriptPlace === undefined) return { edits: [], settings: "", notes: [], faults: [] };
  const settings = found.own ?? (isLater(found.version) ? settings24(scriptPlace.path) : settings23(scriptPlace.path, found));
  return {
    edits: [
      { kind: "file", path: scriptPlace.path, comment: "#", text: sieveScript({ hold }) },
      { kind: "file", path: settingsPlace.path, comment: "#", text: settings },
    ],
    settings,
    notes: notesOf(found),
    faults: found.includes
      ? []
      : [`${join(directory, "dovecot.conf")} does not include conf.d/*.conf, so that nothing can be written there: copy the lines into it`],
  };
}

function isLater(version: string | null): boolean {
  const [major = 2, minor = 3] = (version ?? "2.3").split(".").map(Number);
  return major > 2 || minor >= 4;
}

function settings23(script: string, { plugins, taken }: DovecotFound): string {
  const lines = protocols.flatMap((protocol) => {
    if (plugins[protocol].split(/\s+/).includes("sieve")) return [];
    const loaded = plugins[protocol] === plugins.all ? "$mail_plugins" : plugins[protocol];
    return [`protocol ${protocol} {`, `  mail_plugins = ${loaded} sieve`, "}"];
  });
  return `${["plugin {", `  ${freeName(taken)} = ${script}`, "}", ...lines].join("\n")}\n`;
}

/** The scripts run in the order of their numbers: the first free one is ours. */
function freeName(taken: readonly string[]): string {
  if (!taken.includes("sieve_before")) return "sieve_before";
  let number = 2;
  while (taken.includes(`sieve_before${number}`)) number += 1;
  return `sieve_before${number}`;
}

function settings24(script: string): string {
  const lines = protocols.flatMap((protocol) => [`protocol ${protocol} {`, "  mail_plugins {", "    sieve = yes", "  }", "}"]);
  return `${["sieve_script assay {", "  type = before", `  path = ${script}`, "}", ...lines].join("\n")}\n`;
}

function notesOf({ taken, own }: DovecotFound): readonly string[] {
  return [
    "A script of the mailbox's owner sees only what stays in the inbox.",
    ...(taken.length > 0 && own === null ? [`Scripts that stand before it (${taken.join(", ")}) may file a message first.`] : []),
    "Mail must reach Dovecot through its LMTP or LDA; what another program writes into a mailbox passes no script.",
  ];
}

/** Pigeonhole compiles a global script once: a mailbox's user may not write beside it. */
export function compileScript(path: string, machine: Pick<Machine, "run">): string | null {
  const { status, output } = machine.run("sievec", [path]);
  if (status === null) return "there is no sievec here: install Pigeonhole (Debian: dovecot-sieve)";
  return status === 0 ? null : `sievec ${path}: ${output.trim()}`;
}
