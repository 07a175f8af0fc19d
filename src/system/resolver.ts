/**
 * Our stub resolver: the Resolver port over real DNS servers. It caches, merges identical questions, follows CNAMEs (RFC 1034 §3.6.2,
 * at most 8) and gives every question an answer within `limits.queryMs`: it never throws on what DNS says. It does not validate DNSSEC
 * and does not recurse; the AD bit counts only where the operator trusts the servers and the way to them (RFC 6840 §5.8).
 * Names in records are lower case without a final dot; the root, as in a null MX (RFC 7505), is ".".
 */
import { limits } from "../base/limits.ts";
import type { Answer, NotFound, RecordType } from "../dns/answer.ts";
import { type DnsCache, dnsCache } from "../dns/cache.ts";
import { abandoned, type InFlight, inFlight } from "../dns/in-flight.ts";
import { askableName, cannotExist } from "../dns/name.ts";
import type { Clock, QueryOptions, Resolver } from "../dns/resolver.ts";
import type { Breaker } from "./breaker.ts";
import { type Gate, gate } from "./dns-gate.ts";
import { askQuestion, type Outcome } from "./dns-question.ts";
import { type DnsServer, dnsServer, parseServer } from "./dns-servers.ts";
import { systemResolvConf } from "./resolv-conf.ts";
import { systemClock } from "./surroundings.ts";

export type DnsResolverOptions = {
  /** "192.0.2.1", "192.0.2.1:5353", "[2001:db8::1]:53", "[2001:db8::1]"; default: the nameservers of /etc/resolv.conf. */
  readonly servers?: readonly string[] | undefined;
  /** How long one try waits before the next; default: 1500, or less if resolv.conf says so. */
  readonly timeoutMs?: number | undefined;
  /** Rounds over the servers; default: 3. A question ends after `limits.queryMs` (5 s) in any case. */
  readonly attempts?: number | undefined;
  /** Believe the AD bit: only for validating servers on a path nobody else can write to. Default: resolv.conf's trust-ad with its servers. */
  readonly trustAd?: boolean | undefined;
  /** Limits of the cache, or false for none. */
  readonly cache?: { readonly entriesMax?: number | undefined; readonly bytesMax?: number | undefined } | false | undefined;
  /** Sees each question sent: also each repetition, and each over TCP. */
  readonly onQuery?: ((query: SentQuery) => void) | undefined;
  /** Sees each question that was to be asked end. Not those answered from the cache, nor those that nobody waited for. */
  readonly onAnswered?: ((answered: AnsweredQuestion) => void) | undefined;
  /** Sees each look into the cache. */
  readonly onCache?: ((outcome: "hit" | "miss") => void) | undefined;
  /** Stands between the cache and the servers. */
  readonly breaker?: Breaker | undefined;
  /** Milliseconds since 1970; default: the system's clock. */
  readonly clock?: Clock | undefined;
};

/** `withheld`: the breaker is open, and it was not asked. */
export type AnsweredQuestion = { readonly type: RecordType; readonly outcome: Answer["status"] | "withheld"; readonly ms: number };

export type SentQuery = {
  readonly name: string;
  readonly type: RecordType;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly server: string;
  readonly transport: "udp" | "tcp";
};

export type DnsOptionErrorCode = "dns-server-invalid" | "dns-servers-count" | "dns-option-invalid";

