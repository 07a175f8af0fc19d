/**
 * From a signature to the keys that may verify it (RFC 6376 §6.1.2): one TXT question for each selector and domain, asked at once.
 * Several TXT records at a selector are undefined (§3.6.2.2): here those that are key records are tried, in the order of their
 * octets and not of the answer, at most limits.keyRecordsTriedMax; without a usable one, a fixed order of reasons decides.
 */
import { keepOne } from "../../base/keep-one.ts";
import { limits } from "../../base/limits.ts";
import { type Answer, isTrouble } from "../../dns/answer.ts";
import type { Dns } from "../../dns/budget.ts";
import { type KeyRecord, parseKeyRecord } from "./key-record.ts";
import { type Algorithm, keyName, type Signature } from "./record.ts";

/** What a signature's key question came to. */
export type KeyAnswer =
  | { readonly outcome: "records"; readonly records: readonly KeyRecord[] }
  | { readonly outcome: "no-key" | "key-syntax"; readonly comment: string }
  /** `budget`: our limit of questions for a message is used up; asking again later would change nothing. */
  | { readonly outcome: "dns"; readonly cause: "trouble" | "budget"; readonly comment: string };

export type UsableKey = KeyRecord & { readonly publicKey: Extract<KeyRecord["publicKey"], { outcome: "key" }> };

/** Asks for keys, each name once. */
export class Keys {
  private readonly dns: Dns;
  private readonly asked = new Map<string, Promise<KeyAnswer>>();

  constructor(dns: Dns) {
    this.dns = dns;
  }

  ask(signature: Signature): Promise<KeyAnswer> {
    const name = keyName(signature.selector, signature.domain);
    const known = this.asked.get(name);
    if (known !== undefined) return known;
    const answer = this.dns.query(name, "TXT").then(readAnswer);
    answer.catch(ignore); // whoever awaits it sees the rejection; nobody may, while the body is read
    this.asked.set(name, answer);
    return answer;
  }
}

function ignore(): void {}

function readAnswer(answer: Answer<"TXT">): KeyAnswer {
  if (answer.status !== "found") {
    const { status } = answer;
    if (!isTrouble(answer)) return { outcome: "no-key", comment: `no key record (${status})` };
    const cause = answer.withheld === "budget" ? "budget" : "trouble";
    return { outcome: "dns", cause, comment: `the key could not be fetched (${answer.withheld ?? status})` };
  }
  if (answer.records.length === 0) return { outcome: "no-key", comment: "no key record" };
  const sorted = answer.records.length === 1 ? answer.records : [...answer.records].sort(Buffer.compare);
  const records: KeyRecord[] = [];
  for (const txt of sorted) {
    if (records.length === limits.keyRecordsTriedMax) break;
    const record = parseKeyRecord(txt);
    if (record !== null) records.push(record);
  }
  return records.length > 0 ? { outcome: "records", records } : { outcome: "key-syntax", comment: "the TXT record is not a key record" };
}

/** The keys of an answer that fit the signature's algorithm (RFC 6376 §6.1.2 steps 5 to 8), or why there is none. */
export function usableKeys(records: readonly KeyRecord[], algorithm: Algorithm): readonly UsableKey[] | KeyProblem {
  const usable: UsableKey[] = [];
  let problem: KeyProblem | null = null;
  for (const record of records) {
    const found = whyNot(record, algorithm);
    if (found === null && isUsable(record)) usable.push(record);
    else if (found !== null && (problem === null || rank(found) < rank(problem))) problem = found;
  }
  return usable.length > 0 || problem === null ? usable : problem;
}

// The reason that tells most about what the owner meant comes first.
const reasons = ["weak-key", "revoked", "key-syntax", "no-key"] as const;
export type KeyProblem = { readonly reason: (typeof reasons)[number]; readonly comment: string; readonly bits: number | null };

function rank({ reason }: KeyProblem): number {
  return reasons.indexOf(reason);
}

function isUsable(record: KeyRecord): record is UsableKey {
  return record.publicKey.outcome === "key";
}

function whyNot({ forMail, hashes, keyType, publicKey }: KeyRecord, algorithm: Algorithm): KeyProblem | null {
  // RFC 6376 §3.6.1: a record for another service must be ignored, as if it were not there.
  if (!forMail) return { reason: "no-key", comment: "the key is not for mail (s=)", bits: null };
  // §6.1.2 step 6.
  if (hashes !== null && !hashes.includes("sha256"))
    return { reason: "key-syntax", comment: "the key is not for SHA-256 (h=)", bits: null };
  // §6.1.2 step 7 comes before the type of the key: a record that is revoked often says no more than that.
  if (publicKey.outcome === "revoked") return { reason: "revoked", comment: "the key has been revoked", bits: null };
  // §6.1.2 step 8.
  if (keyType !== keyTypeOf[algorithm]) return { reason: "key-syntax", comment: "the key is of another type than a= (k=)", bits: null };
  switch (publicKey.outcome) {
    case "key":
      return null;
    case "weak-key":
      return { reason: "weak-key", comment: publicKey.comment, bits: publicKey.bits };
    case "key-syntax":
      return { reason: "key-syntax", comment: publicKey.comment, bits: null };
    default:
      return publicKey satisfies never;
  }
}

const keyTypeOf: Readonly<Record<Algorithm, string>> = { "rsa-sha256": "rsa", "ed25519-sha256": "ed25519" };

keepOne(new Keys({ left: 0, query: () => Promise.resolve({ status: "nxdomain" }) }));
