/**
 * What was decided, in the words of rspamd's answer (its documented protocol, version 2): one action, symbols under rspamd's own names where they
 * mean the same, and the header edits for the mail server to make. The score stands for the action alone: it is no sum, and nothing is
 * decided by it here.
 */
import type { Disposition } from "../../gateway/dialogue/journey.ts";
import type { Removal } from "../../stamp/inspection.ts";
import { type CheckSymbol, checkSymbols } from "./check-symbols.ts";

export type CheckAction = "no action" | "add header" | "soft reject" | "reject";

export type CheckAnswer = {
  readonly action: CheckAction;
  readonly score: number;
  readonly required_score: number;
  readonly is_skipped: false;
  readonly time_real: number;
  readonly symbols: Readonly<Record<string, CheckSymbol>>;
  readonly messages: { readonly smtp_message?: string };
  readonly "message-id": string;
  readonly milter?: {
    readonly add_headers: Readonly<Record<string, HeaderEdit | readonly HeaderEdit[]>>;
    readonly remove_headers: Readonly<Record<string, number>>;
  };
  /** Ours: what rspamd's words have no room for. Null where the message could not be inspected. */
  readonly assay: {
    readonly id: string;
    readonly compauth: string;
    readonly reason: string;
    readonly action: string;
    readonly withheld: boolean;
    readonly smtp: { readonly code: number; readonly enhanced: string; readonly text: string } | null;
  } | null;
};
type HeaderEdit = { readonly value: string; readonly order: 0 };

export function checkAnswer(disposition: Exclude<Disposition, { readonly kind: "gone" }>, seconds: number): CheckAnswer {
  const { inspection } = disposition;
  const action = checkAction(disposition);
  const reply = disposition.kind === "refuse" ? disposition.reply : null;
  return {
    action,
    score: scores[action],
    required_score: requiredScore,
    is_skipped: false,
    time_real: seconds,
    symbols: inspection === null ? {} : checkSymbols(inspection),
    messages: reply === null ? {} : { smtp_message: reply.text },
    "message-id": inspection?.transaction.messageId?.replace(/^<([^<>]*)>$/, "$1") ?? "undef",
    ...(disposition.kind === "accept"
      ? { milter: { add_headers: addHeaders(disposition.headers), remove_headers: removeHeaders(disposition.removals) } }
      : {}),
    assay:
      inspection === null
        ? null
        : {
            id: inspection.id,
            compauth: inspection.verdict.compauth,
            reason: inspection.verdict.reason,
            action: inspection.action.kind,
            withheld: inspection.action.withheld,
            smtp: reply,
          },
  };
}

/** What would be held is marked as junk is: clients differ in what they do with rspamd's `quarantine`, and nobody would release it. */
function checkAction(disposition: Exclude<Disposition, { readonly kind: "gone" }>): CheckAction {
  if (disposition.kind === "refuse") return disposition.reply.code >= 500 ? "reject" : "soft reject";
  const { inspection, hold } = disposition;
  const isJunk = inspection !== null && inspection.action.kind === "junk" && !inspection.action.withheld;
  return isJunk || hold !== null ? "add header" : "no action";
}

const requiredScore = 15;
const scores: Readonly<Record<CheckAction, number>> = { "no action": 0, "add header": 8, "soft reject": 0, reject: requiredScore };

/** Each is put at the top, one after the other: the one that is to stand topmost comes last. */
function addHeaders(headers: readonly string[]): Readonly<Record<string, HeaderEdit | readonly HeaderEdit[]>> {
  const edits = new Map<string, HeaderEdit[]>();
  for (const field of headers.toReversed()) {
    const colon = field.indexOf(":");
    const name = field.slice(0, colon);
    // Lines are folded with LF alone, as the milter protocol has them.
    const value = field
      .slice(colon + 1)
      .replace(/^ /, "")
      .replaceAll("\r\n", "\n");
    edits.set(name, [...(edits.get(name) ?? []), { value, order: 0 }]);
  }
  return Object.fromEntries([...edits].map(([name, list]) => [name, list.length === 1 && list[0] !== undefined ? list[0] : list]));
}

/** rspamd's answer has one number a name: the place of the one field, or 0 for all of them. */
function removeHeaders(removals: readonly Removal[]): Readonly<Record<string, number>> {
  const found = new Map<string, { readonly name: string; readonly index: number }>();
  for (const { name, index } of removals) {
    const key = name.toLowerCase();
    found.set(key, { name: found.get(key)?.name ?? name, index: found.has(key) ? 0 : index });
  }
  return Object.fromEntries([...found.values()].map(({ name, index }) => [name, index]));
}