/** The environment's fault: the options cannot be used. The text says how to mend them. */
export class DnsOptionError extends Error {
  override name = "DnsOptionError";
  readonly code: DnsOptionErrorCode;
  constructor(code: DnsOptionErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** A resolver that asks the given servers, or the system's. `close` ends every question; it holds nothing open when idle. */
export function dnsResolver(options: DnsResolverOptions = {}): Resolver & { close(): void } {
  const parts = readOptions(options);
  const { cache, flights, onCache } = parts;
  let isClosed = false;
  function query<T extends RecordType>(name: string, type: T, queryOptions?: QueryOptions): Promise<Answer<T>> {
    // The cache and the flights are keyed by type: what comes back for T has records of type T.
    return ask(name, type, queryOptions?.signal) as Promise<Answer<T>>;
  }
  function ask(name: string, type: RecordType, signal: AbortSignal | undefined): Promise<Answer> {
    if (isClosed || signal?.aborted === true) return Promise.resolve(abandoned);
    // Names mostly come in the form that is kept, so a hit is one look-up.
    const hit = cache?.get(name, type);
    if (hit !== undefined) {
      onCache?.("hit");
      return hit;
    }
    const askable = askableName(name);
    if (askable === null) return Promise.resolve(cannotExist);
    const kept = askable === name ? undefined : cache?.get(askable, type);
    onCache?.(kept === undefined ? "miss" : "hit");
    return kept ?? flights.join(`${type} ${askable}`, (given) => resolveName(parts, { name: askable, type, given }), signal);
  }
  function close(): void {
    isClosed = true;
    flights.abandonAll();
    cache?.clear();
  }
  return { query, close };
}

type Parts = {
  readonly servers: readonly DnsServer[];
  readonly timeoutMs: number;
  readonly attempts: number;
  readonly trustAd: boolean;
  readonly clock: Clock;
  readonly onQuery: DnsResolverOptions["onQuery"];
  readonly onAnswered: DnsResolverOptions["onAnswered"];
  readonly onCache: DnsResolverOptions["onCache"];
  readonly breaker: Breaker | undefined;
  readonly cache: DnsCache | null;
  readonly flights: InFlight;
  readonly door: Gate;
};
/** `given` fires when the question is given up. */
type Asking = { readonly name: string; readonly type: RecordType; readonly given: AbortSignal };

async function resolveName(parts: Parts, asking: Asking): Promise<Answer> {
  const startedAt = performance.now();
  const { breaker, onAnswered } = parts;
  if (breaker?.asks() === false) {
    onAnswered?.({ type: asking.type, outcome: "withheld", ms: 0 });
    return withheldByBreaker;
  }
  if (!(await parts.door.enter(limits.queryMs, asking.given))) return abandoned;
  try {
    const answer = await followAliases(parts, asking, startedAt + limits.queryMs);
    if (answer === abandoned) return answer;
    onAnswered?.({ type: asking.type, outcome: answer.status, ms: performance.now() - startedAt });
    return answer;
  } finally {
    parts.door.leave();
  }
}

const withheldByBreaker: NotFound = Object.freeze({ status: "timeout", withheld: "breaker" });

/** Asks, and asks on where an answer ends in an alias whose target it does not tell. */
async function followAliases(parts: Parts, asking: Asking, deadline: number): Promise<Answer> {
  let name = asking.name;
  let hops = 0;
  let ttlSeconds = Number.POSITIVE_INFINITY;
  let authenticated = parts.trustAd;
  for (;;) {
    const outcome = await askOne(parts, { ...asking, name }, { deadline, hopsLeft: limits.cnameChainMax - hops });
    if (outcome.kind === "abandoned") return abandoned;
    if (outcome.kind === "failure") return keep(parts, asking, { answer: { status: outcome.status } });
    hops += outcome.hops;
    if (outcome.kind === "nothing") {
      const { status } = outcome;
      const answer: NotFound = outcome.ttlSeconds === null ? { status } : { status, ttlSeconds: Math.min(ttlSeconds, outcome.ttlSeconds) };
      return keep(parts, asking, { answer, allTypes: status === "nxdomain" && hops === 0 });
    }
    ttlSeconds = Math.min(ttlSeconds, outcome.ttlSeconds);
    authenticated &&= outcome.authenticData;
    if (outcome.kind === "found")
      return keep(parts, asking, { answer: { status: "found", records: outcome.records, ttlSeconds, authenticated } });
    // A name with escapes cannot be asked as the text it is.
    const target = outcome.target.includes("\\") ? null : askableName(outcome.target);
    if (target === null) return keep(parts, asking, { answer: { status: "servfail" } });
    name = target;
  }
}

async function askOne(
  parts: Parts,
  { name, type, given }: Asking,
  { deadline, hopsLeft }: { deadline: number; hopsLeft: number },
): Promise<Outcome> {
  const { servers, timeoutMs, attempts, trustAd, clock, onQuery, breaker } = parts;
  const outcome = await askQuestion({
    name,
    type,
    servers,
    timeoutMs,
    attempts,
    deadline,
    hopsLeft,
    authenticData: trustAd,
    abandoned: given,
    onSent: (sent) => onQuery?.({ ...sent, at: clock() }),
  });
  if (outcome.kind !== "abandoned") breaker?.ended(name, outcome.kind === "failure" ? outcome : answeredSomehow);
  return outcome;
}

const answeredSomehow = { status: "found" } as const;

function keep({ cache }: Parts, { name, type }: Asking, { answer, allTypes = false }: { answer: Answer; allTypes?: boolean }): Answer {
  return cache === null ? answer : cache.put({ name, type, answer, allTypes });
}

function readOptions(options: DnsResolverOptions): Parts {
  const clock = options.clock ?? systemClock;
  const system = options.servers === undefined ? systemResolvConf() : null;
  const systemTimeoutMs = (system?.timeoutSeconds ?? Number.POSITIVE_INFINITY) * 1000;
  return {
    servers: readServers(options.servers ?? system?.servers ?? []),
    timeoutMs: whole("timeoutMs", options.timeoutMs ?? Math.min(tryMs, systemTimeoutMs), { max: limits.queryMs }),
    attempts: whole("attempts", options.attempts ?? system?.attempts ?? attemptsByDefault, { max: limits.dnsAttemptsMax }),
    trustAd: options.trustAd ?? system?.trustAd ?? false,
    clock,
    onQuery: options.onQuery,
    onAnswered: options.onAnswered,
    onCache: options.onCache,
    breaker: options.breaker,
    cache: options.cache === false ? null : readCache(options.cache ?? {}, clock),
    flights: inFlight(),
    door: gate({ insideMax: limits.dnsInFlightMax, waitingMax: limits.dnsQueueMax }),
  };
}

const tryMs = 1500;
const attemptsByDefault = 3;

function readServers(texts: readonly string[]): DnsServer[] {
  if (texts.length === 0 || texts.length > limits.dnsServersMax) {
    throw new DnsOptionError("dns-servers-count", `servers: wants 1 to ${limits.dnsServersMax} addresses, got ${texts.length}`);
  }
  return texts.map((text, index) => {
    const where = parseServer(text);
    if (where !== null) return dnsServer(where, () => performance.now());
    const wants = 'wants an IP address with or without a port, such as "192.0.2.1", "192.0.2.1:5353" or "[2001:db8::1]:53"';
    throw new DnsOptionError("dns-server-invalid", `servers[${index}]: ${wants}, got ${JSON.stringify(text)}`);
  });
}

function readCache({ entriesMax, bytesMax }: { entriesMax?: number | undefined; bytesMax?: number | undefined }, clock: Clock): DnsCache {
  const max = Number.MAX_SAFE_INTEGER;
  return dnsCache({
    clock,
    entriesMax: entriesMax === undefined ? undefined : whole("cache.entriesMax", entriesMax, { max }),
    bytesMax: bytesMax === undefined ? undefined : whole("cache.bytesMax", bytesMax, { max }),
  });
}

function whole(option: string, value: number, { max }: { max: number }): number {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return value;
  throw new DnsOptionError("dns-option-invalid", `${option}: wants a whole number from 1 to ${max}, got ${String(value)}`);
}
