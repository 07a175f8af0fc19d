/**
 * Paths of the envelope: RFC 5321 §4.1.2 and §4.1.3 with the UTF-8 of RFC 6531 §3.3. Strict: dot-string or quoted string, one
 * at-sign, a domain or an address literal; a source route is read and ignored (appendix C), the mailbox is the part behind it.
 * It never repairs: comments, blanks and control characters make a path invalid, and what is invalid is never the null path
 * (attack: `<(any@victim.example>` read as empty, so that HELO is checked instead).
 */
import { limits } from "../base/limits.ts";
import { domainToAscii } from "./domain.ts";
import { parseIpv4, parseIpv6 } from "./ip-address.ts";

export type PathReason =
  | "too-long"
  | "brackets" // one bracket without the other, or text outside them
  | "source-route"
  | "no-domain" // no at-sign
  | "local-part"
  | "domain"
  | "address-literal";

export type Path =
  | { readonly kind: "null" }
  | {
      readonly kind: "mailbox";
      /** As written, quotes included. */
      readonly localPart: string;
      /** A-labels, lower case; null for an address literal. */
      readonly domain: string | null;
      /** With its brackets; null for a domain. */
      readonly literal: string | null;
    }
  | { readonly kind: "invalid"; readonly reason: PathReason };

/** Reads a reverse or forward path, with or without its angle brackets; "" and "<>" are the null path. */
export function parsePath(text: string): Path {
  if (text === "" || text === "<>") return { kind: "null" };
  if (text.length > limits.reversePathCharactersMax) return invalid("too-long");
  const opens = text.startsWith("<");
  if (opens !== text.endsWith(">")) return invalid("brackets");
  const inner = opens ? text.slice(1, -1) : text;
  const mailbox = behindRoute(inner);
  return mailbox === null ? invalid("source-route") : readMailbox(mailbox);
}

/** RFC 5321 §C: A-d-l is a list of at-domains that ends in a colon, and is ignored. Null: it does not end. */
function behindRoute(path: string): string | null {
  if (!path.startsWith("@")) return path;
  const colon = path.indexOf(":");
  if (colon === -1) return null;
  for (const hop of path.slice(0, colon).split(",")) {
    if (!hop.startsWith("@") || domainToAscii(hop.slice(1)) === null) return null;
  }
  return path.slice(colon + 1);
}

function readMailbox(text: string): Path {
  const sign = text.startsWith('"') ? quotedEnd(text) : text.indexOf("@");
  if (sign === -1) return invalid(text.startsWith('"') ? "local-part" : "no-domain");
  if (text.charAt(sign) !== "@") return invalid(sign === text.length ? "no-domain" : "local-part");
  const localPart = text.slice(0, sign);
  if (!isLocalPart(localPart)) return invalid("local-part");
  const written = text.slice(sign + 1);
  if (written.startsWith("[")) {
    return isAddressLiteral(written) ? { kind: "mailbox", localPart, domain: null, literal: written } : invalid("address-literal");
  }
  // RFC 5321 §4.1.2 has no final dot. DEVIATION: underscores pass, as in every name that DNS carries.
  const domain = written.endsWith(".") || hyphenAtEdge.test(written) ? null : domainToAscii(written);
  return domain === null ? invalid("domain") : { kind: "mailbox", localPart, domain, literal: null };
}

/** RFC 5321 §4.1.2: Dot-string or Quoted-string. */
function isLocalPart(text: string): boolean {
  return text.startsWith('"') ? quotedString.test(text) : text.split(".").every((word) => atom.test(word));
}

/** Past the quote that closes a quoted string at the start; -1: none does. */
function quotedEnd(text: string): number {
  for (let at = 1; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === '"') return at + 1;
    if (char === "\\") at++;
  }
  return -1;
}

// RFC 5321 §4.1.2, RFC 6531 §3.3: atext and qtextSMTP with UTF8-non-ascii; quoted-pairSMTP is ASCII alone.
const atom = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u{a0}-\u{fffc}\u{10000}-\u{10ffff}-]+$/u;
const quotedString = /^"(?:[ !#-[\]-~\u{a0}-\u{fffc}\u{10000}-\u{10ffff}]|\\[ -~])*"$/u;
const hyphenAtEdge = /(?:^|\.)-|-(?:\.|$)/;

/** RFC 5321 §4.1.3: IPv4, or IPv6 with its tag. No other tag is registered. */
function isAddressLiteral(literal: string): boolean {
  if (!literal.endsWith("]")) return false;
  const inner = literal.slice(1, -1);
  const tagged = /^IPv6:/i.test(inner);
  return (tagged ? parseIpv6(inner.slice(5)) : parseIpv4(inner)) !== null;
}

function invalid(reason: PathReason): Path {
  return { kind: "invalid", reason };
}
