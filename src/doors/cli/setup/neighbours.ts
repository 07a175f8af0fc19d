/**
 * Other filters beside Assay: rspamd, OpenDKIM, OpenDMARC and amavis, found by what the mail server calls and by their own configuration
 * files; in which order they stand, and which of their actions are to be off, with the reason. It changes none of them.
 */
import { join } from "node:path";
import type { Machine } from "./machine.ts";
import type { Wanted } from "./wanted.ts";

export type Neighbour = {
  readonly name: "rspamd" | "OpenDKIM" | "OpenDMARC" | "amavis" | "another filter";
  /** What shows that it is there. */
  readonly seen: readonly string[];
  readonly advice: readonly string[];
  /** Names under which it writes Authentication-Results, where its configuration says so. */
  readonly authservIds: readonly string[];
};

/** `called`: filters that the mail server calls, each as its configuration writes it. */
export function neighboursOf(called: readonly string[], etc: string, machine: Pick<Machine, "read" | "list">): readonly Neighbour[] {
  const dkim = settingsFile(join(etc, "opendkim.conf"), machine);
  const dmarc = settingsFile(join(etc, "opendmarc.conf"), machine);
  const has = (folder: string): boolean => machine.list(join(etc, folder)).length > 0;
  const left = new Set(called);
  const calledAs = (...patterns: (RegExp | null)[]): readonly string[] => {
    const found = [...left].filter((one) => patterns.some((pattern) => pattern?.test(one) === true));
    for (const one of found) left.delete(one);
    return found;
  };
  const found: (Neighbour | null)[] = [
    rspamd(calledAs(/rspamd/i, /:11332\b/), has("rspamd") ? join(etc, "rspamd") : null),
    openDkim(calledAs(/opendkim/i, socketPattern(dkim)), dkim),
    openDmarc(calledAs(/opendmarc/i, socketPattern(dmarc)), dmarc),
    amavis(calledAs(/amavis/i, /:10024\b/), has("amavis") ? join(etc, "amavis") : null),
    ...[...left].map((one): Neighbour => {
      return {
        name: "another filter",
        seen: [one],
        advice: ["It stands after Assay, so that Assay sees mail as it was sent."],
        authservIds: [],
      };
    }),
  ];
  return found.filter((one) => one !== null);
}

/** The filter that was configured to listen where Assay does; null: none. */
export function clash(wanted: Pick<Wanted, "milter" | "submissionMilter">, etc: string, machine: Pick<Machine, "read">): string | null {
  const ours = [wanted.milter, wanted.submissionMilter].flatMap((at) =>
    at === null ? [] : [at.kind === "inet" ? `:${at.port}` : at.path],
  );
  for (const file of ["opendkim.conf", "opendmarc.conf"]) {
    const found = settingsFile(join(etc, file), machine);
    const socket = found?.settings.get("socket");
    const place = socket === undefined ? null : (inetSocket.exec(socket)?.[1] ?? socket.replace(/^(?:local|unix):/, ""));
    if (place !== null && ours.some((one) => one === `:${place}` || one === place)) {
      return `${join(etc, file)} has Socket ${socket}: it listens where Assay is to listen; give Assay another place in [listen]`;
    }
  }
  return null;
}

type SettingsFile = { readonly path: string; readonly settings: ReadonlyMap<string, string> };

/** `Name value` a line, as opendkim.conf(5) and opendmarc.conf(5) have it. */
function settingsFile(path: string, { read }: Pick<Machine, "read">): SettingsFile | null {
  const text = read(path);
  if (text === null) return null;
  const settings = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, name, value] = /^([A-Za-z]+)[ \t]+([^#]*[^#\s])/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) settings.set(name.toLowerCase(), value);
  }
  return { path, settings };
}

const inetSocket = /^inet6?:([0-9]{1,5})(?:@|$)/;

/** How a mail server would call a filter with that socket. */
function socketPattern(file: SettingsFile | null): RegExp | null {
  const socket = file?.settings.get("socket");
  if (socket === undefined) return null;
  const port = inetSocket.exec(socket)?.[1];
  if (port !== undefined) return new RegExp(`:${port}\\b|inet6?:${port}@`);
  const path = socket.replace(/^(?:local|unix):/, "");
  const name = path.slice(path.lastIndexOf("/") + 1).replace(/[^\w-]/g, (character) => `\\${character}`);
  return new RegExp(`/${name}(?:$|[\\s,}])`);
}

function rspamd(called: readonly string[], folder: string | null): Neighbour | null {
  if (called.length === 0 && folder === null) return null;
  return {
    name: "rspamd",
    seen: [...called, ...(folder === null ? [] : [folder])],
    advice: [
      "After Assay: it then reads X-Assay-Report. deploy/rspamd/assay.lua turns that into symbols with scores.",
      "Its modules spf, dkim and dmarc may stay as symbols; take their scores to 0, or one failure counts twice.",
      "local.d/dmarc.conf: no actions = { … }. What a DMARC failure leads to is decided in one place, here.",
      "local.d/milter_headers.conf: without the routine authentication-results, which takes out every such field, ours too.",
    ],
    authservIds: [],
  };
}

function openDkim(called: readonly string[], file: SettingsFile | null): Neighbour | null {
  if (called.length === 0 && file === null) return null;
  const mode = file?.settings.get("mode") ?? "sv";
  const verifies = mode.includes("v");
  return {
    name: "OpenDKIM",
    seen: [...called, ...(file === null ? [] : [`${file.path} (Mode ${mode})`])],
    advice: [
      ...(verifies
        ? ["Mode s: it signs, Assay verifies. Verifying twice asks DNS twice and writes two results, of which readers take either."]
        : []),
      "Last of the list on submission: a signature must cover the message as it leaves.",
    ],
    authservIds: authservIdsOf(file),
  };
}

function openDmarc(called: readonly string[], file: SettingsFile | null): Neighbour | null {
  if (called.length === 0 && file === null) return null;
  const rejects = /^(?:true|yes|1)$/i.test(file?.settings.get("rejectfailures") ?? "");
  return {
    name: "OpenDMARC",
    seen: [...called, ...(file === null ? [] : [`${file.path} (RejectFailures ${rejects})`])],
    advice: [
      `${rejects ? "RejectFailures false now" : "RejectFailures stays false"}: it would refuse what Assay only observes, and mail that history or an entry vouches for.`,
      "It has nothing left to do once Assay runs; take it out of the list. Kept for its reports: after Assay, with",
      "TrustedAuthservIDs set to Assay's authserv_id, SPFIgnoreResults false, SPFSelfValidate false and SoftwareHeader true.",
    ],
    authservIds: authservIdsOf(file),
  };
}

function amavis(called: readonly string[], folder: string | null): Neighbour | null {
  if (called.length === 0 && folder === null) return null;
  return {
    name: "amavis",
    seen: [...called, ...(folder === null ? [] : [folder])],
    advice: [
      "Behind the queue, and so after Assay. $enable_dkim_verification = 0, unless its own lists go by DKIM.",
      "The service that takes mail back from it needs -o receive_override_options=no_milters, or that mail is judged again,",
      "as coming from this machine.",
    ],
    authservIds: [],
  };
}

function authservIdsOf(file: SettingsFile | null): readonly string[] {
  const id = file?.settings.get("authservid");
  return id === undefined || /^HOSTNAME$/i.test(id) ? [] : [id.replace(/^"|"$/g, "")];
}
