/**
 * Sendmail: the lines for sendmail.mc. The filter stands before all others; F=T (come again) once something is enforced, and no F= while
 * everything is only observed, so that mail passes while Assay is down. The time-outs are longer than what Assay takes at most. The
 * sendmail.cf is made of the .mc by Sendmail's own make; that, and the reload, are the operator's.
 */
import { basename } from "node:path";
import type { Endpoint } from "../../../config/values.ts";
import type { Edit } from "./edits.ts";
import { reachable, type Wanted, waits } from "./wanted.ts";

export type SendmailPlan = {
  readonly lines: readonly string[];
  readonly at: Extract<Edit, { kind: "block" }>["at"];
  readonly called: readonly string[];
  readonly notes: readonly string[];
  readonly faults: readonly string[];
};

/** `mc`: the text of sendmail.mc; null: there is none. */
export function planSendmail(wanted: Wanted, mc: string | null): SendmailPlan {
  const { milter, submissionMilter } = wanted;
  const faults = [
    ...(milter === null && submissionMilter === null
      ? ['the configuration opens no door for Sendmail: set listen.milter = "inet:127.0.0.1:8891"']
      : []),
    ...[milter, submissionMilter].flatMap((at) =>
      at?.kind === "inet" && at.port === 0 ? ["listen lets the system choose the port of a milter: give it one, such as 8891"] : [],
    ),
  ];
  const listed = /^[ \t]*define\(`confINPUT_MAIL_FILTERS'/m.test(mc ?? "");
  const text = (name: string, at: Endpoint): string => `\`${name}', \`${equates(at, wanted)}'`;
  const filters = milter === null ? [] : listed ? listedLines(text("assay", milter)) : [`INPUT_MAIL_FILTER(${text("assay", milter)})dnl`];
  const submission = submissionMilter === null ? [] : [`MAIL_FILTER(${text("assay-submission", submissionMilter)})dnl`];
  return {
    lines: [...filters, ...submission],
    at: listed
      ? { side: "below", patterns: [/^[ \t]*define\(`confINPUT_MAIL_FILTERS'/] }
      : {
          side: "before",
          patterns: [
            /^[ \t]*(?:INPUT_)?MAIL_FILTER\(/,
            /^[ \t]*include\(`[^']*(?:opendkim|milter)/,
            /^[ \t]*MAILER_DEFINITIONS/,
            /^[ \t]*MAILER\(/,
          ],
        },
    called: calledIn(mc ?? ""),
    notes: notesOf(wanted, mc ?? ""),
    faults,
  };
}

/** Where the order is given by hand, ours is put in front of it. */
function listedLines(text: string): readonly string[] {
  return [`MAIL_FILTER(${text})dnl`, "define(`confINPUT_MAIL_FILTERS', `assay,'defn(`confINPUT_MAIL_FILTERS'))dnl"];
}

/** `S=inet:8891@127.0.0.1, F=T, T=C:10s;S:30s;R:30s;E:3m` */
function equates(at: Endpoint, { whenDown }: Wanted): string {
  const flag = whenDown === "tempfail" ? ", F=T" : "";
  return `S=${socketText(at)}${flag}, T=C:${waits.connect}s;S:${waits.command}s;R:${waits.command}s;E:${waits.content}s`;
}

function socketText(at: Endpoint): string {
  if (at.kind === "unix") return `local:${at.path}`;
  const { host, port } = reachable(at);
  return host.includes(":") ? `inet6:${port}@${host}` : `inet:${port}@${host}`;
}

function calledIn(mc: string): readonly string[] {
  return [...mc.matchAll(/^[ \t]*(?:INPUT_)?MAIL_FILTER\(`([^']*)',[ \t]*`([^']*)'/gm)]
    .filter(([, name = ""]) => !/^assay(?:-submission)?$/.test(name))
    .map(([, name = "", rest = ""]) => `${name} ${/S=([^,\s]+)/.exec(rest)?.[1] ?? ""}`.trim());
}

function notesOf({ outboundDaemons, submissionMilter }: Wanted, mc: string): readonly string[] {
  const daemons = [...mc.matchAll(/^[ \t]*DAEMON_OPTIONS\(`([^']*)'/gm)].map(([, options = ""]) => options);
  const submission = daemons.filter((options) => /\bPort=(?:submissions?|smtps|587|465)\b/i.test(options));
  const names = submission.flatMap((options) => /\bName=([^,\s]+)/i.exec(options)?.[1] ?? []);
  const unknown = [...new Set(names)].filter((name) => !outboundDaemons.includes(name));
  return [
    ...(unknown.length > 0 && submissionMilter === null
      ? [
          `Tell Assay whose mail comes in there: outbound_daemons = [${unknown.map((name) => `"${name}"`).join(", ")}] under [milter] in its configuration.`,
        ]
      : []),
    ...(submissionMilter === null
      ? []
      : [
          `In the DAEMON_OPTIONS of each submission port${names.length === 0 ? "" : ` (${names.join(", ")})`} add: InputMailFilters=assay-submission`,
        ]),
    "The macros that Sendmail sends by default are enough; milter macros (confMILTER_MACROS_…) that were set by hand must keep j, _, i, {daemon_name} and {auth_authen}.",
  ];
}

/** Where it is written, and how it comes into force. */
export function sendmailSteps(mc: string): readonly string[] {
  return [`make -C ${mc.slice(0, -basename(mc).length - 1)}   (Debian: sendmailconfig), then reload Sendmail`];
}
