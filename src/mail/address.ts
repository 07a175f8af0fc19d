/**
 * Address lists: RFC 5322 §3.4 with the obsolete forms of §4.4, UTF-8 of RFC 6532, groups of RFC 6854. Linear time.
 * It reports instead of repairing: every mailbox that can be made out is given, and everything that is not the plain form is
 * an issue with its place, so that a caller can be as strict as it likes. It decodes display names after parsing, never before.
 */
import { limits } from "../base/limits.ts";
import { type AddressText, type AddrSpec, note, readAddrSpec, readRoute, type Span, textOf } from "./addr-spec.ts";
import type { Issue } from "./address-issue.ts";
import { tokenize, unquote } from "./address-tokens.ts";
import { decodeEncodedWords, hasEncodedWord } from "./encoded-word.ts";
import { findAddresses } from "./find-addresses.ts";

export type DisplayName = {
  /** As written. */
  readonly raw: string;
  /** Quotes, quoted-pairs and comments undone. */
  readonly text: string;
  /** The same with encoded words decoded. */
  readonly decoded: string;
  /** Quoted strings only. */
  readonly quoted: boolean;
};

export type ParsedMailbox = {
  readonly displayName: DisplayName | null;
  /** As written, quotes included; without comments and white space between its words. */
  readonly localPart: string;
  /** As written, without comments and white space; a literal with its brackets. */
  readonly domain: string;
  readonly bracketed: boolean;
  /** Hosts of a source route; RFC 5322 §4.4: to be ignored. */
  readonly route: readonly string[];
  /** Comments of this list element, parentheses included. */
  readonly comments: readonly string[];
  /** Index into `groups`. */
  readonly group: number | null;
};

export type Group = { readonly displayName: string };

export type AddressList = {
  /** In order, members of groups included. */
  readonly mailboxes: readonly ParsedMailbox[];
  readonly groups: readonly Group[];
  /** List elements that are words without an address. */
  readonly phrases: readonly DisplayName[];
  readonly issues: readonly Issue[];
};

/** Reads an address-list (a mailbox-list is one without groups). Total: any text gives an answer. */
export function parseAddressList(text: string): AddressList {
  const lexed = tokenize(text);
  const list: List = {
    text,
    tokens: lexed.tokens,
    mailboxes: [],
    groups: [],
    phrases: [],
    openGroup: null,
    issues: [],
    elements: 0,
    empty: -1,
  };
  for (const { kind, at } of lexed.faults) note(list, kind, at);
  readElements(list);
  if (list.elements > 1 && list.empty !== -1) note(list, "empty-element", list.empty);
  const { mailboxes, groups, phrases, issues } = list;
  return { mailboxes, groups, phrases, issues };
}

type List = AddressText & {
  readonly mailboxes: ParsedMailbox[];
  readonly groups: Group[];
  readonly phrases: DisplayName[];
  openGroup: { readonly name: string; readonly firstMember: number; readonly at: number } | null;
  elements: number;
  /** Place of the first element without tokens; -1: none. */
  empty: number;
};

/** Splits the list at the commas, colons and semicolons that stand outside brackets. */
function readElements(list: List): void {
  const { tokens } = list;
  let from = 0;
  let inBrackets = false;
  for (let i = 0; i <= tokens.length; i++) {
    const token = tokens[i];
    if (inBrackets && token !== undefined) {
      if (token.kind === ">") inBrackets = false;
      continue;
    }
    const kind = token?.kind ?? ",";
    if (kind === "<") inBrackets = true;
    if (kind !== "," && kind !== ":" && kind !== ";") continue;
    if (list.mailboxes.length === limits.fromMailboxesMax && i > from) {
      note(list, "too-many-mailboxes", tokens[from]?.start ?? list.text.length);
      return;
    }
    if (kind === ":") openGroup(list, from, i);
    else readElement(list, from, i);
    if (kind === ";") closeGroup(list, token?.start ?? list.text.length);
    from = i + 1;
  }
  // A colon that no semicolon answers is no group: a special character in a name that is not quoted.
  if (list.openGroup !== null) note(list, "unquoted-special", list.openGroup.at);
}

