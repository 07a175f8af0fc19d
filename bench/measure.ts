/**
 * Measures one kind of message: rounds in which the machine's limit, Assay and mailauth take turns over the same messages, first
 * with warm caches, then with domains never seen before in this process. Making a round's messages and running the other product
 * leave the collector so much work that compiled code goes with it; so each product runs short messages of the warm domains,
 * untimed, before it is timed: a server at work is what is measured, and its caches for cold domains stay cold.
 */
import { assay, type Batch, machineLimit, mailauth, type Product } from "./contestants.ts";
import { keySource } from "./keys.ts";
import { type BenchMessage, type Kind, messageMill, signaturesOf } from "./mail.ts";
import { type Cost, costOf, median } from "./stopwatch.ts";

export type Figures = {
  /** CPU time a message, in µs. */
  readonly us: number;
  /** The same as a multiple of the limit: the median of the rounds. */
  readonly times: number;
  readonly messagesPerSecond: number;
};
export type Row = {
  readonly kind: string;
  readonly title: string;
  /** Octets of one of the messages. */
  readonly bytes: number;
  readonly bound: number;
  readonly limitUs: number;
  readonly warm: { readonly assay: Figures; readonly mailauth: Figures };
  readonly cold: { readonly assay: Figures; readonly mailauth: Figures };
  /** Timed messages, of each product once. */
  readonly messages: number;
  readonly faults: readonly string[];
};

const keys = keySource();
/** Domains of cold rounds so far: none is used twice in a process. */
let coldDomains = 0;

export async function measureKind(kind: Kind, extent: "whole" | "quick"): Promise<Row> {
  const plan = planOf(kind, extent);
  const signedAt = Math.floor(Date.now() / 1000) - 3600;
  const faults: string[] = [];
  const mill = messageMill({ kind, keys, seed: 1, signedAt, domains: "warm" });
  const limit = machineLimit(kind.algorithm, keys);
  const products = { assay: assay(mill.zone), mailauth: mailauth(mill.zone) };
  const short = messageMill({ kind: { ...kind, body: "text", bodyBytes: 2200 }, keys, seed: 6, signedAt, domains: "warm" });
  const before = { assay: assay(short.zone), mailauth: mailauth(short.zone), messages: take(short.next, 200) };
  const warm: Field = { kind, limit, faults, ...products, before };
  const mailauthUs = await warmUp(warm, take(mill.next, plan.warmUp), plan);
  const mailauthBatch = Math.max(1, Math.min(plan.batch, Math.floor(plan.mailauthRoundUs / mailauthUs)));
  const warmRounds: Round[] = [];
  for (let turn = 0; turn < plan.rounds; turn++)
    warmRounds.push(await measureRound(warm, take(mill.next, plan.batch), { turn, mailauthBatch }));

  const coldMill = messageMill({ kind, keys, seed: 2, signedAt, domains: "cold", zone: mill.zone, firstDomain: coldDomains });
  coldDomains += (plan.coldWarmUp + plan.coldRounds * plan.coldBatch) * (kind.signatures === "one" ? 1 : 4);
  // Reading keys and records is work like any other, which the compiler must have seen: of other domains, never met again.
  for (const product of [warm.assay, warm.mailauth]) await timed(product.batch(take(coldMill.next, plan.coldWarmUp / 2)), faults);
  const coldRounds: Round[] = [];
  for (let turn = 0; turn < plan.coldRounds; turn++) {
    coldRounds.push(await measureRound(warm, take(coldMill.next, plan.coldBatch), { turn, mailauthBatch }));
  }
  return {
    ...{ kind: kind.id, title: kind.title, bytes: mill.next().bytes.length, bound: kind.bound },
    limitUs: median(warmRounds.map((round) => round.limit.cpuUs)),
    warm: { assay: figures(warmRounds, "assay"), mailauth: figures(warmRounds, "mailauth") },
    cold: { assay: figures(coldRounds, "assay"), mailauth: figures(coldRounds, "mailauth") },
    messages: plan.rounds * plan.batch,
    faults,
  };
}

type Plan = {
  readonly rounds: number;
  readonly batch: number;
  /** Messages made for the warm-up, and how often it goes through them. No other part of a run sees one twice. */
  readonly warmUp: number;
  readonly passes: number;
  /** Cold messages before the first that counts, half for each product. */
  readonly coldWarmUp: number;
  readonly coldRounds: number;
  readonly coldBatch: number;
  /** What mailauth may take of a round: of slow kinds it gets fewer messages. */
  readonly mailauthRoundUs: number;
};

