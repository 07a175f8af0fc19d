/**
 * A resolver that answers from a zone file instead of the network: for tests, examples and offline use (contract: Zone file).
 * The zone has the shape of the public RFC 7208 suite, as YAML, JSON or an object:
 *   { "example.com": [ { "TXT": "v=spf1 mx -all" }, { "MX": [10, "mx.example.com"] }, "TIMEOUT" ] }
 * TXT values are text and are served as UTF-8. A zone that is not of this shape is refused whole: none of it is guessed.
 */
import { LineCounter, parseDocument } from "yaml";
import { limits } from "../base/limits.ts";
import type { Answer, Found, NotFound, RecordOf, RecordType } from "../dns/answer.ts";
import type { QueryOptions, Resolver } from "../dns/resolver.ts";
import { domainToAscii } from "../mail/domain.ts";
import { formatIpAddress, parseIpv4, parseIpv6 } from "../mail/ip-address.ts";

export type ZoneValue = string | number | readonly (string | number)[];
/** "TIMEOUT" or "SERVFAIL", or records by type. */
export type ZoneEntry = string | { readonly [type: string]: ZoneValue };
export type Zone = { readonly [name: string]: readonly ZoneEntry[] };

export type ZoneQuestion = { readonly name: string; readonly type: RecordType; readonly at: number };
export type ZoneResolverOptions = {
  /** Waits this long before each answer. */
  readonly delayMs?: number;
  /** Sees each question sent; following a CNAME is not another question. `at` is in ms since 1970. */
  readonly onQuery?: (question: ZoneQuestion) => void;
};

/** What is wrong with a zone, and where: `path` as in `example.com[1].MX`; `line` counts from 1, null for an object. */
export type ZoneFault = { readonly path: string; readonly line: number | null; readonly message: string };

/** The environment's fault, not the mail's: the zone given to `zoneResolver` cannot be used. */
export class ZoneError extends Error {
  override name = "ZoneError";
  readonly code = "zone-invalid";
  readonly fault: ZoneFault;
  constructor(fault: ZoneFault) {
    super(describeFault(fault));
    this.fault = fault;
  }
}

/** A resolver over a zone: an object, or the text of one (YAML or JSON). Throws ZoneError for a zone it cannot read. */
export function zoneResolver(zone: Zone | string, options: ZoneResolverOptions = {}): Resolver {
  const parsed = typeof zone === "string" ? parseZone(zone) : { ok: true as const, zone };
  if (!parsed.ok) throw new ZoneError(parsed.error);
  const read = readZone(parsed.zone);
  if (!read.ok) throw new ZoneError(read.error);
  const nodes = read.nodes;
  const { delayMs = 0, onQuery } = options;
  function query<T extends RecordType>(name: string, type: T, queryOptions?: QueryOptions): Promise<Answer<T>> {
    const lower = canonicalName(name);
    onQuery?.({ name: lower, type, at: Date.now() });
    // A node keeps its answers by type, so the answer to a question of type T has records of type T.
    const answer = answerFrom(nodes, lower, type) as Answer<T>;
    return delayMs > 0 ? later(answer, delayMs, queryOptions?.signal) : Promise.resolve(answer);
  }
  return { query };
}

/** Reads and checks the text of a zone; the error names the line. */
export function parseZone(text: string): { readonly ok: true; readonly zone: Zone } | { readonly ok: false; readonly error: ZoneFault } {
  const lines = new LineCounter();
  // The failsafe schema: every scalar is text, so that `TXT: 1.10` and `TXT: null` stay what was written.
  const document = parseDocument(text, { schema: "failsafe", lineCounter: lines, prettyErrors: false, logLevel: "error" });
  const broken = document.errors[0];
  if (broken !== undefined)
    return { ok: false, error: { path: "", line: lines.linePos(broken.pos[0]).line, message: oneLine(broken.message) } };
  const value = plainValue(document);
  const read = readZone(value);
  if (!read.ok) {
    // A parsed node carries its range; an alias may not.
    const node = document.getIn(read.error.keys, true) as { range?: readonly [number, number, number] } | undefined;
    const line = node?.range === undefined ? 1 : lines.linePos(node.range[0]).line;
    return { ok: false, error: { path: read.error.path, line, message: read.error.message } };
  }
  // readZone has just found it to be one.
  return { ok: true, zone: value as Zone };
}