function openGroup(list: List, from: number, colon: number): void {
  const at = list.tokens[colon]?.start ?? 0;
  if (list.openGroup !== null || from === colon) note(list, "unquoted-special", at);
  checkPhrase(list, from, colon);
  list.openGroup ??= { name: phraseText(list, from, colon), firstMember: list.mailboxes.length, at };
}

function closeGroup(list: List, at: number): void {
  const group = list.openGroup;
  if (group === null) {
    note(list, "unquoted-special", at);
    return;
  }
  note(list, "group", group.at);
  for (let i = group.firstMember; i < list.mailboxes.length; i++) {
    const member = list.mailboxes[i];
    if (member !== undefined) list.mailboxes[i] = { ...member, group: list.groups.length };
  }
  list.groups.push({ displayName: group.name });
  list.openGroup = null;
}

/** One list element, tokens from `from` up to `to`. */
function readElement(list: List, from: number, to: number): void {
  const { tokens } = list;
  let open = -1;
  let close = -1;
  let sign = -1;
  let words = false;
  for (let i = from; i < to; i++) {
    const kind = tokens[i]?.kind;
    if (kind === "<" && close === -1) {
      if (open !== -1) note(list, "broken-brackets", tokens[i]?.start ?? 0);
      open = i;
    } else if (kind === ">" && open !== -1 && close === -1) close = i;
    else if (kind === "@" && sign === -1) sign = i;
    if (kind !== "comment") words = true;
  }
  if (!words) {
    emptyElement(list, from);
    return;
  }
  list.elements++;
  if (open !== -1) readBracketed(list, { from, open, close: close === -1 ? to : close, to });
  else if (sign !== -1) readBare(list, sign, { from, to });
  else noAddress(list, from, to);
}

/** A group may be empty, and a comma or the end follows its semicolon: nothing is missing there. */
function emptyElement(list: List, from: number): void {
  const before = list.tokens[from - 1]?.kind;
  const after = list.tokens[from]?.kind;
  if (before === ";" || before === ":" || after === ";") return;
  list.elements++;
  if (list.empty === -1) list.empty = list.tokens[from]?.start ?? list.text.length;
}

/** Words and nothing to deliver to. What looks like an address inside quotes or encoded words is named for what it is. */
function noAddress(list: List, from: number, to: number): void {
  const at = list.tokens[from]?.start ?? 0;
  checkPhrase(list, from, to);
  const phrase = displayName(list, from, to);
  if (list.phrases.length < limits.fromMailboxesMax) list.phrases.push(phrase);
  else note(list, "too-many-mailboxes", at);
  if (quotesAddress(list, from, to)) note(list, "all-quoted", at);
  else if (hasEncodedWord(phrase.text) && findAddresses(phrase.decoded).length > 0) note(list, "encoded-word", at);
  else note(list, "no-address", at);
}

function quotesAddress(list: List, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    const token = list.tokens[i];
    if (token?.kind === "quoted" && findAddresses(unquote(textOf(list, token))).length > 0) return true;
  }
  return false;
}

/** addr-spec without brackets: `words local@domain rest`. */
function readBare(list: List, sign: number, span: Span): void {
  const { tokens } = list;
  const { from, to } = span;
  const spec = readAddrSpec(list, sign, span);
  const first = tokens[spec.first];
  let name = false;
  for (let i = from; i < spec.first; i++) {
    if (tokens[i]?.kind === "comment") note(list, "comment-before", tokens[i]?.start ?? 0);
    else name = true;
  }
  if (name) {
    checkPhrase(list, from, spec.first);
    note(list, "no-angle-brackets", first?.start ?? 0);
  }
  readAfter(list, spec.end, to);
  addMailbox(list, { ...spec, from, to, displayName: name ? displayName(list, from, spec.first) : null, bracketed: false, route: [] });
}

type Bracketed = Span & { readonly open: number; readonly close: number };