function planOf(kind: Kind, extent: "whole" | "quick"): Plan {
  const whole = extent === "whole";
  const rest = { rounds: whole ? 15 : 5, coldRounds: whole ? 7 : 3, mailauthRoundUs: whole ? 400_000 : 150_000 };
  if (kind.bodyBytes >= 1_000_000) return { ...rest, batch: 8, warmUp: 10, passes: whole ? 3 : 1, coldWarmUp: 4, coldBatch: 4 };
  if (kind.bodyBytes >= 50_000)
    return { ...rest, batch: whole ? 100 : 40, warmUp: 100, passes: whole ? 40 : 2, coldWarmUp: whole ? 80 : 20, coldBatch: 16 };
  return { ...rest, batch: whole ? 250 : 80, warmUp: 200, passes: whole ? 80 : 5, coldWarmUp: whole ? 200 : 40, coldBatch: 24 };
}

/** Who runs, over which kind. */
type Field = {
  readonly kind: Kind;
  readonly limit: ReturnType<typeof machineLimit>;
  readonly assay: Product;
  readonly mailauth: Product;
  /** What each product runs before it is timed. */
  readonly before: { readonly assay: Product; readonly mailauth: Product; readonly messages: readonly BenchMessage[] };
  readonly faults: string[];
};

/** Per message. */
type Round = { readonly limit: Cost; readonly assay: Cost; readonly mailauth: Cost };

/** Lets the compiler see the work; returns mailauth's CPU time a message. */
async function warmUp(field: Field, messages: readonly BenchMessage[], plan: Plan): Promise<number> {
  for (const { bytes, bodyAt } of messages) field.limit.run(bytes.subarray(bodyAt), 1);
  for (let i = 0; i < plan.passes; i++) await timed(field.assay.batch(messages), field.faults);
  let us = 0;
  const until = performance.now() + (plan.mailauthRoundUs * 5) / 1000;
  for (let i = 0; i < plan.passes * messages.length && performance.now() < until; i++) {
    us = (await timed(field.mailauth.batch(messages.slice(i % messages.length, (i % messages.length) + 1)), field.faults)).cpuUs;
  }
  return us;
}

/** One round over the same messages, in an order that turns with the rounds. */
async function measureRound(
  field: Field,
  messages: readonly BenchMessage[],
  { turn, mailauthBatch }: { turn: number; mailauthBatch: number },
): Promise<Round> {
  const some = messages.slice(0, mailauthBatch);
  const costs: { -readonly [name in keyof Round]?: Cost } = {};
  const entrants: readonly (() => Promise<void>)[] = [
    async () => {
      costs.limit = perMessage(await costOf(() => runLimit(field, messages)), messages.length * limitRepeats);
    },
    async () => {
      await field.before.assay.batch(field.before.messages).run();
      costs.assay = perMessage(await timed(field.assay.batch(messages), field.faults), messages.length);
    },
    async () => {
      await field.before.mailauth.batch(field.before.messages.slice(0, 100)).run();
      costs.mailauth = perMessage(await timed(field.mailauth.batch(some), field.faults), some.length);
    },
  ];
  for (let i = 0; i < entrants.length; i++) await entrants[(i + turn) % entrants.length]?.();
  const { limit, assay, mailauth } = costs;
  if (limit === undefined || assay === undefined || mailauth === undefined) throw new Error("a round in which somebody did not run");
  return { limit, assay, mailauth };
}

/** The limit is short: run over a round's messages so often, its figure is steadier. */
const limitRepeats = 3;

function runLimit({ limit, kind }: Field, messages: readonly BenchMessage[]): void {
  const signatures = signaturesOf(kind);
  for (let i = 0; i < limitRepeats; i++) {
    for (const { bytes, bodyAt } of messages) limit.run(bytes.subarray(bodyAt), signatures);
  }
}

/** Verdicts are checked when the clock has stopped. */
async function timed(batch: Batch, faults: string[]): Promise<Cost> {
  const cost = await costOf(batch.run);
  faults.push(...batch.faults());
  return cost;
}

function perMessage({ cpuUs, wallUs }: Cost, messages: number): Cost {
  return { cpuUs: cpuUs / messages, wallUs: wallUs / messages };
}

function figures(rounds: readonly Round[], name: "assay" | "mailauth"): Figures {
  return {
    us: median(rounds.map((round) => round[name].cpuUs)),
    times: median(rounds.map((round) => round[name].cpuUs / round.limit.cpuUs)),
    messagesPerSecond: 1e6 / median(rounds.map((round) => round[name].wallUs)),
  };
}

function take(next: () => BenchMessage, count: number): BenchMessage[] {
  return Array.from({ length: count }, next);
}
