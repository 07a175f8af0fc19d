/**
 * addr-spec and source route (RFC 5322 §3.4.1, §4.4) over the tokens of an address list. Reads as much as can be a local part
 * before an at-sign and a domain after it, and notes what is obsolete, discouraged or broken about it.
 */
import type { Issue, IssueKind } from "./address-issue.ts";
import type { Token } from "./address-tokens.ts";
import { hasEncodedWord } from "./encoded-word.ts";

/** A text in tokens; `issues` takes each kind once, at its first place. */
export type AddressText = {
  readonly text: string;
  readonly tokens: readonly Token[];
  readonly issues: Issue[];
};

export function note(on: AddressText, kind: IssueKind, at: number): void {
  if (!on.issues.some((issue) => issue.kind === kind)) on.issues.push({ kind, at });
}

/** RFC 5322 §4.4 obs-route: `@host,@host:` at the start of the brackets. */
export function readRoute(on: AddressText, from: number, to: number): { readonly end: number; readonly hosts: readonly string[] } {
  const { tokens } = on;
  let i = from;
  while (i < to && tokens[i]?.kind === "comment") i++;
  const start = tokens[i];
  if (i >= to || (start?.kind !== "@" && start?.kind !== ",")) return { end: from, hosts: [] };
  let colon = i;
  while (colon < to && tokens[colon]?.kind !== ":") colon++;
  if (colon === to) {
    if (start.kind === ",") note(on, "broken-brackets", start.start);
    return { end: from, hosts: [] };
  }
  note(on, "source-route", start.start);
  const hosts: string[] = [];
  let host = "";
  for (; i <= colon; i++) {
    const token = tokens[i];
    if (token === undefined || token.kind === "comment") continue;
    if (token.kind === "atom" || token.kind === "." || token.kind === "literal") host += textOf(on, token);
    else if (token.kind === "@" || token.kind === "," || token.kind === ":") {
      if (host !== "") hosts.push(host);
      host = "";
    } else note(on, "broken-brackets", token.start);
  }
  return { end: colon + 1, hosts };
}

/** Tokens from `from` up to `to`. */
export type Span = { readonly from: number; readonly to: number };

export type AddrSpec = {
  /** First token of the local part. */
  readonly first: number;
  /** Past the last token of the domain. */
  readonly end: number;
  readonly localPart: string;
  readonly domain: string;
};

/** RFC 5322 §3.4.1 around the at-sign `sign`: the longest local part before it, the longest domain after it. */
export function readAddrSpec(on: AddressText, sign: number, span: Span): AddrSpec {
  const local = readLocalPart(on, span.from, sign);
  const domain = readDomain(on, sign, span.to);
  const { tokens } = on;
  for (let i = local.first; i < domain.end; i++) {
    const token = tokens[i];
    if (token === undefined) continue;
    if (token.kind === "comment") note(on, "comment-in-address", token.start);
    else if (i > local.first && token.space) note(on, "space-in-address", token.start);
  }
  if (hasEncodedWord(local.text) || hasEncodedWord(domain.text)) note(on, "encoded-word", tokens[local.first]?.start ?? 0);
  return { first: local.first, end: domain.end, localPart: local.text, domain: domain.text };
}

/** Words with dots between them, read backwards: RFC 5322 §4.4 obs-local-part, of which dot-atom and quoted-string are cases. */
function readLocalPart(on: AddressText, from: number, sign: number): { readonly first: number; readonly text: string } {
  const { tokens } = on;
  let first = sign;
  let words = 0;
  let quoted = 0;
  let dots = 0;
  let misplaced = false;
  let next: Token | undefined;
  for (let i = sign - 1; i >= from; i--) {
    const token = tokens[i];
    if (token?.kind === "comment") continue;
    if (token?.kind === ".") {
      if (next === undefined || next.kind === ".") misplaced = true;
      dots++;
    } else if (token?.kind === "atom" || token?.kind === "quoted") {
      if (next !== undefined && next.kind !== ".") {
        // Two words side by side: apart they are a name and an address, together they are no local part.
        const apart = next.space || tokens[i + 1] !== next;
        if (apart) break;
        misplaced = true;
      }
      words++;
      if (token.kind === "quoted") quoted++;
    } else break;
    next = token;
    first = i;
  }
  if (words === 0 || misplaced || next?.kind === ".") note(on, "local-part", tokens[first]?.start ?? 0);
  else if (quoted > 0) note(on, dots > 0 ? "obsolete-local-part" : "quoted-local-part", tokens[first]?.start ?? 0);
  return { first, text: joined(on, first, sign) };
}

/** Atoms with dots between them, or one literal. */
function readDomain(on: AddressText, sign: number, to: number): { readonly end: number; readonly text: string } {
  const { tokens } = on;
  let end = sign + 1;
  let previous: Token | undefined;
  let misplaced = false;
  for (let i = sign + 1; i < to; i++) {
    const token = tokens[i];
    if (token?.kind === "comment") continue;
    if (token?.kind === ".") {
      if (previous === undefined || previous.kind !== "atom") misplaced = true;
    } else if (token?.kind === "atom" || token?.kind === "literal") {
      if (previous !== undefined && (previous.kind !== "." || token.kind === "literal")) break;
    } else break;
    previous = token;
    end = i + 1;
  }
  if (previous === undefined || previous.kind === "." || misplaced) note(on, "domain", tokens[sign]?.start ?? 0);
  return { end, text: joined(on, sign + 1, end) };
}

/** The tokens of a local part or domain, comments and white space left out. */
function joined(on: AddressText, from: number, to: number): string {
  if (to - from === 1) {
    const only = on.tokens[from];
    return only === undefined ? "" : textOf(on, only);
  }
  let text = "";
  for (let i = from; i < to; i++) {
    const token = on.tokens[i];
    if (token !== undefined && token.kind !== "comment") text += textOf(on, token);
  }
  return text;
}

export function textOf(on: AddressText, token: Token): string {
  return on.text.slice(token.start, token.end);
}
