/**
 * The DNS of one message. Every mechanism asks through its own lane, so that a hostile SPF record or a pile of signatures can
 * starve neither each other nor the From domain's walk; the lanes add up to limits.messageDnsQueriesMax. What is asked after
 * them, only where nothing explicit decided, has spare lanes: they share what the others left.
 * An identical question is asked once a message. Past a lane's quota or the message's deadline the answer is `timeout` with
 * `withheld`: a temporary error, never a pass. Each question is reported to the trace with its answer.
 */
import { keepOne } from "../base/keep-one.ts";
import { limits } from "../base/limits.ts";
import type { Answer, RecordType } from "./answer.ts";
import type { Clock, Resolver } from "./resolver.ts";

export const laneQuotas = { author: 14, mailfrom: 22, helo: 6, iprev: 4, dkim: 8, arc: 6 } as const;
/** At most this many of the questions that the lanes above left, the author's apart, which stay reserved. */
export const spareQuotas = { hosts: 7, fromspf: 22 } as const;
export type Lane = keyof typeof laneQuotas;
/** To be opened once the others are done: what it may ask is settled then. */
export type SpareLane = keyof typeof spareQuotas;

/** One question as the trace shows it. `startedAt` in ms since 1970, `ms` the time to the answer, `left` what the lane may still ask. */
export type Question = {
  readonly lane: Lane | SpareLane;
  readonly name: string;
  readonly type: RecordType;
  readonly answer: Answer;
  readonly startedAt: number;
  readonly ms: number;
  readonly left: number;
  /** True where the same question had been asked for this message already. */
  readonly repeated: boolean;
};

/** What a mechanism gets: ask, and know what is left. */
export interface Dns extends Resolver {
  /** Questions this lane may still ask. */
  readonly left: number;
}

export type BudgetOptions = {
  readonly clock: Clock;
  readonly onQuestion?: ((question: Question) => void) | undefined;
  /** Quotas other than laneQuotas, for a mechanism that runs alone. */
  readonly quotas?: Partial<Record<Lane, number>>;
  /** Questions that reserved lanes asked for this message before, under a budget of their own. */
  readonly asked?: number | undefined;
};

/** Opens the budget of one message; the deadline counts from now. */
export function messageDns(resolver: Resolver, options: BudgetOptions): (lane: Lane | SpareLane) => Dns {
  const message: Message = {
    resolver,
    options,
    asked: new Map(),
    until: options.clock() + limits.messageDnsMs,
    spare: spareMax - (options.asked ?? 0),
  };
  return (lane) => new OpenLane(message, lane);
}

const spareMax = limits.messageDnsQueriesMax - laneQuotas.author;

function quotaOf(message: Message, lane: Lane | SpareLane): number {
  if (!isSpare(lane)) return message.options.quotas?.[lane] ?? laneQuotas[lane];
  const quota = Math.max(0, Math.min(spareQuotas[lane], message.spare));
  message.spare -= quota;
  return quota;
}

function isSpare(lane: Lane | SpareLane): lane is SpareLane {
  return lane === "hosts" || lane === "fromspf";
}

/** What the lanes of a message share. */
type Message = {
  readonly resolver: Resolver;
  readonly options: BudgetOptions;
  /** By type and name. */
  readonly asked: Map<string, Promise<Answer>>;
  readonly until: number;
  /** What the reserved lanes, the author's apart, have not used, less what spare lanes were given. */
  spare: number;
};

type Asked = { readonly name: string; readonly type: RecordType; readonly answer: Promise<Answer>; readonly repeated: boolean };

class OpenLane implements Dns {
  private readonly message: Message;
  private readonly lane: Lane | SpareLane;
  /** What this lane has asked, by type and name; as few as its quota. */
  private readonly mine: string[] = [];
  private unasked: number;
  private readonly usesSpare: boolean;

  constructor(message: Message, lane: Lane | SpareLane) {
    this.message = message;
    this.lane = lane;
    this.unasked = quotaOf(message, lane);
    this.usesSpare = lane !== "author" && !isSpare(lane);
  }

  get left(): number {
    return this.unasked;
  }

  query<T extends RecordType>(name: string, type: T): Promise<Answer<T>> {
    // The port's generic signature: the answer's records are of the type asked, by the resolver's contract.
    return this.ask(inLowerCase(name), type) as Promise<Answer<T>>;
  }

  private ask(name: string, type: RecordType): Promise<Answer> {
    const { resolver, options, asked, until } = this.message;
    const key = `${type} ${name}`;
    const known = asked.get(key);
    // A repetition within the lane is free; of another lane's question it is charged, so that no lane depends on the others' timing.
    if (!this.mine.includes(key)) {
      if (this.unasked === 0) return this.withhold({ name, type }, "budget");
      this.unasked -= 1;
      if (this.usesSpare) this.message.spare -= 1;
      this.mine.push(key);
    }
    if (known === undefined && options.clock() > until) return this.withhold({ name, type }, "deadline");
    const answer = known ?? resolver.query(name, type);
    if (known === undefined) asked.set(key, answer);
    return options.onQuestion === undefined ? answer : this.report({ name, type, answer, repeated: known !== undefined });
  }

  private withhold(question: { readonly name: string; readonly type: RecordType }, withheld: "budget" | "deadline"): Promise<Answer> {
    const { options } = this.message;
    const answer: Answer = { status: "timeout", withheld };
    const startedAt = options.clock();
    options.onQuestion?.({ lane: this.lane, ...question, answer, startedAt, ms: 0, left: this.unasked, repeated: false });
    return Promise.resolve(answer);
  }

  private async report({ name, type, answer: awaited, repeated }: Asked): Promise<Answer> {
    const { clock, onQuestion } = this.message.options;
    const { lane, unasked: left } = this;
    const startedAt = clock();
    const answer = await awaited;
    onQuestion?.({ lane, name, type, answer, startedAt, ms: clock() - startedAt, left, repeated });
    return answer;
  }
}

/** ASCII only: the Kelvin sign would become a k, and an unaskable name somebody's (RFC 4343 §3 knows no case beyond ASCII). */
function inLowerCase(name: string): string {
  return beyondAscii.test(name) ? name : name.toLowerCase();
}
const beyondAscii = /[^\x00-\x7f]/;

keepOne(
  new OpenLane(
    {
      resolver: { query: () => Promise.resolve({ status: "nxdomain" }) },
      options: { clock: () => 0 },
      asked: new Map(),
      until: 0,
      spare: 0,
    },
    "author",
  ),
);
