/**
 * The wire form of DNS messages (RFC 1035 §4, RFC 6891): writes our questions, reads headers, names and records out of packets that
 * may be hostile. Names come out as RFC 1035 §5.1 text, so that a dot inside a label never looks like two labels. Every record must
 * fill its RDLENGTH exactly; whatever does not is null, never an exception. Work is bounded by the packet's size.
 */
import { limits } from "../base/limits.ts";
import { formatIpAddress } from "../mail/ip-address.ts";
import type { RecordOf, RecordType } from "./answer.ts";

export const typeNumbers = { A: 1, NS: 2, CNAME: 5, SOA: 6, PTR: 12, MX: 15, TXT: 16, AAAA: 28 } as const satisfies Record<
  RecordType,
  number
>;
export const optType = 41;
export const headerBytes = 12;

export type Query = {
  readonly id: number;
  /** As `askableName` gives it. */
  readonly name: string;
  readonly type: RecordType;
  /** One bit a character of the name: set bits turn letters to upper case ("0x20"), which the answer must repeat. */
  readonly caseBits: Uint8Array;
  readonly edns: boolean;
  /** RFC 6840 §5.7: the AD bit in a question asks for the AD bit in the answer. */
  readonly authenticData: boolean;
};

/** One question as a packet. */
export function encodeQuery(query: Query): Uint8Array {
  const questionEnd = headerBytes + query.name.length + 2 + 4;
  const packet = new Uint8Array(questionEnd + (query.edns ? optRecordBytes : 0));
  writeUint16(packet, 0, query.id);
  // RFC 1035 §4.1.1: recursion desired.
  packet[2] = 0x01;
  packet[3] = query.authenticData ? 0x20 : 0;
  packet[5] = 1;
  writeName(packet, query);
  writeUint16(packet, questionEnd - 4, typeNumbers[query.type]);
  packet[questionEnd - 1] = classIn;
  if (query.edns) {
    // RFC 6891 §6.1.2: an OPT record of the root, without options; its class is the size of packets we take.
    packet[11] = 1;
    packet[questionEnd + 2] = optType;
    writeUint16(packet, questionEnd + 3, limits.dnsUdpPayloadBytes);
  }
  return packet;
}

export type Header = {
  readonly id: number;
  readonly isResponse: boolean;
  readonly opcode: number;
  readonly truncated: boolean;
  readonly recursionAvailable: boolean;
  readonly authenticData: boolean;
  readonly rcode: number;
  readonly questions: number;
  readonly answers: number;
  readonly authorities: number;
  readonly additionals: number;
};

/** RFC 1035 §4.1.1. Null: too short to be a DNS message. */
export function readHeader(packet: Uint8Array): Header | null {
  if (packet.length < headerBytes) return null;
  const flags = uint16(packet, 2);
  return {
    id: uint16(packet, 0),
    isResponse: (flags & 0x8000) !== 0,
    opcode: (flags >>> 11) & 15,
    truncated: (flags & 0x0200) !== 0,
    recursionAvailable: (flags & 0x0080) !== 0,
    authenticData: (flags & 0x0020) !== 0,
    rcode: flags & 15,
    questions: uint16(packet, 4),
    answers: uint16(packet, 6),
    authorities: uint16(packet, 8),
    additionals: uint16(packet, 10),
  };
}

/** Where one record lies. The owner's name is read only when it is asked for. */
export type RawRecord = {
  readonly ownerAt: number;
  readonly type: number;
  readonly isInternet: boolean;
  readonly ttl: number;
  readonly dataAt: number;
  readonly dataEnd: number;
};

/** The record at `offset`; the next one is at its `dataEnd`. Null: it does not fit into the packet. */
export function readRecord(packet: Uint8Array, offset: number): RawRecord | null {
  const fixed = skipName(packet, offset);
  if (fixed === null || fixed + 10 > packet.length) return null;
  const dataAt = fixed + 10;
  const dataEnd = dataAt + uint16(packet, fixed + 8);
  if (dataEnd > packet.length) return null;
  const isInternet = uint16(packet, fixed + 2) === classIn;
  return { ownerAt: offset, type: uint16(packet, fixed), isInternet, ttl: uint32(packet, fixed + 4), dataAt, dataEnd };
}

/**
 * The record's value, or null where its data are not of its type's form. Names come in lower case: servers compress them into the
 * question's name, whose case is ours and random. The cast joins each branch to its type.
 */
export function readData<T extends RecordType>(packet: Uint8Array, record: RawRecord, type: T): RecordOf<T> | null {
  return readAnyData(packet, record, type) as RecordOf<T> | null;
}

export type ReadName = { readonly name: string; readonly end: number };

/**
 * The name at `offset`, whose octets in place must end at or before `limit`. The root is ".". Octets that are no plain label
 * characters are escaped (RFC 1035 §5.1): `\.`, `\\`, `\DDD`.
 */
export function readName(packet: Uint8Array, offset: number, limit: number): ReadName | null {
  let at = offset;
  let end = -1;
  let floor = offset;
  let wireBytes = 1;
  let pointers = 0;
  let name = "";
  for (;;) {
    const bound = end === -1 ? limit : packet.length;
    const length = at < bound ? (packet[at] ?? 0) : -1;
    if (length === -1) return null;
    if (length === 0) return { name: name === "" ? "." : name, end: end === -1 ? at + 1 : end };
    if (length >= 0xc0) {
      if (at + 2 > bound) return null;
      if (end === -1) end = at + 2;
      const target = uint16(packet, at) & 0x3fff;
      pointers += 1;
      // RFC 1035 §4.1.4: a pointer names a prior occurrence. Each one must go further back, so that none can loop.
      if (target >= floor || pointers > limits.dnsPointersMax) return null;
      at = target;
      floor = target;
    } else {
      wireBytes += length + 1;
      if (length > limits.labelBytesMax || wireBytes > nameBytesMax || at + 1 + length > bound) return null;
      name += (name === "" ? "" : ".") + labelText(packet, at + 1, length);
      at += length + 1;
    }
  }
}

