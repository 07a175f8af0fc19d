/**
 * Whom SPF checks (RFC 7208 §2.4, §4.3): the local part and domain of MAIL FROM, or of postmaster at the HELO name for the null
 * path. A path that could be read in two ways gives no domain; it is never repaired, and never taken for the null path.
 * DEVIATION: RFC 5321 §4.1.2 forbids unquoted spaces and stray dots in a local part. They are taken, because real senders and the
 * public suite have them and they cannot move the domain.
 */
import { limits } from "../../base/limits.ts";
import { domainToAscii } from "../../mail/domain.ts";

export type Sender = {
  /** Without quotes; "postmaster" where the path has none. */
  readonly localPart: string;
  /** For macros: as written, or A-labels where it had U-labels (RFC 8616 §4). */
  readonly domain: string;
  /** A-labels, lower case. */
  readonly ascii: string;
};
export type SenderFault = { readonly fault: "no-domain" | "path-syntax"; readonly ascii: string | null };

/** Reads the reverse path ("" is the null path); `helo` stands in for the null path. */
export function readSender(path: string | null, helo: string | null): Sender | SenderFault {
  if (path === null) return noDomain;
  if (path === "") return helo === null ? noDomain : withDomain("postmaster", helo);
  if (path.length > limits.reversePathCharactersMax) return pathSyntax;
  const mailbox = path.startsWith("@") ? withoutRoute(path) : path;
  const at = mailbox.lastIndexOf("@");
  const local = at === -1 ? "" : readLocalPart(mailbox.slice(0, at));
  const domain = mailbox.slice(at + 1);
  if (local === null || !isDomainText(domain)) return pathSyntax;
  // RFC 7208 §4.3: without a local part, "postmaster".
  return withDomain(local === "" ? "postmaster" : local, domain);
}

const noDomain: SenderFault = { fault: "no-domain", ascii: null };
const pathSyntax: SenderFault = { fault: "path-syntax", ascii: null };

function withDomain(localPart: string, text: string): Sender | SenderFault {
  const ascii = domainToAscii(text);
  if (ascii === null) return noDomain;
  // RFC 7208 §4.3: a domain of one label is not checked; nor is an address in the place of a name (§7.1: no top label is all digits).
  if (!ascii.includes(".") || /\.[0-9]+$/.test(ascii)) return { fault: "no-domain", ascii };
  const bare = text.endsWith(".") ? text.slice(0, -1) : text;
  return { localPart, domain: isAscii(bare) ? bare : ascii, ascii };
}

/** RFC 5321 §4.1.1.3: a source route (`@a,@b:user@c`) is taken and ignored. `@domain` alone has no local part. */
function withoutRoute(path: string): string {
  const colon = path.indexOf(":");
  if (colon === -1) return path;
  const hops = path.slice(0, colon).split(",");
  const wellFormed = hops.every((hop) => hop.startsWith("@") && hop.length > 1 && isDomainText(hop.slice(1)));
  return wellFormed ? path.slice(colon + 1) : path;
}

/** The local part without its quotes; null where RFC 5321 §4.1.2 has no place for a character of it. */
function readLocalPart(text: string): string | null {
  if (text.startsWith('"')) return readQuoted(text);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 32 || (code >= 127 && code < 160) || '()<>[]:;@\\,"'.includes(text.charAt(i))) return null;
  }
  return text;
}

function readQuoted(text: string): string | null {
  if (text.length < 2 || !text.endsWith('"')) return null;
  let content = "";
  for (let i = 1; i < text.length - 1; i++) {
    const escaped = text.charAt(i) === "\\";
    if (escaped) i += 1;
    const code = text.charCodeAt(i);
    // The closing quote cannot be escaped, and no other stands inside unescaped.
    if (i === text.length - 1 || code < 32 || (code >= 127 && code < 160) || (!escaped && code === 34)) return null;
    content += text.charAt(i);
  }
  return content;
}

/** Characters that a domain or an address literal may have; whether it is a name is `domainToAscii`'s to say. */
function isDomainText(text: string): boolean {
  return text.startsWith("[") ? /^\[[0-9A-Za-z.:-]*\]$/.test(text) : /^[0-9A-Za-z._\u0080-\uffff-]*$/.test(text);
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}
