/**
 * Reads the text of a mail flow rule (grammar: docs/policy.md): `when CONDITION then ACTION, ACTION`. Recursive descent, bounded in
 * depth, tests and values. What it cannot read it reports with the place, what was wanted there, and the nearest word; it repairs
 * nothing, and whether a rule that it can read is safe is rule-check.ts' to say.
 */
import { limits } from "../../base/limits.ts";
import { nearestWord } from "./nearest-word.ts";
import { type Condition, conditionWords, type Rule, type RuleAction, type Test } from "./rule.ts";
import { parseAction } from "./rule-actions.ts";
import { lexRule } from "./rule-lexer.ts";
import { isFault, peek, type Reader, take, type Unread, unread } from "./rule-reader.ts";
import { parseTest } from "./rule-tests.ts";

export type RuleFault = {
  readonly line: number;
  readonly column: number;
  /** Null: the text itself cannot be read there, and `wanted` says why. */
  readonly found: string | null;
  readonly wanted: string;
  /** The word that was probably meant. */
  readonly nearest: string | null;
};

export type ParsedRule = { readonly status: "read"; readonly rule: Rule } | { readonly status: "fault"; readonly fault: RuleFault };

export function parseRule(source: string): ParsedRule {
  const lexed = lexRule(source);
  if (lexed.status === "fault")
    return { status: "fault", fault: { ...placeOf(source, lexed.at), found: null, wanted: lexed.why, nearest: null } };
  const reader: Reader = { tokens: lexed.tokens, at: 0, tests: 0 };
  const parsed = readRule(reader);
  if (!isFault(parsed)) return { status: "read", rule: parsed };
  const { token, wanted, words } = parsed;
  const found = token.kind === "end" ? "the end of the rule" : token.text === "" ? "an empty text" : `"${token.text.slice(0, 64)}"`;
  const nearest = token.kind === "word" ? nearestWord(token.text, words) : null;
  return { status: "fault", fault: { ...placeOf(source, token.at), found, wanted, nearest } };
}

/** `line 1, column 6: wanted from or header, found "form"; did you mean from?` */
export function faultText({ line, column, found, wanted, nearest }: RuleFault): string {
  const seen = found === null ? wanted : `wanted ${wanted}, found ${found}`;
  return `line ${line}, column ${column}: ${seen}${nearest === null ? "" : `; did you mean ${nearest}?`}`;
}

function readRule(reader: Reader): Rule | Unread {
  if (!take(reader, "when")) return unread(reader, "when", ["when"]);
  const condition = readAny(reader, 0);
  if (isFault(condition)) return condition;
  if (!take(reader, "then")) return unread(reader, "and, or, then", ["and", "or", "then"]);
  const actions: RuleAction[] = [];
  do {
    if (actions.length === limits.ruleValuesMax) return unread(reader, `at most ${limits.ruleValuesMax} actions`);
    const action = parseAction(reader);
    if (isFault(action)) return action;
    actions.push(action);
  } while (take(reader, ","));
  return peek(reader).kind === "end" ? { condition, actions } : unread(reader, "a comma and another action, or the end of the rule");
}

function readAny(reader: Reader, depth: number): Condition | Unread {
  return readJoined(reader, { word: "or", part: (inner) => readAll(inner, depth) });
}

function readAll(reader: Reader, depth: number): Condition | Unread {
  return readJoined(reader, { word: "and", part: (inner) => readOne(inner, depth) });
}

type Joint = { readonly word: "and" | "or"; readonly part: (reader: Reader) => Condition | Unread };

/** `a or b or c`, and `(a or b) or c` alike, are one list of parts. */
function readJoined(reader: Reader, { word, part }: Joint): Condition | Unread {
  const parts: Condition[] = [];
  do {
    const read = part(reader);
    if (isFault(read)) return read;
    if (read.kind === word) parts.push(...read.parts);
    else parts.push(read);
  } while (take(reader, word));
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: word, parts };
}

function readOne(reader: Reader, depth: number): Condition | Unread {
  if (depth === limits.ruleDepthMax) return unread(reader, `at most ${limits.ruleDepthMax} levels of not and parentheses`);
  if (take(reader, "not")) {
    const part = readOne(reader, depth + 1);
    return isFault(part) ? part : { kind: "not", part };
  }
  if (take(reader, "(")) {
    const inner = readAny(reader, depth + 1);
    if (isFault(inner)) return inner;
    return take(reader, ")") ? inner : unread(reader, "and, or, )", ["and", "or"]);
  }
  return readTest(reader);
}

function readTest(reader: Reader): Test | Unread {
  if (reader.tests++ === limits.ruleTestsMax) return unread(reader, `at most ${limits.ruleTestsMax} tests in one rule`);
  const token = peek(reader);
  const name = token.text.toLowerCase();
  if (token.kind !== "word" || !conditionWords.includes(name)) return unread(reader, conditionWords.join(", "), conditionWords);
  reader.at++;
  return parseTest(reader, name);
}

function placeOf(source: string, at: number): { readonly line: number; readonly column: number } {
  const before = source.slice(0, at);
  const lines = before.split("\n");
  return { line: lines.length, column: (lines.at(-1) ?? "").length + 1 };
}
