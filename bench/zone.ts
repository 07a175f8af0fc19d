/**
 * The DNS of the benchmarks: sending domains with the records an ordinary sender publishes, held in memory and answered without
 * delay, to either product through its own resolver port. Answers are kept and handed out again, as a caching resolver does;
 * nothing here knows about messages.
 */
import type { Answer, RecordOf, RecordType, Resolver } from "../src/index.ts";
import type { Algorithm, KeySource } from "./keys.ts";
import type { Signer } from "./signer.ts";

export type ZoneRecord = { readonly name: string; readonly type: "A" | "PTR" | "TXT"; readonly value: string };

/** A domain that sends mail: who it is on the wire, and what it signs with. */
export type SendingDomain = {
  readonly name: string;
  readonly ip: string;
  readonly helo: string;
  readonly signer: (algorithm: Algorithm) => Signer;
};

/** Names and records, in the order they were published. */
export type BenchZone = { readonly records: ZoneRecord[] };

/**
 * Publishes a domain: SPF with one include, DMARC p=reject, a key for each algorithm asked for, and a client address with
 * matching reverse DNS. `number` makes name, address and record texts unlike every other domain's.
 */
export function publishDomain(
  zone: BenchZone,
  number: number,
  making: { prefix: string; keys: KeySource; algorithms: readonly Algorithm[] },
): SendingDomain {
  const name = `${making.prefix}${String(number).padStart(2, "0")}.example`;
  // RFC 2544: 198.18.0.0/15 is for benchmarks.
  const octets = [198, 18 + ((number >> 16) & 1), (number >> 8) & 0xff, number & 0xff];
  const ip = octets.join(".");
  const helo = `mail.${name}`;
  const add = (at: string, type: ZoneRecord["type"], value: string) => zone.records.push({ name: at, type, value });
  add(name, "TXT", `v=spf1 include:_spf.${name} -all`);
  add(`_spf.${name}`, "TXT", `v=spf1 ip4:198.51.100.0/24 ip4:${ip} ip6:2001:db8:${number.toString(16)}::/48 ~all`);
  add(`_dmarc.${name}`, "TXT", `v=DMARC1; p=reject; adkim=r; aspf=r; rua=mailto:dmarc@${name}`);
  add(helo, "A", ip);
  add(`${[...octets].reverse().join(".")}.in-addr.arpa`, "PTR", helo);
  const signers = new Map<Algorithm, Signer>();
  for (const algorithm of making.algorithms) {
    const signer = { domain: name, selector: algorithm === "rsa-sha256" ? "s2048" : "ed", key: making.keys(algorithm) };
    add(`${signer.selector}._domainkey.${name}`, "TXT", signer.key.record);
    signers.set(algorithm, signer);
  }
  const signer = (algorithm: Algorithm): Signer => {
    const found = signers.get(algorithm);
    if (found === undefined) throw new Error(`${name} has no ${algorithm} key`);
    return found;
  };
  return { name, ip, helo, signer };
}

/** The zone as Assay's resolver port. */
export function assayResolver(zone: BenchZone): Resolver {
  const answers = new Map<RecordType, Map<string, Answer>>();
  for (const [type, names] of byType(zone)) {
    const ofType = new Map<string, Answer>();
    for (const [name, values] of names) {
      const records: RecordOf<RecordType>[] = values.map((value) => (type === "TXT" ? Buffer.from(value) : value));
      ofType.set(name, { status: "found", records, ttlSeconds: 300, authenticated: false });
    }
    answers.set(type, ofType);
  }
  const existing = existingNames(zone);
  return {
    // The port's generic signature: answers are filed by type, so an answer to a question of type T has records of type T.
    query: <T extends RecordType>(name: string, type: T) =>
      Promise.resolve((answers.get(type)?.get(name) ?? (existing.has(name) ? nodata : nxdomain)) as Answer<T>),
  };
}

const nodata: Answer = { status: "nodata", ttlSeconds: 300 };
const nxdomain: Answer = { status: "nxdomain", ttlSeconds: 300 };

/** The zone as mailauth's resolver option, which behaves as node:dns does. */
export function mailauthResolver(zone: BenchZone): (name: string, type: string) => Promise<string[] | string[][]> {
  const answers = new Map<string, string[] | string[][]>();
  for (const [type, names] of byType(zone)) {
    for (const [name, values] of names) answers.set(`${type} ${name}`, type === "TXT" ? values.map((value) => [value]) : values);
  }
  const existing = existingNames(zone);
  return async (name, type) => {
    const found = answers.get(`${type} ${name}`);
    if (found !== undefined) return found;
    throw Object.assign(new Error("no such record"), { code: existing.has(name) ? "ENODATA" : "ENOTFOUND" });
  };
}

/** The zone as a zone file (contract: Zone file). */
export function zoneFile(zone: BenchZone): Record<string, Record<string, string>[]> {
  const file: Record<string, Record<string, string>[]> = {};
  for (const { name, type, value } of zone.records) {
    file[name] ??= [];
    file[name].push({ [type]: value });
  }
  return file;
}

function byType(zone: BenchZone): Map<ZoneRecord["type"], Map<string, string[]>> {
  const types = new Map<ZoneRecord["type"], Map<string, string[]>>();
  for (const { name, type, value } of zone.records) {
    const names = types.get(type) ?? new Map<string, string[]>();
    types.set(type, names);
    const values = names.get(name);
    if (values === undefined) names.set(name, [value]);
    else values.push(value);
  }
  return types;
}

/** Every name with records, and every name above one (RFC 8020). */
function existingNames(zone: BenchZone): Set<string> {
  const names = new Set<string>();
  for (const { name } of zone.records) {
    for (let at = 0; at !== -1; at = name.indexOf(".", at + 1)) names.add(at === 0 ? name : name.slice(at + 1));
  }
  return names;
}
