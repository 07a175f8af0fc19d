/** What `assay readiness` shows: how much is recorded, a line for each rule, and for those that are not ready whom to look at first. */
import type { FlipSample } from "../../gateway/replay/flips.ts";
import type { RuleName } from "../../gateway/replay/only-rule.ts";
import { type Sign, signWords } from "../../gateway/replay/readiness.ts";
import type { Looks, RuleState } from "../../gateway/replay/readiness-state.ts";
import { type NotReplayable, notReplayableWords } from "../../gateway/replay/redecide.ts";
import { counted, grouped } from "./journal-options.ts";
import { type Line, line, type Piece, plain, type Style } from "./lines.ts";
import { more, row } from "./replay-lines.ts";
import { cut } from "./shown.ts";

/** What --json prints. */
export type Found = {
  readonly days: number;
  /** Days of them that the journal has. */
  readonly recordedDays: number;
  readonly early: boolean;
  readonly decisions: number;
  readonly unreadable: number;
  readonly notReplayable: Readonly<Partial<Record<NotReplayable, number>>>;
  readonly rules: readonly FoundRule[];
};

export type FoundRule = {
  readonly rule: RuleName;
  readonly state: RuleState;
  readonly messages: number;
  readonly recipients: number;
  readonly recipientsAtLeast: boolean;
  readonly actions: Readonly<Record<string, number>>;
  /** Entries, rules and filters that did it. */
  readonly entries: Readonly<Record<string, number>>;
  /** How many senders look so. */
  readonly looks: Readonly<Record<Looks, number>>;
  /** Those that look legitimate first. */
  readonly senders: readonly FoundSender[];
};

export type FoundSender = {
  readonly from: string | null;
  readonly infrastructure: string;
  readonly messages: number;
  readonly recipients: number;
  readonly recipientsAtLeast: boolean;
  readonly looks: Looks;
  readonly signs: readonly Sign[];
  readonly standing: string;
  readonly verdict: string;
  readonly suspicion: readonly string[];
  /** Messages of the same From domain that passed. */
  readonly passedElsewhere: number;
  readonly command: string | null;
  readonly fix: string | null;
  readonly samples: readonly FlipSample[];
};

export function readinessLines(found: Found): readonly Line[] {
  const { decisions, unreadable, rules } = found;
  if (decisions + unreadable === 0) {
    return [
      line(`The journal has no decisions of the last ${counted(found.days, "day")}.`, "strong"),
      plain(
        "Decisions are recorded where memory.url names a store and journal.days is not 0: let mail run in observe mode, and come again.",
      ),
    ];
  }
  const ready = rules.filter(({ state }) => state === "ready");
  return [
    line(`${counted(decisions, "message")} of the last ${counted(found.days, "day")}; each rule by itself, the others observed`, "strong"),
    ...coverage(found),
    plain(""),
    ...rules.map(ruleLine),
    ...rules.flatMap((rule) => (rule.state === "acts" ? [] : details(rule))),
    ...(ready.length === 0 ? [] : [plain(""), line("Ready, to be switched on one by one:", "strong"), plain("    [policy.enforce]")]),
    ...ready.map(({ rule }) => plain(`    ${rule} = true`)),
  ];
}

function coverage({ early, recordedDays, days, unreadable, notReplayable }: Found): readonly Line[] {
  const not = Object.entries(notReplayable) as [NotReplayable, number][]; // keys of that type alone are set
  return [
    ...(early
      ? [
          line(
            `The journal has ${counted(recordedDays, "day")} of these ${days}: what is not hit yet may be hit still. Come again.`,
            "unsure",
          ),
        ]
      : []),
    ...not.map(([why, count]) => row(count, `cannot be told: ${notReplayableWords[why]}`)),
    ...(unreadable === 0 ? [] : [row(unreadable, "cannot be read, and are passed over")]),
  ];
}