/** name-addr: `name <local@domain> rest`. `close` is `to` where the bracket does not close. */
function readBracketed(list: List, { from, open, close, to }: Bracketed): void {
  const { tokens } = list;
  const bracket = tokens[open];
  if (close === to) note(list, "unterminated", bracket?.start ?? 0);
  else readAfter(list, close + 1, to);
  const named = checkPhrase(list, from, open);
  if (named && bracket?.space === false) note(list, "no-space-before-bracket", bracket.start);
  const route = readRoute(list, open + 1, close);
  let sign = -1;
  let content = false;
  for (let i = route.end; i < close; i++) {
    if (tokens[i]?.kind !== "comment") content = true;
    if (tokens[i]?.kind === "@" && sign === -1) sign = i;
  }
  if (sign === -1) {
    note(list, content ? "no-domain" : "empty-brackets", bracket?.start ?? 0);
    return;
  }
  if (tokens[open + 1]?.space === true || (close === to ? false : tokens[close]?.space === true)) {
    note(list, "space-inside-brackets", bracket?.start ?? 0);
  }
  const spec = readAddrSpec(list, sign, { from: route.end, to: close });
  const words = checkBeside(list, route.end, spec.first) && spec.first > route.end;
  checkBeside(list, spec.end, close);
  const localPart = words ? list.text.slice(tokens[route.end]?.start, tokens[sign - 1]?.end) : spec.localPart;
  const name = named ? displayName(list, from, open) : null;
  addMailbox(list, { ...spec, localPart, from, to, displayName: name, bracketed: true, route: route.hosts });
}

/** What stands in the brackets beside the addr-spec. Nothing but words? Then they pass for a part of the local part. */
function checkBeside(list: List, from: number, to: number): boolean {
  let words = true;
  for (let i = from; i < to; i++) {
    const token = list.tokens[i];
    if (token === undefined) continue;
    const word = token.kind === "atom" || token.kind === "quoted" || token.kind === ".";
    if (!word) words = false;
    note(list, token.kind === "comment" ? "comment-in-address" : word ? "several-words" : "broken-brackets", token.start);
  }
  return words;
}

/** What follows an address inside its list element. */
function readAfter(list: List, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    const token = list.tokens[i];
    if (token !== undefined) note(list, token.kind === "comment" ? "comment-after" : "text-after", token.start);
  }
}

/** RFC 5322 §3.2.5 phrase, §4.1 obs-phrase. Is there any word? */
function checkPhrase(list: List, from: number, to: number): boolean {
  let words = 0;
  for (let i = from; i < to; i++) {
    const token = list.tokens[i];
    if (token === undefined) continue;
    if (token.kind === "comment") note(list, "comment-before", token.start);
    else if (token.kind === "." && words > 0) note(list, "dot-in-name", token.start);
    else if (token.kind !== "atom" && token.kind !== "quoted") note(list, "unquoted-special", token.start);
    if (token.kind !== "comment") words++;
  }
  return words > 0;
}

function displayName(list: List, from: number, to: number): DisplayName {
  const text = phraseText(list, from, to);
  let quoted = true;
  for (let i = from; i < to; i++) {
    const kind = list.tokens[i]?.kind;
    if (kind !== "quoted" && kind !== "comment") quoted = false;
  }
  const raw = list.text.slice(list.tokens[from]?.start, list.tokens[to - 1]?.end);
  return { raw, text, decoded: decodeEncodedWords(text), quoted };
}

/** The words of a phrase, one blank where white space or a comment stood. */
function phraseText(list: List, from: number, to: number): string {
  let text = "";
  let blank = false;
  for (let i = from; i < to; i++) {
    const token = list.tokens[i];
    if (token === undefined) continue;
    if (token.kind === "comment") {
      blank = true;
      continue;
    }
    if (text !== "" && (blank || token.space)) text += " ";
    blank = false;
    text += token.kind === "quoted" ? unquote(textOf(list, token)) : textOf(list, token);
  }
  return text;
}

type Element = AddrSpec & Span & Pick<ParsedMailbox, "displayName" | "bracketed" | "route">;

function addMailbox(list: List, { from, to, displayName, localPart, domain, bracketed, route }: Element): void {
  if (domain === "") return;
  const comments: string[] = [];
  for (let i = from; i < to; i++) {
    const token = list.tokens[i];
    if (token?.kind === "comment") comments.push(textOf(list, token));
  }
  list.mailboxes.push({ displayName, localPart, domain, bracketed, route, comments, group: null });
}
