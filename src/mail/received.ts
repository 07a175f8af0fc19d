/**
 * Received fields (RFC 5321 §4.4) as mail servers really write them: Postfix, Sendmail, Exim, Exchange, Google, qmail and others.
 * Tolerant and bounded: one scan over at most receivedFieldBytesMax characters. What cannot be read is null, never guessed.
 * A client chooses its HELO, so nothing inside the HELO may pass for the address that the server saw: the last comment before
 * `by` that carries an address decides, and a field with unbalanced comments names no client at all.
 */
import { limits } from "../base/limits.ts";
import { formatIpAddress, parseIpAddress } from "./ip-address.ts";
import type { Tls } from "./transaction.ts";

export type Received = {
  /** What the client called itself; null where the field has no `from`. */
  readonly helo: string | null;
  /** The client's address as the server saw it, in canonical form; null where none can be read. */
  readonly ip: string | null;
  /** The server that wrote the field. */
  readonly by: string | null;
  /** Version and cipher where the server says them; null both for `with ESMTPS` alone. */
  readonly tls: Tls | null;
  /** Comments do not close: what the field says about its client is not to be believed, nor what lies below it. */
  readonly broken: boolean;
};

type Token = { readonly comment: boolean; readonly text: string };

/** Reads the unfolded value of a Received field. Total: every text gives a value. */
export function parseReceived(value: string): Received {
  const text = value.slice(0, limits.receivedFieldBytesMax).replaceAll("\r", " ").replaceAll("\n", " ");
  const { tokens, balanced } = tokenize(text);
  const at = indexOfLastBy(tokens);
  const hasFrom = tokens[0] !== undefined && !tokens[0].comment && tokens[0].text.toLowerCase() === "from";
  const client = hasFrom && balanced ? tokens.slice(1, at === -1 ? tokens.length : at) : [];
  const byToken = at === -1 ? undefined : tokens[at + 1];
  return {
    ...readClient(client),
    by: byToken === undefined || byToken.comment ? null : withoutSemicolon(byToken.text),
    tls: readTls(tokens, at),
    broken: !balanced,
  };
}

/** Words and top-level comments; nested comments stay inside theirs. */
function tokenize(text: string): { tokens: readonly Token[]; balanced: boolean } {
  const tokens: Token[] = [];
  let depth = 0;
  let start = 0;
  const push = (comment: boolean, end: number): void => {
    const piece = text.slice(start, end).trim();
    if (comment || piece !== "") tokens.push({ comment, text: piece });
  };
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (char === "(") {
      if (depth === 0) {
        push(false, i);
        start = i + 1;
      }
      depth += 1;
    } else if (char === ")") {
      if (depth === 0) return { tokens, balanced: false };
      depth -= 1;
      if (depth === 0) {
        push(true, i);
        start = i + 1;
      }
    } else if (depth === 0 && (char === " " || char === "\t")) {
      push(false, i);
      start = i + 1;
    }
  }
  push(depth > 0, text.length);
  return { tokens, balanced: depth === 0 };
}

/** The last word `by`: a HELO of `x by y` cannot move the border towards the front. */
function indexOfLastBy(tokens: readonly Token[]): number {
  return tokens.findLastIndex((token) => !token.comment && token.text.toLowerCase() === "by");
}

function readClient(tokens: readonly Token[]): { helo: string | null; ip: string | null } {
  const word = tokens[0] !== undefined && !tokens[0].comment ? withoutSemicolon(tokens[0].text) : null;
  let ip: string | null = null;
  let helo: string | null = null;
  for (const token of tokens) {
    if (!token.comment) continue;
    ip = addressInComment(token.text) ?? ip;
    helo ??= heloInComment(token.text);
  }
  // Exim writes `from [192.0.2.1] (helo=x)`, some others `from 192.0.2.1 (EHLO x)`: the address stands as the word itself.
  if (ip === null && word !== null) ip = readAddress(word.startsWith("[") && word.endsWith("]") ? word.slice(1, -1) : word);
  return { helo: helo ?? (word === null ? null : word.slice(0, limits.domainBytesMax)), ip };
}

