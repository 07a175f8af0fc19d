/**
 * ARC chain validation (RFC 8617 §5.2): structure first, then the newest message signature with the body, then every seal; older
 * message signatures only to find how far back the message is unchanged (oldest-pass). Keys are asked for at once, while the body
 * is read. Nothing is verified if the seals would make us hash more than limits.arcHashedBytesMax; older message signatures get
 * what the seals leave of it.
 * DEVIATION: RFC 8617 §5.2.1 makes DNS failures permanent; here they are temperror, so that nobody takes an outage for forgery.
 * A passing chain is worth what its sealers are: `trusted` says whether the operator lists the newest one.
 */
import { limits } from "../../base/limits.ts";
import type { Dns } from "../../dns/budget.ts";
import type { Clock } from "../../dns/resolver.ts";
import { domainToAscii } from "../../mail/domain.ts";
import type { Field, Header } from "../../mail/header.ts";
import type { BodyHasher, BodyHashRequest } from "../signature/body-hash.ts";
import { CanonicalHeader } from "../signature/canonical-header.ts";
import { type KeyAnswer, Keys } from "../signature/keys.ts";
import { isBroken, type Signature } from "../signature/record.ts";
import { judge, keysFor, verifies } from "../signature/verify.ts";
import { type ChainSet, readChain } from "./chain.ts";
import type { ArcMessageSignature } from "./record.ts";
import type { ArcReason, ArcResult, ArcSet, TrustedSealer } from "./result.ts";

export type ArcDeps = {
  readonly dns: Dns;
  readonly clock: Clock;
  /** Domains whose chains the operator trusts. */
  readonly trustedSealers: readonly TrustedSealer[];
};

export type PreparedArc = {
  /** What to hash of the body; the first one is what the chain stands on. */
  readonly bodyHashes: readonly BodyHashRequest[];
  /** Once the body has been read. Rejects only where the resolver does. */
  finish(bodies: BodyHasher): Promise<ArcResult>;
};

/** Reads the chain and asks for its keys. */
export function prepareArc(header: Header, deps: ArcDeps): PreparedArc {
  const found = readChain(header);
  if (found.outcome === "none") return settled({ result: "none", reason: null, sets: [] });
  if (found.outcome === "broken") return settled({ result: "fail", reason: found.reason, sets: found.sets });
  const canonical = new CanonicalHeader(header);
  const seals = new Seals(found.chain, canonical);
  if (seals.bytes > limits.arcHashedBytesMax) return settled({ result: "fail", reason: "over-limit", sets: found.sets });
  const { chain, newest, sets } = found;
  const messages = chain.toReversed().flatMap(({ message }) => (isBroken(message) ? [] : [message]));
  const keys = new Keys(deps.dns);
  // What the chain stands on is asked for first: the lane's quota may not suffice for all.
  const wanted: readonly Signature[] = [newest, ...chain.map(({ seal }) => seal).toReversed(), ...messages];
  const asked = wanted.map((signature) => [signature, keys.ask(signature)] as const);
  const now = deps.clock();
  // An older message signature may cover the whole header: this many we can afford.
  const affordable = Math.floor((limits.arcHashedBytesMax - seals.bytes) / header.bytes.length);
  return {
    bodyHashes: messages.flatMap(({ length, readings }) => readings.map(({ body }) => requestOf(body, length))),
    async finish(bodies) {
      const answers = new Map<Signature, KeyAnswer>();
      for (const [signature, answer] of asked) answers.set(signature, await answer);
      const verdictOf = (message: ArcMessageSignature) => judgeMessage(message, { canonical, answers, bodies, now });
      const failure = verdictOf(newest) ?? judgeSeals(chain, { seals, answers });
      if (failure !== null) return { ...nothingProved, result: failure === "dns" ? "temperror" : "fail", reason: failure, sets };
      const trusted = isTrusted(sets.at(-1), deps.trustedSealers);
      const oldest = oldestPass(chain.slice(-affordable - 1), (message) => verdictOf(message) === null);
      return { result: "pass", reason: null, oldestPass: oldest, sets, trusted };
    },
  };
}

const nothingProved = { oldestPass: null, trusted: false } as const;

function settled(result: Pick<ArcResult, "result" | "reason" | "sets">): PreparedArc {
  return { bodyHashes: [], finish: () => Promise.resolve({ ...nothingProved, ...result }) };
}

function requestOf(canonicalization: BodyHashRequest["canonicalization"], length: number | null): BodyHashRequest {
  return { canonicalization, algorithm: "sha256", length };
}

