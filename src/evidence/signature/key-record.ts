/**
 * Key records (RFC 6376 §3.6.1, RFC 8463 §4.2): TXT bytes → typed record, with the public key imported. Importing costs more than
 * verifying, so records are kept by their text, a bounded number of them; nothing that is kept depends on a message.
 * A record that breaks the grammar, has another version or has no p= is no record.
 */
import { limits } from "../../base/limits.ts";
import { memoizedByObject } from "../../base/memo.ts";
import { latin1 } from "../../mail/header.ts";
import { colonList, decodeBase64, parseTagList } from "../../mail/tag-list.ts";
import { ed25519Key, type PublicKey, rsaKey } from "./public-key.ts";

export type KeyRecord = {
  /** k=, lower case. */
  readonly keyType: string;
  /** h=: the hash algorithms that the owner accepts; null for all. */
  readonly hashes: readonly string[] | null;
  /** s= has "email" or "*". */
  readonly forMail: boolean;
  /** t=y: the owner is testing. */
  readonly testing: boolean;
  /** t=s: i= must have the very domain of d=. */
  readonly strict: boolean;
  readonly publicKey: PublicKey | { readonly outcome: "revoked" };
};

/** The record that one TXT record holds; null where it holds none. */
export const parseKeyRecord: (txt: Uint8Array) => KeyRecord | null = memoizedByObject((txt) => {
  if (txt.length > limits.keyRecordBytesMax) return null;
  const text = latin1(txt);
  const known = kept.get(text);
  if (known !== undefined) {
    if (kept.size > limits.keyRecordsKeptMax / 2) {
      // To the end of the line: the map is in order of last use, which matters once it fills up.
      kept.delete(text);
      kept.set(text, known);
    }
    return known;
  }
  const record = read(text);
  if (record !== null) keep(text, record);
  return record;
});

const kept = new Map<string, KeyRecord>();

function keep(text: string, record: KeyRecord): void {
  kept.set(text, record);
  if (kept.size <= limits.keyRecordsKeptMax) return;
  const [oldest] = kept.keys();
  if (oldest !== undefined) kept.delete(oldest);
}

function read(text: string): KeyRecord | null {
  const tags = parseTagList(text);
  if (tags === null) return null;
  // RFC 6376 §3.6.1: v= comes first if it is there, and is DKIM1; a record with any other version must be discarded.
  const version = tags.get("v");
  const [first] = tags.keys();
  if (version !== undefined && (first !== "v" || version.value !== "DKIM1")) return null;
  const p = tags.get("p");
  if (p === undefined) return null;
  const keyType = tags.get("k")?.value.toLowerCase() ?? "rsa";
  const flags = colonList(tags.get("t")?.value ?? "");
  const services = colonList(tags.get("s")?.value ?? "*");
  const h = tags.get("h");
  return {
    keyType,
    hashes: h === undefined ? null : colonList(h.value),
    forMail: services.includes("*") || services.includes("email"),
    testing: flags.includes("y"),
    strict: flags.includes("s"),
    publicKey: readKey(keyType, p.value),
  };
}

function readKey(keyType: string, p: string): KeyRecord["publicKey"] {
  // RFC 6376 §3.6.1: an empty p= means that the key has been revoked.
  if (p === "") return { outcome: "revoked" };
  const octets = decodeBase64(p);
  if (octets === null) return { outcome: "key-syntax", comment: "p= is not base64" };
  if (keyType === "rsa") return rsaKey(octets);
  if (keyType === "ed25519") return ed25519Key(octets);
  return { outcome: "key-syntax", comment: "k= is not a key type we know" };
}
