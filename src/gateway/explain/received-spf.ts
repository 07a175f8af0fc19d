/**
 * Received-SPF as mail servers write it (RFC 7208 §9.1): a word, a comment in the server's own phrasing, and key=value pairs. All
 * wordings of Microsoft, Google, Yahoo and the RFC begin with one of seven words; whatever else is there is optional.
 */
import { limits } from "../../base/limits.ts";
import type { MethodResult } from "../../mail/authentication-results.ts";
import { parseIpAddress } from "../../mail/ip-address.ts";

export type ReceivedSpf = {
  /** The server that says so; null where the field names none. */
  readonly receiver: string | null;
  /** One result, as Authentication-Results would have it; none where the field begins with no known word. */
  readonly results: readonly MethodResult[];
};

const words: ReadonlySet<string> = new Set(["pass", "fail", "softfail", "neutral", "none", "temperror", "permerror"]);
/** Before RFC 7208 these were the words for the two errors. */
const olderWords: Readonly<Record<string, string>> = { error: "temperror", unknown: "permerror" };

export function readReceivedSpf(value: string): ReceivedSpf {
  const text = value.slice(0, limits.receivedFieldBytesMax).replace(/\s+/g, " ").trim();
  const said = /^[A-Za-z]{1,20}/.exec(text)?.[0]?.toLowerCase() ?? "";
  const result = words.has(said) ? said : Object.hasOwn(olderWords, said) ? olderWords[said] : undefined;
  const comment = /\(([^()]{0,500})\)/.exec(text)?.[1] ?? null;
  const receiver = pairValue(text, "receiver") ?? /^([A-Za-z0-9.-]{1,253}): /.exec(comment ?? "")?.[1] ?? null;
  if (result === undefined) return { receiver, results: [] };
  const properties = [
    property("smtp", "mailfrom", domainIn(comment ?? "") ?? domainOf(pairValue(text, "envelope-from"))),
    property("smtp", "helo", pairValue(text, "helo")),
    property("smtp", "remote-ip", pairValue(text, "client-ip") ?? addressIn(comment ?? "")),
  ].flat();
  return {
    receiver,
    results: [{ method: "spf", version: null, result, reason: null, properties, comments: comment === null ? [] : [comment] }],
  };
}

function property(ptype: string, name: string, value: string | null) {
  return value === null ? [] : [{ ptype, property: name, value }];
}

function pairValue(text: string, key: string): string | null {
  const found = new RegExp(`(?:^|[; )])${key}="?([^"; )]{1,300})`, "i").exec(text);
  return found?.[1] ?? null;
}

/** `domain of transitioning x.example`, `domain of a@x.example`, `lookup of x.example`; `x.example does not designate`. */
function domainIn(comment: string): string | null {
  const named = /\b(?:domain|lookup) of (?:transitioning )?([^ :;,]{1,320})/i.exec(comment)?.[1];
  const first = /(?:^|: )([^ :]{1,320}) does not designate/i.exec(comment)?.[1];
  return domainOf(named ?? first ?? null);
}

function domainOf(text: string | null): string | null {
  if (text === null) return null;
  const bare = text.replace(/^<|>$/g, "");
  const domain = bare.slice(bare.lastIndexOf("@") + 1).toLowerCase();
  return domain === "" ? null : domain;
}

function addressIn(comment: string): string | null {
  return comment.split(/[ \t]/).find((word) => parseIpAddress(word) !== null) ?? null;
}
