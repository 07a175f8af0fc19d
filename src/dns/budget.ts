/**
 * The DNS of one message. Every mechanism asks through its own lane, so that a hostile SPF record or a pile of signatures can
 * starve neither each other nor the From domain's walk; the lanes add up to limits.messageDnsQueriesMax.
 * An identical question is asked once a message. Past a lane's quota or the message's deadline the answer is `timeout` with
 * `withheld`: a temporary error, never a pass. Each question is reported to the trace with its answer.
 */
import { limits } from "../base/limits.ts";
import type { Answer, RecordType } from "./answer.ts";
import type { Clock, Resolver } from "./resolver.ts";

export const laneQuotas = { author: 14, mailfrom: 22, helo: 6, iprev: 4, dkim: 8, arc: 6 } as const;
export type Lane = keyof typeof laneQuotas;

/** One question as the trace shows it. `startedAt` in ms since 1970, `ms` the time to the answer, `left` what the lane may still ask. */
export type Question = {
  readonly lane: Lane;
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
};

/** Opens the budget of one message; the deadline counts from now. */
export function messageDns(resolver: Resolver, options: BudgetOptions): (lane: Lane) => Dns {
  const asked = new Map<string, Promise<Answer>>();
  const until = options.clock() + limits.messageDnsMs;
  return (lane) => openLane({ resolver, options, asked, until, lane });
}

type LaneParts = { resolver: Resolver; options: BudgetOptions; asked: Map<string, Promise<Answer>>; until: number; lane: Lane };

function openLane({ resolver, options, asked, until, lane }: LaneParts): Dns {
  let left: number = options.quotas?.[lane] ?? laneQuotas[lane];
  const mine = new Set<string>();
  function ask(name: string, type: RecordType): Promise<Answer> {
    const lower = inLowerCase(name);
    const key = `${type} ${lower}`;
    const repeated = asked.has(key);
    // A repetition within the lane is free; of another lane's question it is charged, so that no lane depends on the others' timing.
    if (!mine.has(key)) {
      if (left === 0) return settle({ status: "timeout", withheld: "budget" });
      left -= 1;
      mine.add(key);
    }
    if (!repeated && options.clock() > until) return settle({ status: "timeout", withheld: "deadline" });
    const answer = asked.get(key) ?? resolver.query(lower, type);
    if (!repeated) asked.set(key, answer);
    return options.onQuestion === undefined ? answer : report({ lower, type, answer, repeated });

    function settle(withheld: Answer): Promise<Answer> {
      const startedAt = options.clock();
      options.onQuestion?.({ lane, name: lower, type, answer: withheld, startedAt, ms: 0, left, repeated: false });
      return Promise.resolve(withheld);
    }
  }
  async function report(q: { lower: string; type: RecordType; answer: Promise<Answer>; repeated: boolean }): Promise<Answer> {
    const startedAt = options.clock();
    const leftThen = left;
    const answer = await q.answer;
    options.onQuestion?.({
      lane,
      name: q.lower,
      type: q.type,
      answer,
      startedAt,
      ms: options.clock() - startedAt,
      left: leftThen,
      repeated: q.repeated,
    });
    return answer;
  }
  return {
    // The port's generic signature: the answer's records are of the type asked, by the resolver's contract.
    query: <T extends RecordType>(name: string, type: T) => ask(name, type) as Promise<Answer<T>>,
    get left() {
      return left;
    },
  };
}

/** ASCII only: the Kelvin sign would become a k, and an unaskable name somebody's (RFC 4343 §3 knows no case beyond ASCII). */
function inLowerCase(name: string): string {
  return beyondAscii.test(name) ? name : name.toLowerCase();
}
const beyondAscii = /[^\x00-\x7f]/;
