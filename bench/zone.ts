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

/** Records that are answered as soon as they are published. */
export type BenchZone = {
  readonly publish: (record: ZoneRecord) => void;
  /** The values at a name; null where there are none of that type. */
  readonly find: (name: string, type: string) => ZoneAnswers | null;
  /** Is there a record at the name or below it (RFC 8020)? */
  readonly exists: (name: string) => boolean;
  readonly records: readonly ZoneRecord[];
};

/** The same values in the forms that the two resolver ports want. */
type ZoneAnswers = { readonly values: string[]; assay: Answer; mailauth: string[] | string[][] };

export function openZone(): BenchZone {
  const records: ZoneRecord[] = [];
  const types = new Map<string, Map<string, ZoneAnswers>>();
  const existing = new Set<string>();
  return {
    records,
    find: (name, type) => types.get(type)?.get(name) ?? null,
    exists: (name) => existing.has(name),
    publish: (record) => {
      const { name, type, value } = record;
      records.push(record);
      const names = types.get(type) ?? new Map<string, ZoneAnswers>();
      types.set(type, names);
      const values = [...(names.get(name)?.values ?? []), value];
      names.set(name, { values, assay: assayAnswer(type, values), mailauth: type === "TXT" ? values.map((text) => [text]) : values });
      for (let at = 0; at !== -1; at = name.indexOf(".", at + 1)) existing.add(at === 0 ? name : name.slice(at + 1));
    },
  };
}

function assayAnswer(type: ZoneRecord["type"], values: readonly string[]): Answer {
  const records: RecordOf<RecordType>[] = values.map((value) => (type === "TXT" ? Buffer.from(value) : value));
  return { status: "found", records, ttlSeconds: 300, authenticated: false };
}

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
  const add = (at: string, type: ZoneRecord["type"], value: string) => zone.publish({ name: at, type, value });
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
  return {
    // The port's generic signature: answers are filed by type, so an answer to a question of type T has records of type T.
    query: <T extends RecordType>(name: string, type: T) =>
      Promise.resolve((zone.find(name, type)?.assay ?? (zone.exists(name) ? nodata : nxdomain)) as Answer<T>),
  };
}

const nodata: Answer = { status: "nodata", ttlSeconds: 300 };
const nxdomain: Answer = { status: "nxdomain", ttlSeconds: 300 };

/** The zone as mailauth's resolver option, which behaves as node:dns does. */
export function mailauthResolver(zone: BenchZone): (name: string, type: string) => Promise<string[] | string[][]> {
  return async (name, type) => {
    const found = zone.find(name, type);
    if (found !== null) return found.mailauth;
    throw Object.assign(new Error("no such record"), { code: zone.exists(name) ? "ENODATA" : "ENOTFOUND" });
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
