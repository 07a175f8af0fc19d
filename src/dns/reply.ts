/**
 * What one packet says to one question. RFC 1035 §4.1, RFC 2308 (no data, no such name), RFC 5452 §9 (which packets are answers at
 * all), RFC 2181 §5.4.1 (nothing but the answer's own chain of names is believed). A packet that is not an answer to this question,
 * or is malformed, is a "stranger": the wait goes on, so that nobody ends a question by sending garbage.
 */
import { limits } from "../base/limits.ts";
import type { RecordOf, RecordType } from "./answer.ts";
import { isWithin } from "./name.ts";
import {
  type Header,
  headerBytes,
  optType,
  type RawRecord,
  readData,
  readHeader,
  readName,
  readRecord,
  readSoaMinimum,
  typeNumbers,
} from "./packet.ts";

export type Asked = {
  /** The packet that was sent. */
  readonly query: Uint8Array;
  readonly type: RecordType;
  readonly edns: boolean;
  readonly transport: "udp" | "tcp";
  /** CNAMEs that may still be followed. */
  readonly hopsLeft: number;
};

export type Reply =
  | { readonly kind: "stranger" }
  /** Ours in all but the case of its letters: a server that does not keep it, or a forger who could not see it. */
  | { readonly kind: "other-case" }
  | { readonly kind: "truncated" }
  | { readonly kind: "no-edns" }
  | { readonly kind: "failure"; readonly status: "servfail" | "refused" }
  | {
      readonly kind: "found";
      readonly records: readonly RecordOf<RecordType>[];
      readonly ttlSeconds: number;
      readonly hops: number;
      readonly authenticData: boolean;
    }
  /** `ttlSeconds` is null where no SOA says how long. */
  | { readonly kind: "nothing"; readonly status: "nodata" | "nxdomain"; readonly ttlSeconds: number | null; readonly hops: number }
  /** The chain of CNAMEs leads to a name that this answer is silent about. */
  | {
      readonly kind: "alias";
      readonly target: string;
      readonly ttlSeconds: number;
      readonly hops: number;
      readonly authenticData: boolean;
    };

/** Reads a packet as the reply to a question. Total: any bytes give a Reply. */
export function readReply(packet: Uint8Array, asked: Asked): Reply {
  const header = readHeader(packet);
  if (header === null || !header.isResponse || header.opcode !== 0 || packet[0] !== asked.query[0] || packet[1] !== asked.query[1])
    return stranger;
  // An error may come without the question, as from servers that could not read it. It says nothing about the name.
  if (header.questions === 0) return isError(header.rcode) ? failureReply(header.rcode, asked) : stranger;
  const match = header.questions === 1 ? matchQuestion(packet, asked.query) : "none";
  if (match === "none") return stranger;
  // RFC 5452 §9.1 names the question section; draft-vixie-dnsext-dns0x20: its case is as good as more bits of id. TCP needs none.
  if (match === "other-case" && asked.transport === "udp") return { kind: "other-case" };
  if (isError(header.rcode)) return failureReply(header.rcode, asked);
  if (header.truncated) return asked.transport === "udp" ? { kind: "truncated" } : servfail;
  const sections = readSections(packet, header, asked);
  if (sections === null) return stranger;
  // RFC 6891 §6.1.3: the upper bits of an extended RCODE; 16 is BADVERS.
  if (sections.extendedRcode !== 0) return failureReply(sections.extendedRcode * 16 + header.rcode, asked);
  return followChain(packet, { header, sections, asked });
}

type Sections = {
  /** Records of the type asked and CNAMEs, by owner. */
  readonly byOwner: ReadonlyMap<string, Owned>;
  readonly soa: { readonly owner: string; readonly ttlSeconds: number } | null;
  readonly hasNs: boolean;
  readonly extendedRcode: number;
};
type Owned = { readonly wanted: RawRecord[]; cname: RawRecord | null };
type Parts = { readonly header: Header; readonly sections: Sections; readonly asked: Asked };

const stranger: Reply = { kind: "stranger" };
const servfail: Reply = { kind: "failure", status: "servfail" };
const rcodes = { formErr: 1, nxDomain: 3, notImp: 4, refused: 5, badVers: 16 } as const;

function isError(rcode: number): boolean {
  return rcode !== 0 && rcode !== rcodes.nxDomain;
}

function failureReply(rcode: number, asked: Asked): Reply {
  // RFC 6891 §7: a server without EDNS says FORMERR or NOTIMP; one with another version says BADVERS.
  const refusesEdns = rcode === rcodes.formErr || rcode === rcodes.notImp || rcode === rcodes.badVers;
  if (refusesEdns && asked.edns) return { kind: "no-edns" };
  return rcode === rcodes.refused ? { kind: "failure", status: "refused" } : servfail;
}

/** Compares the question sections octet by octet. No length octet of a name, and no type or class that we ask, is a letter. */
function matchQuestion(packet: Uint8Array, query: Uint8Array): "same" | "other-case" | "none" {
  const end = questionEnd(query);
  if (packet.length < end) return "none";
  let match: "same" | "other-case" = "same";
  for (let i = headerBytes; i < end; i++) {
    const theirs = packet[i] ?? 0;
    const ours = query[i] ?? 0;
    if (theirs === ours) continue;
    if (lowerOctet(theirs) !== lowerOctet(ours)) return "none";
    match = "other-case";
  }
  return match;
}

function questionEnd(query: Uint8Array): number {
  return (readName(query, headerBytes, query.length)?.end ?? headerBytes) + 4;
}

function lowerOctet(octet: number): number {
  return octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet;
}