/** The document as plain values; undefined, which is no zone, where its aliases are a way to make us work. */
function plainValue(document: ReturnType<typeof parseDocument>): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return undefined;
  }
}

/** One line for a person: `line 3: example.com[0].A: "1.2.3" is not an IPv4 address`. */
export function describeFault(fault: ZoneFault): string {
  return `${fault.line === null ? "" : `line ${fault.line}: `}${fault.path === "" ? "" : `${fault.path}: `}${fault.message}`;
}

type ZoneNode = { readonly answers: Map<RecordType, Found>; alias: string | null; trouble: NotFound | null };
type Nodes = { readonly listed: ReadonlyMap<string, ZoneNode>; readonly above: ReadonlySet<string> };
type Fault = ZoneFault & { readonly keys: readonly (string | number)[] };
type Read = { readonly ok: true; readonly nodes: Nodes } | { readonly ok: false; readonly error: Fault };

const ttlSeconds = 300;
const absent: NotFound = { status: "nxdomain", ttlSeconds };
const empty: NotFound = { status: "nodata", ttlSeconds };
const servfail: NotFound = { status: "servfail" };
const timeout: NotFound = { status: "timeout" };

function answerFrom(nodes: Nodes, asked: string, type: RecordType): Answer {
  let name = asked;
  for (let hops = 0; hops <= limits.cnameChainMax; hops++) {
    const node = nodes.listed.get(name);
    // RFC 8020: a name with something below it exists.
    if (node === undefined) return nodes.above.has(name) ? empty : absent;
    const found = node.answers.get(type);
    if (found !== undefined) return found;
    if (node.alias === null) return node.trouble ?? empty;
    name = node.alias;
  }
  return servfail;
}

