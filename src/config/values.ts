/**
 * The forms that single values of the configuration are written in, each a total function from text to a typed value or null:
 * where to listen, where the memory lies, which DNS server, which network, which name, which address. It opens and resolves nothing.
 */
import { domainToAscii } from "../mail/domain.ts";
import { parseIpAddress, parseIpNetwork } from "../mail/ip-address.ts";
import { parsePath } from "../mail/path.ts";

export type HostPort = { readonly host: string; readonly port: number };
export type Endpoint = ({ readonly kind: "inet" } & HostPort) | { readonly kind: "unix"; readonly path: string };
export type MemoryUrl = { readonly kind: "sqlite"; readonly path: string } | { readonly kind: "postgres"; readonly url: string };

/** `127.0.0.1:8890`, `[::1]:8890`, `localhost:8890`. Port 0 lets the system choose one. */
export function hostPort(text: string): HostPort | null {
  const match = /^(?:\[([^[\]]{2,64})\]|([^[\]:]{1,253})):([0-9]{1,5})$/.exec(text);
  if (match === null) return null;
  const [, bracketed, plain = ""] = match;
  const host = bracketed === undefined ? hostOrIpv4(plain) : parseIpAddress(bracketed) === null ? null : bracketed;
  const port = Number(match[3]);
  return host === null || port > 65_535 ? null : { host, port };
}

// A name whose last label is a number would be an address to some programs and a name to others.
function hostOrIpv4(text: string): string | null {
  if (parseIpAddress(text) !== null) return text;
  return /(?:^|\.)[0-9]+$/.test(text) ? null : domainToAscii(text);
}

/** `inet:127.0.0.1:8891` or `unix:/run/assay/milter.sock`. */
export function endpoint(text: string): Endpoint | null {
  if (text.startsWith("unix:/") && !text.includes("\0")) return { kind: "unix", path: text.slice("unix:".length) };
  const where = text.startsWith("inet:") ? hostPort(text.slice("inet:".length)) : null;
  return where === null ? null : { kind: "inet", ...where };
}

export type NextHop = { readonly protocol: "smtp" | "lmtp"; readonly endpoint: Endpoint };

/** `127.0.0.1:2526`, `smtp:127.0.0.1:2526`, `lmtp:127.0.0.1:24`, `lmtp:unix:/run/dovecot/lmtp`. */
export function nextHop(text: string): NextHop | null {
  const [, protocol = "smtp", rest = ""] = /^(?:(smtp|lmtp):)?(.*)$/s.exec(text) ?? [];
  const where = endpoint(rest.startsWith("unix:") ? rest : `inet:${rest}`);
  if (where === null || (where.kind === "inet" && where.port === 0)) return null;
  return { protocol: protocol === "lmtp" ? "lmtp" : "smtp", endpoint: where };
}

/** `sha256:` and 64 hexadecimal digits: the digest of a token, so that the file does not hold the token itself. */
export function tokenDigest(text: string): string | null {
  return /^sha256:[0-9a-f]{64}$/.test(text) ? text : null;
}

/** The absolute path of a file. */
export function absolutePath(text: string): string | null {
  return text.startsWith("/") && !text.includes("\0") ? text : null;
}

/** `sqlite:assay.db`, `postgres://user@host/database`. */
export function memoryUrl(text: string): MemoryUrl | null {
  if (text.startsWith("sqlite:")) {
    const path = text.slice("sqlite:".length);
    return path === "" || path.includes("\0") ? null : { kind: "sqlite", path };
  }
  return /^postgres(?:ql)?:\/\/[^/]/.test(text) && URL.canParse(text) ? { kind: "postgres", url: text } : null;
}

/** `192.0.2.53`, `192.0.2.53:5353`, `2001:db8::53`, `[2001:db8::53]:5353`: as written. */
export function dnsServer(text: string): string | null {
  if (parseIpAddress(text) !== null) return text;
  const { host, port } = text.startsWith("[") && text.endsWith("]") ? { host: text.slice(1, -1), port: null } : (hostPort(text) ?? nowhere);
  return parseIpAddress(host) === null || port === 0 ? null : text;
}

const nowhere: HostPort = { host: "", port: 0 };

/** `192.0.2.0/24`, `2001:db8::/32`, or one address: as written. */
export function network(text: string): string | null {
  return parseIpNetwork(text) === null ? null : text;
}

/** A domain name, as A-labels in lower case. */
export function domainName(text: string): string | null {
  return parseIpAddress(text) === null ? domainToAscii(text) : null;
}

/** RFC 8601 §2.5: an authserv-id is a value of RFC 2045 §5.1; one that needs no quotes keeps every reader's parser simple. */
export function authservId(text: string): string | null {
  return /^[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]{1,253}$/.test(text) ? text : null;
}

/** The short name of a tenant: it stands in keys of the store, in logs and in the API's paths. */
export function tenantId(text: string): string | null {
  return /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(text) ? text : null;
}

/** What an entry of the file is called: it stands in the Inspection and in reports. */
export function entryName(text: string): string | null {
  return /^[\p{L}\p{N}][\p{L}\p{N} ._@:+-]{0,63}$/u.test(text) && text.trim() === text ? text : null;
}

/** The name of a header field, RFC 5322 §3.6.8. */
export function fieldName(text: string): string | null {
  return /^[!-9;-~]{1,77}$/.test(text) ? text : null;
}

/** `ada@contoso.com`: the local part as written, the domain as A-labels. */
export function mailAddress(text: string): string | null {
  const path = text.includes("<") || text.startsWith("@") ? null : parsePath(text);
  return path?.kind !== "mailbox" || path.domain === null ? null : `${path.localPart}@${path.domain}`;
}

/** `contoso.com`, `*.contoso.com` for those below it, `*` for any. */
export function domainPattern(text: string): string | null {
  if (text === "*") return text;
  const below = text.startsWith("*.");
  const name = domainName(below ? text.slice(2) : text);
  return name === null ? null : `${below ? "*." : ""}${name}`;
}

/** One line of printable ASCII that fits into an SMTP reply. */
export function replyText(text: string): string | null {
  return /^[!-~](?:[ -~]{0,198}[!-~])?$/.test(text) ? text : null;
}

/** What a filter writes into its field, whole; `*` stands for any run of characters. Case is no matter, and is lowered. */
export function filterPattern(text: string): string | null {
  return /^[\p{L}\p{N}\p{P}\p{S}](?:[\p{L}\p{N}\p{P}\p{S} ]{0,254}[\p{L}\p{N}\p{P}\p{S}])?$/u.test(text) ? text.toLowerCase() : null;
}

/** A login or another name of an account: any printable text. */
export function login(text: string): string | null {
  return /^[^\p{C}\p{Zl}\p{Zp}\s]{1,254}$/u.test(text) ? text : null;
}