/** Walks all records; null where one of them is malformed. Names are read only where they matter. */
function readSections(packet: Uint8Array, header: Header, asked: Asked): Sections | null {
  const byOwner = new Map<string, Owned>();
  const pointed = new Map<number, string | null>();
  let soa: Sections["soa"] = null;
  let hasNs = false;
  let extendedRcode = 0;
  let offset = questionEnd(asked.query);
  const authoritiesFrom = header.answers;
  const additionalsFrom = authoritiesFrom + header.authorities;
  const total = additionalsFrom + header.additionals;
  for (let index = 0; index < total; index++) {
    const record = readRecord(packet, offset);
    if (record === null) return null;
    offset = record.dataEnd;
    if (index >= additionalsFrom) {
      if (record.type === optType) extendedRcode = record.ttl >>> 24;
    } else if (record.isInternet && index >= authoritiesFrom) {
      if (record.type === typeNumbers.NS) hasNs = true;
      if (record.type === typeNumbers.SOA) soa ??= readAuthority(packet, record);
    } else if (record.isInternet && !collect(packet, { record, type: asked.type, byOwner, pointed })) return null;
  }
  return { byOwner, soa, hasNs, extendedRcode };
}

function readAuthority(packet: Uint8Array, record: RawRecord): Sections["soa"] {
  const owner = ownerName(packet, record);
  const minimum = readSoaMinimum(packet, record);
  // RFC 2308 §5: the lesser of the SOA's own TTL and its MINIMUM.
  return owner === null || minimum === null ? null : { owner, ttlSeconds: Math.min(sensibleTtl(record.ttl), sensibleTtl(minimum)) };
}

type Collected = {
  readonly record: RawRecord;
  readonly type: RecordType;
  readonly byOwner: Map<string, Owned>;
  /** Owners that are pointers, read already: most records of an answer point to the same name. */
  readonly pointed: Map<number, string | null>;
};

/** Files an answer record under its owner; false where the owner's name is malformed. */
function collect(packet: Uint8Array, { record, type, byOwner, pointed }: Collected): boolean {
  const isWanted = record.type === typeNumbers[type];
  const isCname = record.type === typeNumbers.CNAME;
  if (!isWanted && !isCname) return true;
  const start = ((packet[record.ownerAt] ?? 0) << 8) | (packet[record.ownerAt + 1] ?? 0);
  const known = pointed.get(start);
  const owner = known === undefined ? ownerName(packet, record) : known;
  if (start >= 0xc000) pointed.set(start, owner);
  if (owner === null) return false;
  const owned = byOwner.get(owner) ?? { wanted: [], cname: null };
  byOwner.set(owner, owned);
  if (isWanted) owned.wanted.push(record);
  else owned.cname ??= record;
  return true;
}

/** Follows the answer's CNAMEs from the name that was asked. Records of other owners are never looked at. */
function followChain(packet: Uint8Array, parts: Parts): Reply {
  const { header, sections, asked } = parts;
  const authenticData = header.authenticData;
  let owner = readName(asked.query, headerBytes, asked.query.length)?.name.toLowerCase() ?? ".";
  let ttlSeconds: number = limits.dnsTtlMaxSeconds;
  for (let hops = 0; ; hops++) {
    const owned = sections.byOwner.get(owner);
    // RFC 2308 §2.1: with CNAMEs, NXDOMAIN is said of the last name of the chain.
    if (owned !== undefined && owned.wanted.length > 0 && header.rcode === 0)
      return foundReply(packet, { owned, asked, ttlSeconds, hops, authenticData });
    const cname = owned?.cname ?? null;
    if (cname === null) return endOfChain(parts, { owner, ttlSeconds, hops });
    const target = readData(packet, cname, "CNAME");
    if (target === null) return stranger;
    // A loop ends here too: it runs out of hops.
    if (hops === asked.hopsLeft) return servfail;
    ttlSeconds = Math.min(ttlSeconds, sensibleTtl(cname.ttl));
    owner = target;
  }
}

type Chain = { readonly owner: string; readonly ttlSeconds: number; readonly hops: number };
type FoundParts = Omit<Chain, "owner"> & { readonly owned: Owned; readonly asked: Asked; readonly authenticData: boolean };

function foundReply(packet: Uint8Array, { owned, asked, ttlSeconds, hops, authenticData }: FoundParts): Reply {
  const records: RecordOf<RecordType>[] = [];
  let least = ttlSeconds;
  for (const raw of owned.wanted) {
    const data = readData(packet, raw, asked.type);
    if (data === null) return stranger;
    records.push(data);
    least = Math.min(least, sensibleTtl(raw.ttl));
  }
  return { kind: "found", records, ttlSeconds: least, hops, authenticData };
}

function endOfChain({ header, sections }: Parts, { owner, ttlSeconds, hops }: Chain): Reply {
  const { soa, hasNs } = sections;
  const isAbsent = header.rcode === rcodes.nxDomain;
  const hasSoa = soa !== null && isWithin(owner, soa.owner);
  if (hops > 0 && !isAbsent && !hasSoa) return { kind: "alias", target: owner, ttlSeconds, hops, authenticData: header.authenticData };
  // RFC 2308 §2.2: name servers without SOA are a referral; from a server that does not recurse it is no answer of ours.
  if (!isAbsent && hasNs && soa === null && !header.recursionAvailable) return servfail;
  const negative = hasSoa ? Math.min(soa.ttlSeconds, ttlSeconds) : null;
  return { kind: "nothing", status: isAbsent ? "nxdomain" : "nodata", ttlSeconds: negative, hops };
}

/** RFC 2181 §8: a TTL with the most significant bit set is 0. */
function sensibleTtl(ttl: number): number {
  return ttl > 0x7fffffff ? 0 : ttl;
}

function ownerName(packet: Uint8Array, record: RawRecord): string | null {
  return readName(packet, record.ownerAt, record.dataAt)?.name.toLowerCase() ?? null;
}
