/**
 * The contest: every contestant gets the same mail, in turns, through a Postfix of its own or straight over the milter protocol. What each
 * message was found to be is checked when the clock has stopped. It starts the filters and the DNS server that all of them ask.
 */
import { setTimeout } from "node:timers/promises";
import { limits } from "../../src/base/limits.ts";
import type { Postfix } from "../../test/integration/mta/postfix.ts";
import { startRealDns } from "../../test/integration/real-dns.ts";
import { directVisits, sendDirect } from "./direct.ts";
import { type Filter, type FilterName, startFilter } from "./filters.ts";
import { type LoadMail, type LoadMessage, loadMail, signedZone, type Visit } from "./mail.ts";
import { cpuSecondsOf, MemoryWatch } from "./process-cost.ts";
import type { Turn } from "./round.ts";
import { deliveriesIn, keptBy, sendThroughPostfix, startLoadPostfix } from "./through-postfix.ts";
import { decisionsIn, faultOf, outcomeIn } from "./verdicts.ts";

export type Contestant = {
  readonly name: "none" | FilterName;
  readonly title: string;
  readonly turns: readonly Turn[];
  /** Messages whose verdict was looked at. */
  readonly checked: number;
  readonly faults: readonly string[];
};

export type ContestOptions = {
  readonly messages: number;
  readonly connections: number;
  readonly workers: number;
  readonly turns: number;
  readonly filters: readonly FilterName[];
  readonly profile: string | null;
  readonly onStep: (what: string) => void;
};

export type World = { readonly mail: LoadMail; readonly filters: readonly Filter[]; close(): Promise<void> };

export async function openWorld({ filters: names, workers, profile, onStep }: ContestOptions): Promise<World> {
  const mail = loadMail({ aVisit: 5, keptEvery: 50 });
  // For those that know no port but 53: an address that no other DNS server of the machine has.
  const dnsAddress = `127.53.${(process.pid >> 8) & 0xff}.${process.pid & 0xff}`;
  const dns = await startRealDns(mail.zones, signedZone, names.includes("opendkim") ? [`${dnsAddress}@53`] : []);
  const filters: Filter[] = [];
  const close = async () => {
    await Promise.all(filters.map((filter) => filter.stop()));
    await dns.close();
  };
  try {
    for (const name of names) {
      onStep(`starting ${name}`);
      filters.push(await startFilter(name, { dns: dns.unbound, dnsAddress, workers, profile }));
    }
  } catch (error) {
    await close();
    throw error;
  }
  return { mail, filters, close };
}

/** One that takes part: how it gets its mail, and what is known of it so far. */
type Entrant = {
  readonly name: Contestant["name"];
  readonly title: string;
  readonly filter: Filter | null;
  readonly postfix: Postfix | null;
  readonly turns: Turn[];
  readonly sent: LoadMessage[];
  checked: number;
  readonly faults: string[];
};

export async function throughPostfix(world: World, options: ContestOptions): Promise<readonly Contestant[]> {
  const entrants: Entrant[] = [];
  try {
    for (const filter of [null, ...world.filters]) {
      entrants.push(entrant(filter, await startLoadPostfix(filter?.ports ?? [])));
    }
    await takeTurns(entrants, world.mail, options, async ({ postfix, faults }, visits) => {
      if (postfix === null) throw new Error("no Postfix");
      const { seconds, endMs, refused } = await sendThroughPostfix(postfix.port, visits, options.connections);
      faults.push(...refused);
      return { seconds, endMs };
    });
    for (const one of entrants) await checkDelivered(one);
    return entrants;
  } finally {
    await Promise.all(entrants.map(({ postfix }) => postfix?.stop()));
  }
}

