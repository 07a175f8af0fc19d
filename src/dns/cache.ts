/**
 * Answers kept for as long as DNS allows: positive by TTL within 30 s and 1 day (RFC 1035 §3.2.1, RFC 8767 §4 on the ceiling),
 * negative by SOA MINIMUM up to 15 minutes and 5 for keys and policies (RFC 2308 §5), failures 10 s (RFC 9520 §3.2). Bounded by
 * count and by bytes, least recently used names go first. It asks nobody and keeps nothing that was withheld.
 */
import { limits } from "../base/limits.ts";
import { type Answer, isTrouble, type RecordType } from "./answer.ts";
import { type Linked, Recency } from "./recency.ts";
import type { Clock } from "./resolver.ts";

export type CacheOptions = {
  readonly clock: Clock;
  readonly entriesMax?: number | undefined;
  readonly bytesMax?: number | undefined;
};

export type CacheEntry = {
  /** As `askableName` gives it. */
  readonly name: string;
  readonly type: RecordType;
  readonly answer: Answer;
  /** The answer holds for every type: NXDOMAIN of this very name (RFC 8020 §2), not of one that it is an alias of. */
  readonly allTypes?: boolean;
};

export interface DnsCache {
  /** A settled promise of the kept answer, with the seconds it still has; undefined: to be asked. */
  get(name: string, type: RecordType): Promise<Answer> | undefined;
  /** Keeps an answer and returns it as it will be given out: with its TTL clamped. */
  put(entry: CacheEntry): Answer;
  clear(): void;
  readonly entries: number;
  readonly bytes: number;
}

export function dnsCache(options: CacheOptions): DnsCache {
  return new Cache(options);
}

class Cache implements DnsCache {
  readonly #clock: Clock;
  readonly #entriesMax: number;
  readonly #bytesMax: number;
  readonly #shelves = new Map<string, Shelf>();
  readonly #recency = new Recency<Shelf>();
  #entries = 0;
  #bytes = 0;

  constructor({ clock, entriesMax = limits.dnsCacheEntriesMax, bytesMax = limits.dnsCacheBytesMax }: CacheOptions) {
    this.#clock = clock;
    this.#entriesMax = entriesMax;
    this.#bytesMax = bytesMax;
  }

  get entries(): number {
    return this.#entries;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get(name: string, type: RecordType): Promise<Answer> | undefined {
    const shelf = this.#shelves.get(name);
    if (shelf === undefined) return undefined;
    const slot = shelf.slots.find((one) => one.key === type || one.key === allTypes);
    if (slot === undefined) return undefined;
    const now = this.#clock();
    if (now >= slot.expiresAt || now < slot.storedAt) {
      this.#drop(shelf, slot);
      return undefined;
    }
    this.#recency.touch(shelf);
    if (now >= slot.shownUntil) show(slot, now);
    return slot.promise;
  }

