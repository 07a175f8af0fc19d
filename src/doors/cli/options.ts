/**
 * The values of options: text from the shell into typed values. Each parser gives the value or throws UsageError with what was wanted
 * and an example; none guesses.
 */
import type { DmarcMode } from "../../evidence/dmarc/result.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { formatIpAddress, parseIpAddress } from "../../mail/ip-address.ts";
import type { Tls } from "../../mail/transaction.ts";
import { UsageError } from "./ports.ts";
import { cut, shown } from "./shown.ts";

export function readIp(text: string): string {
  const bare = text.replace(/^\[(?:IPv6:)?(.*)\]$/i, "$1");
  const address = parseIpAddress(bare);
  if (address === null) throw wanted("--ip", "an IPv4 or IPv6 address, such as 192.0.2.1 or 2001:db8::1", text);
  return formatIpAddress(address);
}

export function readHelo(text: string): string {
  if (text === "" || text.length > 255 || /[\s\p{Cc}]/u.test(text))
    throw wanted("--helo", "the name that the client gave, such as mail.contoso.com", text);
  return text;
}

/** Brackets are taken off later; a path that is no path is for SPF to say. */
export function readMailFrom(text: string): string {
  if (text.length > 1000 || /[\p{Cc}]/u.test(text))
    throw wanted("--mail-from", "an envelope sender, such as ada@contoso.com, or <> for the null path", text);
  return text;
}

/** One address, or several with commas; added to those before. */
export function readRcptTo(text: string, before: readonly string[]): readonly string[] {
  const recipients = text.split(",").map((one) => one.trim());
  if (recipients.some((one) => !/^[^\s\p{Cc}]+@[^\s\p{Cc}]+$/u.test(one)))
    throw wanted("--rcpt-to", "a recipient, such as ben@fabrikam.com", text);
  return [...before, ...recipients];
}

/** `--tls` alone says only that there was TLS; `TLSv1.3` or `TLSv1.3:CIPHER` says more. */
export function readTls(text: string): Tls {
  const [version = "", cipher] = text.split(":", 2);
  if (!looksLikeTls(text))
    throw wanted("--tls", "a version, perhaps with a cipher, such as TLSv1.3 or TLSv1.3:TLS_AES_128_GCM_SHA256", text);
  return { version, cipher: cipher ?? null, subject: null };
}

export const someTls: Tls = { version: null, cipher: null, subject: null };

export function looksLikeTls(text: string): boolean {
  return /^(?:TLS|SSL)v?[0-9](?:[._][0-9])?(?::[\w-]{1,64})?$/i.test(text);
}

export function readJobs(text: string): number {
  const jobs = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (jobs < 1 || jobs > jobsMax) throw wanted("--jobs", `a number of threads from 1 to ${jobsMax}`, text);
  return jobs;
}
export const jobsMax = 64;

export function readMode(text: string): DmarcMode {
  if (text !== "rfc9989" && text !== "rfc7489" && text !== "compare") throw wanted("--mode", "rfc9989, rfc7489 or compare", text);
  return text;
}

/** HOST[:PORT]: a name, an IPv4 address, or an IPv6 address, in brackets where a port follows. Names are looked up later. */
export function readDns(text: string): string {
  const [, bracketed, name, port = "53"] = /^(?:\[([^[\]]{2,100})\]|(\w[\w.-]{0,252}))(?::([0-9]{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? (name === undefined ? text : /^[0-9.]+$/.test(name) ? name : null);
  const isServer = address === null || parseIpAddress(address.replace(/%[\w.-]{1,32}$/, "")) !== null;
  if (!isServer || Number(port) < 1 || Number(port) > 65_535)
    throw wanted("--dns", "a DNS server, such as 192.0.2.53, 192.0.2.53:5353, [2001:db8::53]:53 or ns1.contoso.com", text);
  return text;
}

/** A host of ours, or a domain that holds them. */
export function readHost(text: string): string {
  const name = domainToAscii(text);
  if (name === null) throw wanted("--host", "the name of a host or a domain, such as mx.contoso.com", text);
  return name;
}

/** A time back from now, in days. */
export function readSince(text: string): number {
  const [, count = "", unit = "d"] = /^([0-9]{1,5})([dwy])?$/.exec(text) ?? [];
  const days = Number(count) * (unit === "y" ? 365 : unit === "w" ? 7 : 1);
  if (count === "" || days < 1 || days > 36_500) throw wanted("--since", "a number of days, weeks or years, such as 90d, 8w or 1y", text);
  return days;
}

export function readAuthservId(text: string): string {
  if (!/^[\w.-]{1,255}$/.test(text)) throw wanted("--authserv-id", "the name that stamps the results, such as mx.contoso.com", text);
  return text;
}

/** `contoso.com=pass`, as `--spf` and `--dkim` of `assay dmarc` take it. */
export function readIdentifier<Result extends string>(
  option: string,
  results: readonly Result[],
  text: string,
): { domain: string; result: Result } {
  const at = text.lastIndexOf("=");
  const word = text.slice(at + 1).toLowerCase();
  const result = results.find((known) => known === word);
  if (at < 1 || result === undefined) throw wanted(option, `DOMAIN=RESULT, such as contoso.com=pass (${results.join(", ")})`, text);
  return { domain: text.slice(0, at), result };
}

function wanted(option: string, what: string, given: string): UsageError {
  return new UsageError(`${option} wants ${what}; this is none: “${cut(shown(given), 80)}”`);
}