export async function direct(world: World, options: ContestOptions): Promise<readonly Contestant[]> {
  const entrants = world.filters.map((filter) => entrant(filter, null));
  await takeTurns(entrants, world.mail, options, async (one, visits) => {
    const packed = directVisits(visits);
    const { seconds, endMs, judged } = await sendDirect(one.filter?.ports ?? [], packed, options.connections);
    one.checked += judged.length;
    for (const { message, fields } of judged) {
      const fault = faultOf(message, outcomeIn(fields));
      if (fault !== null) one.faults.push(fault);
    }
    return { seconds, endMs };
  });
  return entrants;
}

function entrant(filter: Filter | null, postfix: Postfix | null): Entrant {
  return {
    name: filter?.name ?? "none",
    title: filter?.title ?? "no filter",
    filter,
    postfix,
    turns: [],
    sent: [],
    checked: 0,
    faults: [],
  };
}

type Sending = (one: Entrant, visits: readonly Visit[]) => Promise<Pick<Turn, "seconds" | "endMs">>;

/**
 * A turn of each first, which does not count: caches and compilers are warm then, as they are in a server at work. What runs on a compiler
 * at run time gets faster until a process has seen 10,000 to 20,000 messages (`--only assay --part direct --messages 80000 --turns 8` shows it).
 */
async function takeTurns(
  entrants: readonly Entrant[],
  mail: LoadMail,
  { messages, turns, workers, onStep }: ContestOptions,
  send: Sending,
): Promise<void> {
  const warmUp = mail.take(Math.min(warmUpMessages * workers, messages));
  for (const one of entrants) {
    onStep(`warming up ${one.title}`);
    await send(one, warmUp);
    one.sent.push(...messagesOf(warmUp));
    await one.postfix?.settled();
  }
  for (let turn = 0; turn < turns; turn++) {
    const visits = mail.take(Math.ceil(messages / turns));
    for (let i = 0; i < entrants.length; i++) {
      const one = entrants[(i + turn) % entrants.length];
      if (one === undefined) continue;
      one.turns.push(await measured(one, visits, send));
      one.sent.push(...messagesOf(visits));
      await one.postfix?.settled();
      const { messages: count, seconds } = one.turns.at(-1) ?? { messages: 0, seconds: 1 };
      onStep(`turn ${turn + 1}, ${one.title}: ${(count / seconds).toFixed(0)} messages a second`);
    }
  }
}

async function measured(one: Entrant, visits: readonly Visit[], send: Sending): Promise<Turn> {
  const pids = one.filter?.pids() ?? [];
  const watch = new MemoryWatch(pids);
  const before = cpuSecondsOf(pids);
  const sent = await send(one, visits);
  const cpuSeconds = cpuSecondsOf(pids) - before;
  const messages = messagesOf(visits).length;
  return { ...sent, messages, cpuSeconds, residentBytesMax: watch.stop() };
}

function messagesOf(visits: readonly Visit[]): readonly LoadMessage[] {
  return visits.flatMap((visit) => visit.messages);
}

/** Every message is delivered once; those that were kept say what they are; Assay's log says it of all. */
async function checkDelivered(one: Entrant): Promise<void> {
  const { postfix, filter, sent, faults } = one;
  if (postfix === null) return;
  await postfix.settled();
  // The last lines of a filter's log wait for others to be written with.
  await setTimeout(limits.logWaitMs * 5);
  const delivered = deliveriesIn(postfix.log());
  if (delivered !== sent.length) faults.push(`${delivered} of ${sent.length} messages were delivered`);
  if (filter === null) return;
  const kept = keptBy(postfix);
  const decisions = filter.name === "assay" ? decisionsIn(filter.log()) : null;
  for (const message of sent) {
    const found = [...(kept.get(message.id) ?? []).map(outcomeIn), ...(decisions?.get(message.id) ?? [])];
    if (decisions !== null && decisions.get(message.id)?.length !== 1) faults.push(`${message.id}: not one decision`);
    if (found.length > 0) one.checked += 1;
    faults.push(...found.map((outcome) => faultOf(message, outcome)).filter((fault) => fault !== null));
  }
}

/** For each process. */
const warmUpMessages = 10_000;