/** SOA MINIMUM, which with the record's own TTL bounds negative answers (RFC 2308 §5); null where the record is malformed. */
export function readSoaMinimum(packet: Uint8Array, record: RawRecord): number | null {
  return readSoa(packet, record)?.minimum ?? null;
}

const classIn = 1;
const optRecordBytes = 11;
const nameBytesMax = 255;

function readAnyData(packet: Uint8Array, record: RawRecord, type: RecordType): RecordOf<RecordType> | null {
  const { dataAt, dataEnd } = record;
  switch (type) {
    case "A":
      return dataEnd - dataAt === 4 ? formatIpAddress({ family: 4, words: [uint32(packet, dataAt)] }) : null;
    case "AAAA":
      if (dataEnd - dataAt !== 16) return null;
      return formatIpAddress({ family: 6, words: [0, 4, 8, 12].map((at) => uint32(packet, dataAt + at)) });
    case "CNAME":
    case "NS":
    case "PTR":
      return nameFilling(packet, dataAt, dataEnd);
    case "MX": {
      if (dataEnd - dataAt < 3) return null;
      const exchange = nameFilling(packet, dataAt + 2, dataEnd);
      return exchange === null ? null : { preference: uint16(packet, dataAt), exchange };
    }
    case "TXT":
      return readStrings(packet, dataAt, dataEnd);
    case "SOA":
      return readSoa(packet, record)?.text ?? null;
    default:
      return type satisfies never;
  }
}

function nameFilling(packet: Uint8Array, offset: number, end: number): string | null {
  const read = readName(packet, offset, end);
  return read !== null && read.end === end ? read.name.toLowerCase() : null;
}

/** RFC 1035 §3.3.14: character-strings, here joined (RFC 7208 §3.3), in memory of their own. */
function readStrings(packet: Uint8Array, offset: number, end: number): Uint8Array | null {
  const joined = new Uint8Array(end - offset);
  let length = 0;
  for (let at = offset; at < end; ) {
    const size = packet[at] ?? 0;
    if (at + 1 + size > end) return null;
    joined.set(packet.subarray(at + 1, at + 1 + size), length);
    length += size;
    at += 1 + size;
  }
  return joined.slice(0, length);
}

/** RFC 1035 §3.3.13: MNAME, RNAME, then serial, refresh, retry, expire and minimum. */
function readSoa(packet: Uint8Array, record: RawRecord): { readonly text: string; readonly minimum: number } | null {
  const mname = readName(packet, record.dataAt, record.dataEnd);
  const rname = mname === null ? null : readName(packet, mname.end, record.dataEnd);
  if (mname === null || rname === null || rname.end + 20 !== record.dataEnd) return null;
  const numbers = [0, 4, 8, 12, 16].map((at) => uint32(packet, rname.end + at));
  return { text: `${mname.name} ${rname.name}`.toLowerCase().concat(" ", numbers.join(" ")), minimum: numbers[4] ?? 0 };
}

/** Where the name at `offset` ends in place, without reading what it points to. */
function skipName(packet: Uint8Array, offset: number): number | null {
  let at = offset;
  while (at < packet.length) {
    const length = packet[at] ?? 0;
    if (length === 0) return at + 1;
    if (length >= 0xc0) return at + 2 <= packet.length ? at + 2 : null;
    if (length > limits.labelBytesMax || at - offset > nameBytesMax) return null;
    at += length + 1;
  }
  return null;
}

function labelText(packet: Uint8Array, offset: number, length: number): string {
  let text = "";
  for (let i = offset; i < offset + length; i++) {
    const octet = packet[i] ?? 0;
    if (octet === 0x2e || octet === 0x5c) text += `\\${String.fromCharCode(octet)}`;
    else if (octet < 0x21 || octet > 0x7e) text += `\\${String(octet).padStart(3, "0")}`;
    else text += String.fromCharCode(octet);
  }
  return text;
}

function writeName(packet: Uint8Array, { name, caseBits }: Query): void {
  let lengthAt = headerBytes;
  for (let i = 0; i < name.length; i++) {
    const at = headerBytes + 1 + i;
    const code = name.charCodeAt(i);
    if (code === 0x2e) {
      packet[lengthAt] = at - lengthAt - 1;
      lengthAt = at;
    } else {
      const isLetter = code >= 0x61 && code <= 0x7a;
      const raised = isLetter && (((caseBits[i >>> 3] ?? 0) >>> (i & 7)) & 1) === 1;
      packet[at] = raised ? code - 0x20 : code;
    }
  }
  packet[lengthAt] = headerBytes + name.length - lengthAt;
}

function writeUint16(packet: Uint8Array, at: number, value: number): void {
  packet[at] = value >>> 8;
  packet[at + 1] = value & 255;
}

function uint16(packet: Uint8Array, at: number): number {
  return ((packet[at] ?? 0) << 8) | (packet[at + 1] ?? 0);
}

function uint32(packet: Uint8Array, at: number): number {
  return uint16(packet, at) * 0x10000 + uint16(packet, at + 2);
}