const stateWords: Readonly<Record<RuleState, { readonly text: string; readonly style: Style }>> = {
  acts: { text: "acts", style: "good" },
  ready: { text: "ready", style: "good" },
  look: { text: "look first", style: "unsure" },
  fix: { text: "fix first", style: "bad" },
  early: { text: "too early", style: "unsure" },
};

function ruleLine({ rule, state, messages, recipients, recipientsAtLeast, actions, looks }: FoundRule): Line {
  const { text, style } = stateWords[state];
  const pieces: readonly Piece[] = [
    { text: `  ${rule.padEnd(17)}`, style: "plain" },
    { text: text.padEnd(12), style },
  ];
  if (messages === 0) return [...pieces, { text: "would have done nothing", style: "faint" }];
  const done = Object.entries(actions).map(([kind, count]) => `${actionWords[kind] ?? kind} ${grouped(count)}`);
  const whose = (["legitimate", "unknown", "hostile"] as const)
    .filter((one) => looks[one] > 0)
    .map((one) => `${looks[one]} ${looksWords[one]}`);
  const to = recipients === 0 ? "" : ` to ${recipientsAtLeast ? "at least " : ""}${counted(recipients, "recipient")}`;
  return [...pieces, { text: `would have ${done.join(", ")}${to}; senders: ${whose.join(", ")}`, style: "plain" }];
}

const actionWords: Readonly<Record<string, string>> = {
  junk: "moved to junk",
  quarantine: "quarantined",
  reject: "refused",
  tempfail: "deferred",
};

const looksWords: Readonly<Record<Looks, string>> = {
  legitimate: "that look legitimate",
  unknown: "of whom nothing is known",
  hostile: "that look hostile",
};

/** Senders that are to be looked at; of what the operator's own entries did, which did it. */
function details(found: FoundRule): readonly Line[] {
  const entries = Object.entries(found.entries).sort(([, a], [, b]) => b - a);
  const told = found.senders.filter(({ looks }) => looks !== "hostile");
  const total = found.looks.legitimate + found.looks.unknown;
  if (told.length === 0 && entries.length === 0) return [];
  return [
    plain(""),
    line(found.rule, "strong"),
    ...entries.slice(0, entriesShown).map(([entry, count]) => row(count, `by ${cut(entry, 72)}`)),
    ...told.flatMap(senderLines),
    ...more(total - told.length, "such sender"),
  ];
}

const entriesShown = 5;

function senderLines(sender: FoundSender): readonly Line[] {
  const { from, infrastructure, messages, recipients, recipientsAtLeast, looks, signs, suspicion, verdict } = sender;
  const to = recipients === 0 ? "" : ` to ${recipientsAtLeast ? "at least " : ""}${counted(recipients, "recipient")}`;
  const why = [
    ...signs.map((sign) => signWords[sign]),
    ...(suspicion.length === 0 || looks === "legitimate" ? [] : [`suspicion: ${suspicion.join(", ")}`]),
  ];
  const indent = "".padStart(11);
  const remark = (text: string, style: Style): Line => line(`${indent}${text}`, style);
  return [
    row(messages, `${from === null ? "no readable From" : cut(from, 72)}   via ${cut(infrastructure, 72)}   ${verdict}${to}`),
    remark(looks === "legitimate" ? `looks legitimate: ${why.join("; ")}` : ["nothing is known of it", ...why].join("; "), "plain"),
    ...passedLine(sender).map((text) => remark(text, "faint")),
    ...(sender.fix === null ? [] : [remark(sender.fix, "plain")]),
    ...(sender.command === null ? [] : [remark(`allow it here: ${sender.command}`, "plain")]),
    ...sender.samples
      .slice(0, 1)
      .map(({ id, messageId }) => remark(`such as ${messageId === null ? `inspection ${id}` : cut(messageId, 72)}`, "faint")),
  ];
}

function passedLine({ from, passedElsewhere }: FoundSender): readonly string[] {
  return passedElsewhere === 0 || from === null
    ? []
    : [`${counted(passedElsewhere, "other message")} of ${cut(from, 72)} passed: one more host of its own, or a spoof`];
}