type Learnt = {
  readonly canonical: CanonicalHeader;
  readonly answers: ReadonlyMap<Signature, KeyAnswer>;
  readonly bodies: BodyHasher;
  readonly now: number;
};

/** RFC 8617 §5.2 step 4; null where it verifies, in one of its readings. */
function judgeMessage(message: ArcMessageSignature, { canonical, answers, bodies, now }: Learnt): ArcReason | null {
  const answer = answers.get(message) ?? neverAsked;
  let first: ArcReason | null = null;
  for (const canonicalization of message.readings) {
    const body = bodies.result(requestOf(canonicalization.body, message.length));
    const { reason } = judge({ ...message, canonicalization }, canonical, { answer, body, now, objection: null });
    if (reason === null) return null;
    first ??= reason === "over-limit" ? reason : reason === "dns" ? dnsReason(answer) : "message-signature";
  }
  return first;
}

const neverAsked: KeyAnswer = { outcome: "no-key", comment: "not asked" };

/** Where our own limit of questions is the cause, asking again later would change nothing. */
function dnsReason(answer: KeyAnswer): ArcReason {
  return answer.outcome === "dns" && answer.cause === "budget" ? "over-limit" : "dns";
}

/** RFC 8617 §5.2 step 6; null where all verify. A seal that is wrong decides before one whose key could not be fetched. */
function judgeSeals(
  chain: readonly ChainSet[],
  { seals, answers }: { readonly seals: Seals; readonly answers: ReadonlyMap<Signature, KeyAnswer> },
): ArcReason | null {
  let unknown: ArcReason | null = null;
  for (const { instance, seal } of chain.toReversed()) {
    const answer = answers.get(seal) ?? neverAsked;
    const keys = keysFor(seal.algorithm, answer);
    if (isBroken(keys)) {
      if (keys.reason !== "dns") return "seal";
      unknown ??= dnsReason(answer);
    } else {
      const text = seals.signedText(instance);
      if (!keys.some((key) => verifies(text, seal, key))) return "seal";
    }
  }
  return unknown;
}

/** What the seals cover (RFC 8617 §5.1.1): all sets up to their own, each as results, message signature, seal; always relaxed. */
class Seals {
  private readonly chain: readonly ChainSet[];
  private readonly canonical: CanonicalHeader;
  /** The canonical fields of all sets, one after the other, and where in it each set's seal begins. */
  private readonly text: string;
  private readonly sealAt: readonly number[];
  /** Octets that verifying all seals hashes, in sum. */
  readonly bytes: number;

  constructor(chain: readonly ChainSet[], canonical: CanonicalHeader) {
    this.chain = chain;
    this.canonical = canonical;
    const line = (field: Field): string => `${canonical.field(field, "relaxed")}\r\n`;
    const sealAt: number[] = [];
    let text = "";
    let bytes = 0;
    for (const { resultsField, messageField, seal } of chain) {
      text += line(resultsField) + line(messageField);
      sealAt.push(text.length);
      text += line(seal.field);
      bytes += text.length;
    }
    this.text = text;
    this.sealAt = sealAt;
    this.bytes = bytes;
  }

  signedText(instance: number): string {
    const set = this.chain[instance - 1];
    if (set === undefined) return "";
    const { field, cut } = set.seal;
    return this.text.slice(0, this.sealAt[instance - 1]) + this.canonical.fieldWithout(field, cut, "relaxed");
  }
}

/**
 * RFC 8617 §5.2 step 5: the lowest instance down to which every message signature verifies; 0 if all do. The chain may lack its
 * first sets, which then count as not verifying.
 */
function oldestPass(chain: readonly ChainSet[], verifies: (message: ArcMessageSignature) => boolean): number {
  let oldest = 0;
  for (const { instance, message } of chain.toReversed()) {
    const isNewest = oldest === 0;
    if (!isNewest && (isBroken(message) || !verifies(message))) break;
    oldest = instance;
  }
  return oldest === 1 ? 0 : oldest;
}

/** Does the operator list the sealer of the newest set, which binds the message? */
export function isTrusted(newest: ArcSet | undefined, trustedSealers: readonly TrustedSealer[]): boolean {
  if (newest?.bound !== true || newest.sealer === null) return false;
  return trustedSealers.some((sealer) => domainToAscii(typeof sealer === "string" ? sealer : sealer.domain) === newest.sealer);
}
