/**
 * One item of the walk through to its outcome: opened, its envelope read, inspected, rendered. The same on the main thread and in a
 * worker. A message that cannot be read, and a fault of ours, are outcomes too: nothing here throws for one bad message.
 */
import type { Question } from "../../dns/budget.ts";
import type { Clock, Resolver } from "../../dns/resolver.ts";
import type { Envelope } from "../../gateway/envelope.ts";
import { type InspectDeps, inspect } from "../../gateway/inspect.ts";
import type { JudgePolicy } from "../../gateway/judge.ts";
import { judgePolicyFor, tenantOfRecipients } from "../../gateway/judge-policy.ts";
import { type IpNetwork, parseIpNetwork } from "../../mail/ip-address.ts";
import type { Memory } from "../../memory/memory.ts";
import { inOrder } from "./in-order.ts";
import { openItem } from "./open-item.ts";
import { inspectedOutcome, type Outcome, type Setup, together, troubleOutcome } from "./outcome.ts";
import { readEnvelope } from "./read-envelope.ts";
import { fileTrouble, type Item, type Source, type Trouble } from "./sources.ts";

export type Means = {
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: () => number;
  /** Only where the configuration names a store. */
  readonly memory?: Memory;
};

/** Messages under way at once on one thread: they wait for DNS most of the time. */
const windowPerThread = 8;

/** All items on this thread; outcomes in the order of the items. */
export function inspectAll(items: AsyncIterable<Item>, setup: Setup, means: Means): AsyncGenerator<Outcome> {
  return inOrder(items, {
    window: windowPerThread,
    run: (item) => inspectItem(item, setup, means),
    alone: (item) => item.kind === "stream",
  });
}

/** A few items, and what they gave put together. */
export async function inspectChunk(items: readonly Item[], setup: Setup, means: Means): Promise<Outcome> {
  const outcomes: Outcome[] = [];
  for await (const outcome of inspectAll(listed(items), setup, means)) outcomes.push(outcome);
  return together(outcomes);
}

async function* listed(items: readonly Item[]): AsyncGenerator<Item> {
  yield* items;
}

async function inspectItem(item: Item, setup: Setup, means: Means): Promise<Outcome> {
  if (item.kind === "trouble") return troubleOutcome(item.source, item.error, setup);
  const opened = await openItem(item);
  if (!opened.ok) return troubleOutcome(item.source, opened.error, setup);
  const questions: Question[] = [];
  const stored = { header: opened.header, sender: opened.sender, trustNetworks: networks(setup.trustNetworks) };
  try {
    const { envelope, read } = readEnvelope(setup.given, stored);
    const inspection = await inspect(
      { ...envelope, message: opened.message },
      {
        ...means,
        ...tenancy(setup.policy, envelope.rcptTo),
        policyVersion: setup.policyVersion,
        ...(setup.journal === null ? {} : { journal: setup.journal }),
        authservId: setup.authservId,
        ...(setup.trace ? { onQuestion: (question: Question) => questions.push(question) } : {}),
      },
    );
    return inspectedOutcome({ source: item.source, inspection, read, questions: setup.trace ? questions : null }, setup);
  } catch (error) {
    return troubleOutcome(item.source, troubleOf(item.source, error), setup);
  }
}

/** The policy of the recipients' tenant, and whose store is asked. */
function tenancy(policy: JudgePolicy, rcptTo: Envelope["rcptTo"]): Pick<InspectDeps, "tenant" | "policy"> {
  const tenant = tenantOfRecipients(policy, typeof rcptTo === "string" ? [rcptTo] : (rcptTo ?? []));
  return { tenant, policy: judgePolicyFor(policy, tenant) };
}

function troubleOf(source: Source, error: unknown): Trouble {
  // An error of the file system while the message was read: the file's fault. Anything else is ours.
  if (error instanceof Error && "syscall" in error && "code" in error) return fileTrouble(source.file, error).error;
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return { code: "internal", message: `a fault of ours while inspecting: ${what}` };
}

/** The configuration has read them before: none is left out. */
export function networks(list: readonly string[]): readonly IpNetwork[] {
  return list.flatMap((text) => parseIpNetwork(text) ?? []);
}
