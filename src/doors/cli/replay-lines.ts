/** What `assay replay` shows of its counts: totals, flips by rule, flips by sender with messages to look at. */
import type { Change, FlipReport, SenderFlips } from "../../gateway/replay/flips.ts";
import { type NotReplayable, notReplayableWords } from "../../gateway/replay/redecide.ts";
import { counted, grouped } from "./journal-options.ts";
import { type Line, line, plain } from "./lines.ts";
import { cut } from "./shown.ts";

type Shown = { readonly between: string; readonly policy: string; readonly limit: number };

export function replayLines(report: FlipReport, { between, policy, limit }: Shown): readonly Line[] {
  const { decisions, unreadable, flipped } = report;
  if (decisions + unreadable === 0)
    return [
      line(`The journal has no decisions of ${between}.`, "strong"),
      plain("`assay check --config FILE` records them where memory.url names a store."),
    ];
  return [
    line(`${counted(decisions, "decision")} of ${between}, decided again under ${policy}`, "strong"),
    ...totals(report).map(([count, what]) => row(count, what)),
    ...(flipped === 0 ? [] : [plain(""), line("By rule", "strong"), ...ruleLines(report.rules, limit)]),
    ...(flipped === 0 ? [] : [plain(""), line("By sender", "strong"), ...senderLines(report, limit)]),
  ];
}

function totals(report: FlipReport): readonly (readonly [number, string])[] {
  const { identical, explained, flipped, unreadable, notReplayable } = report;
  const not = Object.entries(notReplayable) as [NotReplayable, number][]; // keys of that type alone are set
  return [
    [identical, "agree to the last field"],
    ...(explained === 0 ? [] : [[explained, "come out the same, explained otherwise"] as const]),
    [flipped, "would flip"],
    ...not.sort(([, a], [, b]) => b - a).map(([why, count]) => [count, `cannot be decided again: ${notReplayableWords[why]}`] as const),
    ...(unreadable === 0 ? [] : [[unreadable, "cannot be read, and are passed over"] as const]),
  ];
}

export function row(count: number, what: string): Line {
  return plain(`${grouped(count).padStart(9)}  ${what}`);
}

function ruleLines(rules: readonly Change[], limit: number): readonly Line[] {
  const shown = rules.slice(0, limit).map((one) => row(one.messages, changeText(one)));
  return [...shown, ...more(rules.length - shown.length, "kind of change", "kinds of change")];
}

/** `fail 000, junk (observed) → reject`: what stays is said once. */
export function changeText({ before, after }: Omit<Change, "messages">): string {
  const verdict = before.verdict === after.verdict ? "" : `${after.verdict}, `;
  return `${before.verdict}, ${before.action} → ${verdict}${after.action}`;
}

function senderLines({ senders, otherSenders }: FlipReport, limit: number): readonly Line[] {
  const shown = senders.slice(0, limit).flatMap(oneSender);
  const others = otherSenders === 0 ? [] : [row(otherSenders, "of senders with few messages each, which are not kept apart")];
  return [...shown, ...more(senders.length - limit, "sender"), ...others];
}

function oneSender({ from, infrastructure, messages, changes, samples }: SenderFlips): readonly Line[] {
  const [first, ...others] = changes;
  const name = `${from === "" ? "no readable From" : cut(from, 72)}   via ${cut(infrastructure, 72)}`;
  return [
    row(messages, first === undefined ? name : `${name}   ${changeText(first)}`),
    ...others.map((one) => plain(`${"".padStart(11)}${grouped(one.messages)} of them ${changeText(one)}`)),
    ...samples.map(({ id, at, messageId, mailFrom }) => {
      const what = [at.slice(0, 16).replace("T", " "), messageId === null ? `inspection ${id}` : cut(messageId, 72)];
      return line(`${"".padStart(11)}${[...what, ...(mailFrom === null ? [] : [`MAIL FROM <${cut(mailFrom, 72)}>`])].join("  ")}`, "faint");
    }),
  ];
}

export function more(count: number, one: string, many = `${one}s`): readonly Line[] {
  return count <= 0 ? [] : [line(`${"".padStart(11)}and ${counted(count, `more ${one}`, `more ${many}`)}`, "faint")];
}