function later<T extends RecordType>(answer: Answer<T>, delayMs: number, signal: AbortSignal | undefined): Promise<Answer<T>> {
  return new Promise((resolve) => {
    const stop = () => {
      clearTimeout(timer);
      resolve(timeout);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve(answer);
    }, delayMs);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

class ZoneSyntax extends Error {
  readonly keys: readonly (string | number)[];
  constructor(keys: readonly (string | number)[], message: string) {
    super(message);
    this.keys = keys;
  }
}

function readZone(zone: unknown): Read {
  try {
    if (!isMap(zone)) throw new ZoneSyntax([], "a zone is a map from names to lists of records");
    const listed = new Map<string, ZoneNode>();
    for (const [name, entries] of Object.entries(zone)) {
      const key = canonicalName(name);
      const node = listed.get(key) ?? { answers: new Map(), alias: null, trouble: null };
      listed.set(key, node);
      readNode(node, entries, name);
    }
    return { ok: true, nodes: { listed, above: namesAbove(listed.keys()) } };
  } catch (error) {
    if (!(error instanceof ZoneSyntax)) throw error;
    return { ok: false, error: { path: pathText(error.keys), line: null, message: error.message, keys: error.keys } };
  }
}

function readNode(node: ZoneNode, entries: unknown, name: string): void {
  // `example.com: []`, or nothing after the colon: the name exists and has no records.
  if (entries === "" || entries === null) return;
  if (!Array.isArray(entries)) throw new ZoneSyntax([name], "wants a list of records");
  const records = new Map<RecordType | "SPF", RecordOf<RecordType>[]>();
  let copy: "wanted" | "suppressed" = "wanted";
  for (const [index, entry] of entries.entries()) {
    if (entry === "TIMEOUT" || entry === "SERVFAIL") {
      node.trouble = entry === "TIMEOUT" ? timeout : servfail;
      continue;
    }
    if (!isMap(entry)) throw new ZoneSyntax([name, index], `wants "TIMEOUT", "SERVFAIL" or a record such as { A: 192.0.2.1 }`);
    for (const [type, value] of Object.entries(entry)) {
      if (type === "TXT" && value === "NONE") copy = "suppressed";
      else {
        const record = readRecord(type, value, [name, index, type]);
        const known = type as RecordType | "SPF"; // readRecord refuses every other word
        records.set(known, [...(records.get(known) ?? []), record]);
      }
    }
  }
  settle(node, records, copy);
}

/** SPF stands for TXT where no TXT is listed (RFC 7208 §3.1 knows TXT alone); `TXT: NONE` suppresses that. */
function settle(node: ZoneNode, records: Map<RecordType | "SPF", RecordOf<RecordType>[]>, copy: "wanted" | "suppressed"): void {
  const spf = records.get("SPF");
  if (spf !== undefined && copy === "wanted" && !records.has("TXT")) records.set("TXT", spf);
  records.delete("SPF");
  for (const [type, list] of records) {
    if (type === "SPF") continue;
    const before = node.answers.get(type)?.records ?? [];
    node.answers.set(type, { status: "found", records: [...before, ...list], ttlSeconds, authenticated: false });
    if (type === "CNAME") node.alias = canonicalName(String(list[0]));
  }
}

function readRecord(type: string, value: unknown, keys: readonly (string | number)[]): RecordOf<RecordType> {
  switch (type) {
    case "A":
    case "AAAA": {
      const address = (type === "A" ? parseIpv4 : parseIpv6)(text(value, keys));
      if (address === null) throw new ZoneSyntax(keys, `${JSON.stringify(value)} is not an ${type === "A" ? "IPv4" : "IPv6"} address`);
      return formatIpAddress(address);
    }
    case "CNAME":
    case "NS":
    case "PTR":
    case "SOA":
      return withoutFinalDot(text(value, keys));
    case "MX":
      return readMx(value, keys);
    case "TXT":
    case "SPF": {
      const strings: readonly unknown[] = Array.isArray(value) ? value : [value];
      return new TextEncoder().encode(strings.map((part) => text(part, keys)).join(""));
    }
    default:
      throw new ZoneSyntax(keys, "is no record type of a zone file: A, AAAA, CNAME, MX, NS, PTR, SOA, SPF or TXT");
  }
}

/** RFC 7505: the null MX has the exchange ".", as our stub resolver gives it. */
function readMx(value: unknown, keys: readonly (string | number)[]): RecordOf<"MX"> {
  if (!Array.isArray(value) || value.length !== 2) throw new ZoneSyntax(keys, "wants [preference, name]");
  const preference = text(value[0], keys);
  if (!/^[0-9]{1,5}$/.test(preference) || Number(preference) > 65535) throw new ZoneSyntax(keys, "wants a preference of 0 to 65535");
  return { preference: Number(preference), exchange: withoutFinalDot(text(value[1], keys)) || "." };
}

function text(value: unknown, keys: readonly (string | number)[]): string {
  if (typeof value === "string") return value;
  if (typeof value === "number") return String(value);
  throw new ZoneSyntax(keys, "wants text");
}

/** Lower case without the final dot; U-labels as A-labels. Names that are no host names are kept: the suites have such. */
function canonicalName(name: string): string {
  const bare = withoutFinalDot(name).toLowerCase();
  return /^[\x00-\x7f]*$/.test(bare) ? bare : (domainToAscii(bare) ?? bare);
}

function withoutFinalDot(name: string): string {
  return name.endsWith(".") ? name.slice(0, -1) : name;
}

function namesAbove(names: Iterable<string>): Set<string> {
  const above = new Set<string>([""]);
  for (const name of names) {
    for (let dot = name.indexOf("."); dot !== -1; dot = name.indexOf(".", dot + 1)) above.add(name.slice(dot + 1));
  }
  return above;
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function pathText(keys: readonly (string | number)[]): string {
  return keys.map((key, index) => (typeof key === "number" ? `[${key}]` : index === 0 ? key : `.${key}`)).join("");
}

function oneLine(message: string): string {
  return message.split("\n", 1)[0] ?? message;
}
