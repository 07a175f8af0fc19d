/**
 * What the mail server's packets say, as typed values: who is connected, a name or an address, macros. Total functions over outside bytes;
 * null is garbage, which no mail server sends. Text is read as UTF-8 (RFC 6531); strings end at a NUL. ESMTP parameters are not read.
 */
import { limits } from "../../base/limits.ts";
import { formatIpAddress, parseIpAddress } from "../../mail/ip-address.ts";
import type { Frame } from "./packet.ts";

export type Connect = {
  /** RFC 5952; IPv4-mapped as IPv4. Null for a local socket, and where the server does not know it. */
  readonly ip: string | null;
};

/** `C`: host name, family, port, address. */
export function readConnect({ bytes, start, end }: Frame): Connect | null {
  const hostEnd = bytes.indexOf(0, start);
  if (hostEnd === -1 || hostEnd + 1 >= end) return null;
  const family = String.fromCharCode(bytes[hostEnd + 1] ?? 0);
  if (family !== "4" && family !== "6") return family === "L" || family === "U" ? { ip: null } : null;
  const addressAt = hostEnd + 2 + portBytes;
  return addressAt >= end ? null : { ip: addressOf(stringAt(bytes, addressAt, end)) };
}

const portBytes = 2;

/** Sendmail writes `IPv6:2001:db8::1`, Postfix the address alone. */
function addressOf(text: string): string | null {
  const address = parseIpAddress(text.replace(/^ipv6:/i, ""));
  return address === null ? null : formatIpAddress(address);
}

/** `H`: the name that the client gave itself. */
export function readHelo({ bytes, start, end }: Frame): string {
  return stringAt(bytes, start, Math.min(end, start + limits.milterAddressBytesMax));
}

/**
 * The address of `M` or `R`, without the brackets around it; "" is the null path. Null: longer than any server lets one be. A shortened
 * address would be somebody else's.
 */
export function readAddress({ bytes, start, end }: Frame): string | null {
  if (start >= end) return null;
  const text = stringAt(bytes, start, end);
  if (text.length > limits.milterAddressBytesMax) return null;
  return text.startsWith("<") && text.endsWith(">") ? text.slice(1, -1) : text;
}

/** Name and value pairs of `D`, names without the braces that Sendmail's longer ones have. `stage` is the command that they belong to. */
export function readMacros({ bytes, start, end }: Frame): { readonly stage: number; readonly pairs: readonly MacroPair[] } {
  const pairs: MacroPair[] = [];
  for (let at = start + 1; at < end && pairs.length < macrosMax; ) {
    const nameEnd = stringEnd(bytes, at, end);
    const valueEnd = nameEnd < end ? stringEnd(bytes, nameEnd + 1, end) : end;
    const name = bytes.toString("latin1", at, nameEnd);
    if (valueEnd - nameEnd - 1 <= limits.milterMacroBytesMax) {
      pairs.push({ name: name.replace(/^\{(.*)\}$/, "$1"), value: bytes.toString("utf8", Math.min(nameEnd + 1, end), valueEnd) });
    }
    at = valueEnd + 1;
  }
  return { stage: bytes[start] ?? 0, pairs };
}

export type MacroPair = { readonly name: string; readonly value: string };

/** Local: in one packet; servers have some thirty in all. */
const macrosMax = 100;

function stringAt(bytes: Buffer, start: number, end: number): string {
  return bytes.toString("utf8", start, stringEnd(bytes, start, end));
}

function stringEnd(bytes: Buffer, start: number, end: number): number {
  const nul = bytes.indexOf(0, start);
  return nul === -1 || nul > end ? end : nul;
}
