/**
 * The queue of spoof intelligence as views read it (memory/sightings.ts), on either database: pairs by their messages, a page at a
 * time, each put together from its days. What a pair says is that of its last message.
 */
import type { Kysely } from "kysely";
import { limits } from "../base/limits.ts";
import { isAsked, seenPair } from "../memory/sighting-view.ts";
import type { Insight, InsightQuestion, SeenPair } from "../memory/sightings.ts";
import { readSighting } from "./store-sighting-rows.ts";
import type { StoreTables } from "./store-tables.ts";

export type SightingStore = {
  readonly db: Kysely<StoreTables>;
  /** What the database throws, as a StoreFault. */
  readonly faultOf: (error: unknown) => Error;
};

export function storeInsight(store: SightingStore): Insight {
  return {
    pairs: (question) => pairs(store, question),
    uncounted: (question) => guarded(store, () => uncounted(store.db, question)),
    close: () => store.db.destroy(),
  };
}

async function* pairs(store: SightingStore, question: InsightQuestion): AsyncGenerator<SeenPair> {
  for (let after: PairSum | null = null; ; ) {
    const page: readonly PairSum[] = await guarded(store, () => sums(store.db, question, after));
    for (const sum of page) {
      const rows = await guarded(store, () => daysOf(store.db, question, sum));
      const pair = seenPair(rows, question);
      if (pair !== null && isAsked(pair, question)) yield pair;
    }
    const last = page.at(-1);
    if (last === undefined || page.length < limits.sightingPage) return;
    after = last;
  }
}

type PairSum = { readonly domain: string; readonly infrastructure: string; readonly via: string; readonly messages: number };

/** Pairs of the days asked for after this one, in the order of their messages. */
async function sums(db: Kysely<StoreTables>, question: InsightQuestion, after: PairSum | null): Promise<readonly PairSum[]> {
  const { tenant, day, days, domain, infrastructure } = question;
  let grouped = db
    .selectFrom("sighting")
    .select((of) => ["domain", "infrastructure", "via", of.fn.sum<number>("messages").as("messages")])
    .where("day", ">", day - days)
    .where("day", "<=", day)
    .where("tenant", "=", tenant)
    .where("domain", "<>", "")
    .groupBy(["domain", "infrastructure", "via"]);
  if (domain !== undefined) grouped = grouped.where("domain", "=", domain);
  if (infrastructure !== undefined) grouped = grouped.where("infrastructure", "=", infrastructure);
  let query = db
    .selectFrom(grouped.as("pair"))
    .selectAll()
    .orderBy("messages", "desc")
    .orderBy("domain")
    .orderBy("infrastructure")
    .orderBy("via")
    .limit(limits.sightingPage);
  if (after !== null) {
    query = query.where((of) =>
      of.or([
        of("messages", "<", after.messages),
        of.and([
          of("messages", "=", after.messages),
          of(of.refTuple("domain", "infrastructure", "via"), ">", of.tuple(after.domain, after.infrastructure, after.via)),
        ]),
      ]),
    );
  }
  return (await query.execute()).map((row) => ({ ...row, messages: Number(row.messages) }));
}

async function daysOf(db: Kysely<StoreTables>, { tenant, day }: InsightQuestion, pair: PairSum) {
  const rows = await db
    .selectFrom("sighting")
    .selectAll()
    .where("domain", "=", pair.domain)
    .where("tenant", "=", tenant)
    .where("infrastructure", "=", pair.infrastructure)
    .where("via", "=", pair.via)
    .where("day", "<=", day)
    .orderBy("day")
    .execute();
  return rows.map((row) => ({ day: row.day, row: readSighting(row) }));
}

async function uncounted(db: Kysely<StoreTables>, { tenant, day, days }: Pick<InsightQuestion, "tenant" | "day" | "days">) {
  const row = await db
    .selectFrom("sighting")
    .select((of) => of.fn.sum<number | null>("messages").as("messages"))
    .where("domain", "=", "")
    .where("tenant", "=", tenant)
    .where("day", ">", day - days)
    .where("day", "<=", day)
    .executeTakeFirst();
  return Number(row?.messages ?? 0);
}

async function guarded<T>({ faultOf }: SightingStore, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw faultOf(error);
  }
}
