/**
 * What a display name shows besides a name: another address (RFC 9989 §11.4: outside DMARC), also behind encoded words or wide
 * characters, and characters nobody sees. Advice only; and the name made safe to print.
 */
import { findAddresses } from "../../mail/find-addresses.ts";
import type { FromAdvice } from "./result.ts";

/** `text`: the name before decoding of encoded words; `decoded`: after. `address`: the mailbox it belongs to, domain in A-labels. */
export type ShownName = { readonly text: string; readonly decoded: string; readonly address: string };

export function displayNameAdvice({ text, decoded, address }: ShownName): readonly FromAdvice[] {
  const advice: FromAdvice[] = [];
  if (showsAnother(text, address)) advice.push("address-in-display-name");
  else if (decoded !== text && showsAnother(decoded, address)) advice.push("encoded-address-in-display-name");
  if (hasInvisible(decoded)) advice.push("invisible-characters");
  return advice;
}

/** Characters that no reader sees, though programs do: zero-width, bidirectional controls, fillers, control characters. */
export function hasInvisible(text: string): boolean {
  return !printable.test(text) && (invisible.test(text) || strayJoiner.test(text));
}

/** For display: control characters replaced (they could come out of an encoded word); null where nothing is left. */
export function printableName(decoded: string): string | null {
  const name = printable.test(decoded) ? decoded : decoded.replace(controls, "\ufffd");
  return name.trim() === "" ? null : name;
}

function showsAnother(text: string, address: string): boolean {
  if (ascii.test(text)) return text.includes("@") && anyOther(text, address);
  // A full-width at-sign or stop reads like the plain one; what nobody sees separates nothing.
  return anyOther(text.normalize("NFKC").replace(unseen, ""), address);
}

function anyOther(text: string, address: string): boolean {
  const own = address.toLowerCase();
  return findAddresses(text).some(
    ({ address: shown, domain }) => `${shown.slice(0, shown.lastIndexOf("@"))}@${domain}`.toLowerCase() !== own,
  );
}

const ascii = /^[\0-\x7f]*$/;
const printable = /^[ -~]*$/;
const controls = /[\p{Cc}\u2028\u2029]/gu;
// Format characters (soft hyphen, zero-width space, bidirectional controls, tags) and letters that draw nothing.
const blank = "\\p{Cc}|[\\u2028\\u2029\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u2800\\u3164\\uffa0]|\\u034f";
// Number signs of Arabic and Syriac are format characters that draw; joiners are looked at by themselves.
const invisible = new RegExp(`${blank}|(?![\\u200c\\u200d\\u0600-\\u0605\\u06dd\\u070f\\u08e2])\\p{Cf}`, "u");
const unseen = new RegExp(`${blank}|\\p{Cf}`, "gu");
// A joiner has its place between the letters of scripts that join and in emoji; at an edge or beside ASCII it hides.
const strayJoiner = /(?:^|[\0-\x7f])[\u200c\u200d]|[\u200c\u200d](?:[\0-\x7f]|$)/u;
