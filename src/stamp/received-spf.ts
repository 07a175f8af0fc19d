/**
 * Received-SPF (RFC 7208 §9.1) in the seven wordings of Microsoft's service (reference: eop.md §2d), our name in the place of its
 * own, and a reader of the field's grammar, for whoever asks who claims to have written one. It speaks of MAIL FROM, or of HELO for
 * the null path.
 */
import { limits } from "../base/limits.ts";
import { atEnd, openScanner, peek, readAtom, readKeyword, readQuoted, type Scanner, skipCfws, take } from "../mail/field-scanner.ts";
import { asSent, domainPart, plainName } from "./as-sent.ts";
import { checkedSender } from "./eop.ts";
import { eopSpf } from "./eop-words.ts";
import { foldedField } from "./fold.ts";
import type { StampInput } from "./rfc8601.ts";

export const receivedSpfName = "received-spf";

/**
 * The complete field. `host` is who says it: the authserv-id. DEVIATION: RFC 5322 §2.1.1 asks for lines of 78 characters; this is one
 * line, as Microsoft's are printed, unless it would pass the 998 that must not be passed.
 */
export function receivedSpfField(input: StampInput, host: string): string {
  const field = `Received-SPF: ${receivedSpf(input, host)}`;
  return field.length <= limits.lineBytesMax ? field : foldedField("Received-SPF", receivedSpf(input, host));
}

function receivedSpf({ transaction, evidence }: StampInput, host: string): string {
  const { result, domain } = checkedSender(evidence);
  const { word, comment, tail } = eopSpf[result];
  const sent = transaction.mailFrom === "" ? transaction.helo : domainPart(transaction.mailFrom);
  const names: Readonly<Record<string, string>> = {
    domain: asSent(sent, domain),
    ip: plainName(transaction.ip ?? ""),
    host: plainName(host),
    helo: plainName(transaction.helo ?? ""),
  };
  const filled = (text: string): string => text.replace(/\{(\w+)\}/g, (_, name: string) => names[name] ?? "");
  return `${word} (${filled("{host}")}: ${filled(comment)})${filled(tail)}`;
}

export type ReceivedSpf = {
  /** Lower case. */
  readonly result: string;
  readonly comments: readonly string[];
  /** Key and value in order, keys in lower case. */
  readonly properties: readonly (readonly [key: string, value: string])[];
};

/** Reads the unfolded value, comments and white space at every joint; null where it breaks the grammar or is past the limit. */
export function readReceivedSpf(text: string): ReceivedSpf | null {
  if (text.length > limits.authenticationResultsBytesMax || /[\x00-\x1f\x7f]/.test(text)) return null;
  const scanner = openScanner(text);
  if (!skipCfws(scanner)) return null;
  const result = readKeyword(scanner);
  if (result === null || !skipCfws(scanner)) return null;
  const properties: [string, string][] = [];
  while (!atEnd(scanner)) {
    if (!take(scanner, ";")) {
      const property = readProperty(scanner);
      if (property === null) return null;
      properties.push(property);
    }
    if (!skipCfws(scanner)) return null;
  }
  return { result: result.toLowerCase(), comments: [...scanner.comments], properties };
}

/** RFC 7208 §9.1: key-value-pair = key [CFWS] "=" ( dot-atom / quoted-string ). An empty value is read too. */
function readProperty(scanner: Scanner): [string, string] | null {
  const key = readKeyword(scanner);
  if (key === null || !skipCfws(scanner) || !take(scanner, "=") || !skipCfws(scanner)) return null;
  const value = peek(scanner) === '"' ? readQuoted(scanner) : (readAtom(scanner, "") ?? "");
  return value === null ? null : [key.toLowerCase(), value];
}