/** The first `[address]` that is not somebody's claim (`helo=[…]`), or a comment that is nothing but an address. */
function addressInComment(text: string): string | null {
  if (saysHelo(text)) return null;
  for (let open = text.indexOf("["); open !== -1; open = text.indexOf("[", open + 1)) {
    if (/(?:helo|ident)=$/i.test(text.slice(Math.max(0, open - 6), open))) continue;
    const close = text.indexOf("]", open);
    if (close === -1) return null;
    const ip = readAddress(text.slice(open + 1, close));
    if (ip !== null) return ip;
  }
  // qmail: `(user@192.0.2.1)`; Exchange: `(2001:db8::1)`.
  return readAddress(text.slice(text.lastIndexOf("@") + 1));
}

/** `HELO name` (qmail), `helo=name` (Exim), among other words of a comment. */
function heloInComment(text: string): string | null {
  const words = text.split(/[ \t]+/, 32);
  const first = words[0]?.toUpperCase();
  const said = first === "HELO" || first === "EHLO" ? words[1] : words.find((word) => /^helo=/i.test(word))?.slice(5);
  return said === undefined || said === "" ? null : said.slice(0, limits.domainBytesMax);
}

function saysHelo(text: string): boolean {
  return /^(?:HELO|EHLO)[ \t]/i.test(text);
}

/** An address, perhaps with the tag `IPv6:`, a zone id or an IPv4 port. */
function readAddress(text: string): string | null {
  const bare = text.trim().replace(/^IPv6:/i, "");
  const zoned = bare.indexOf("%");
  const port = /^([0-9.]+):[0-9]{1,5}$/.exec(bare);
  const address = parseIpAddress(port?.[1] ?? (zoned === -1 ? bare : bare.slice(0, zoned)));
  return address === null ? null : formatIpAddress(address);
}

const tlsForms: readonly RegExp[] = [
  /\bversion=(TLS[0-9v._]{1,8}),? ?cipher=([\w-]{1,64})/i, // Exchange, Google, Sendmail
  /\busing (TLS[0-9v._]{1,8}) with cipher ([\w-]{1,64})/i, // Postfix
  /^(TLS[0-9v._]{1,8})[ :]([\w-]{1,64})/i, // Go servers
  /^(TLS[0-9v._]{1,8})$/i, // Exim
];

function readTls(tokens: readonly Token[], by: number): Tls | null {
  for (const [i, token] of tokens.entries()) {
    if (!token.comment) continue;
    for (const form of tlsForms) {
      const found = form.exec(token.text);
      // Exim: `(TLS1.3) tls TLS_AES_256_GCM_SHA384`.
      const after = tokens[i + 1]?.text === "tls" ? tokens[i + 2]?.text : undefined;
      if (found !== null) return { version: tlsVersion(found[1] ?? ""), cipher: found[2] ?? after ?? null, subject: null };
    }
  }
  if (by === -1) return null;
  const protocol = tokens.findIndex((token, i) => i > by && !token.comment && token.text.toLowerCase() === "with") + 1;
  // RFC 3848: ESMTPS, ESMTPSA, LMTPS and LMTPSA; RFC 6531: their UTF8 kin.
  const secured =
    protocol > 0 && /^(?:UTF8)?[EL]?S?MTPSA?;?$/i.test(tokens[protocol]?.text ?? "") && /PSA?;?$/i.test(tokens[protocol]?.text ?? "");
  return secured ? { version: null, cipher: null, subject: null } : null;
}

/** `TLS1_3`, `TLS1.3`, `TLSv1.3` → `TLSv1.3`. */
function tlsVersion(text: string): string {
  return `TLSv${text.slice(3).replace(/^v/i, "").replaceAll("_", ".")}`;
}

function withoutSemicolon(word: string): string {
  return word.endsWith(";") ? word.slice(0, -1) : word;
}