  put(entry: CacheEntry): Answer {
    const lifetime = lifetimeSeconds(entry);
    if (lifetime === null) return entry.answer;
    const answer = isTrouble(entry.answer) ? entry.answer : { ...entry.answer, ttlSeconds: lifetime };
    const size = sizeOf(entry);
    if (size > this.#bytesMax || this.#entriesMax < 1) return answer;
    const key = entry.allTypes === true ? allTypes : entry.type;
    this.#supersede(entry.name, key);
    const shelf = this.#shelves.get(entry.name) ?? { name: entry.name, slots: [], newer: null, older: null };
    this.#shelves.set(entry.name, shelf);
    this.#recency.touch(shelf);
    shelf.slots.push(newSlot(answer, { key, now: this.#clock(), lifetime, size }));
    this.#entries += 1;
    this.#bytes += size;
    this.#evict();
    return answer;
  }

  clear(): void {
    this.#shelves.clear();
    this.#recency.clear();
    this.#entries = 0;
    this.#bytes = 0;
  }

  /** What was known of the name before goes: all of it by "no such name", and that by anything else. */
  #supersede(name: string, key: SlotKey): void {
    const shelf = this.#shelves.get(name);
    if (shelf === undefined) return;
    for (const old of [...shelf.slots]) if (old.key === key || old.key === allTypes || key === allTypes) this.#drop(shelf, old);
  }

  #drop(shelf: Shelf, slot: Slot): void {
    shelf.slots.splice(shelf.slots.indexOf(slot), 1);
    this.#entries -= 1;
    this.#bytes -= slot.size;
    if (shelf.slots.length > 0) return;
    this.#shelves.delete(shelf.name);
    this.#recency.remove(shelf);
  }

  #evict(): void {
    while (this.#entries > this.#entriesMax || this.#bytes > this.#bytesMax) {
      const oldest = this.#recency.oldest;
      if (oldest === null) return;
      for (const slot of [...oldest.slots]) this.#drop(oldest, slot);
    }
  }
}

const allTypes = "*";
type SlotKey = RecordType | typeof allTypes;
/** All that is known of one name. */
interface Shelf extends Linked<Shelf> {
  readonly name: string;
  readonly slots: Slot[];
}
type Slot = {
  readonly key: SlotKey;
  answer: Answer;
  /** Settled, so that a hit costs no allocation. */
  promise: Promise<Answer>;
  readonly storedAt: number;
  readonly expiresAt: number;
  /** When the seconds shown in `answer` become one too many. */
  shownUntil: number;
  readonly size: number;
};

function newSlot(answer: Answer, { key, now, lifetime, size }: { key: SlotKey; now: number; lifetime: number; size: number }): Slot {
  const expiresAt = now + lifetime * 1000;
  // A failure shows no seconds; what shows them is renewed once a second at most.
  const shownUntil = isTrouble(answer) ? expiresAt : now + 1000;
  return { key, answer, promise: Promise.resolve(answer), storedAt: now, expiresAt, shownUntil, size };
}

function show(slot: Slot, now: number): void {
  const left = Math.ceil((slot.expiresAt - now) / 1000);
  slot.answer = { ...slot.answer, ttlSeconds: left };
  slot.promise = Promise.resolve(slot.answer);
  slot.shownUntil = slot.expiresAt - (left - 1) * 1000;
}

/** How long an answer is kept; null: not at all. */
function lifetimeSeconds({ name, answer }: CacheEntry): number | null {
  switch (answer.status) {
    case "found":
      return clampTtl(answer.ttlSeconds, limits.dnsTtlMaxSeconds);
    case "nodata":
    case "nxdomain":
      if (answer.withheld !== undefined) return null;
      // DEVIATION: RFC 2308 §5 keeps nothing without SOA; 30 s of it protect the server from a question a message.
      return clampTtl(
        answer.ttlSeconds ?? 0,
        publishesPolicy(name) ? limits.dnsPolicyNegativeTtlMaxSeconds : limits.dnsNegativeTtlMaxSeconds,
      );
    case "servfail":
    case "timeout":
    case "refused":
      return answer.withheld === undefined ? limits.dnsFailureTtlSeconds : null;
    default:
      return answer satisfies never;
  }
}

/** DEVIATION: RFC 2181 §8 lets a TTL be 0. Under 30 s we keep the answer for 30 s: longer than a message, shorter than a change. */
function clampTtl(ttlSeconds: number, max: number): number {
  return Math.min(Math.max(ttlSeconds, limits.dnsTtlMinSeconds), max);
}

/** At or below `_domainkey` or `_dmarc`: somebody may be about to publish the record we just missed. */
function publishesPolicy(name: string): boolean {
  return `.${name}.`.includes("._domainkey.") || `.${name}.`.includes("._dmarc.");
}

/** Bytes of memory, roughly: what the keeping costs, and the data. */
function sizeOf({ name, answer }: CacheEntry): number {
  let size = 300 + name.length;
  if (answer.status !== "found") return size;
  for (const record of answer.records) {
    if (typeof record === "string") size += 40 + record.length;
    else size += record instanceof Uint8Array ? 120 + record.length : 80 + record.exchange.length;
  }
  return size;
}
