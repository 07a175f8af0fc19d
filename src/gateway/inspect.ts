/**
 * The journey of one message, as a table of contents: transaction → evidence → verdict → stamp → memory. What each stage does is in
 * its room.
 */
import { messageDns, type Question } from "../dns/budget.ts";
import type { Clock, Resolver } from "../dns/resolver.ts";
import { gather } from "../evidence/gather.ts";
import { type MessageSource, openMessage } from "../mail/message.ts";
import type { Memory } from "../memory/memory.ts";
import type { Inspection } from "../stamp/inspection.ts";
import { decide } from "../verdict/decide.ts";
import type { History, Policy } from "../verdict/verdict.ts";
import { completed, type Envelope, openTransaction } from "./envelope.ts";
import { inspectionOf } from "./inspection-of.ts";
import { recall, remember } from "./recall.ts";

export type InspectInput = Envelope & { readonly message: MessageSource };

/** What an inspection needs besides the message. `random` gives numbers from 0 up to 1, for the inspection's id. */
export type InspectDeps = {
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: () => number;
  readonly authservId: string;
  readonly policy?: Policy | undefined;
  readonly history?: History | null | undefined;
  /** The store: read once before the decision, written once after the inspection; then `history` is not looked at. */
  readonly memory?: Memory | undefined;
  /** Whose store it is; "" where there is one tenant. */
  readonly tenant?: string | undefined;
  /** Sees every DNS question of this message with its answer. */
  readonly onQuestion?: ((question: Question) => void) | undefined;
};

/** Inspects one message. Rejects only where the message's source or the resolver fails with an exception. */
export async function inspect(input: InspectInput, deps: InspectDeps): Promise<Inspection> {
  const policy = deps.policy ?? {};
  const opened = openMessage(input.message);
  const message = opened instanceof Promise ? await opened : opened;
  const envelope = openTransaction(input, message.header);
  const lane = messageDns(deps.resolver, { clock: deps.clock, onQuestion: deps.onQuestion });
  const gathered = await gather(message, envelope, { ...policy, lane, clock: deps.clock, receiver: deps.authservId });
  const transaction = completed(envelope, gathered);
  const parts = { transaction, from: gathered.from, evidence: gathered.evidence, header: message.header };
  const store = deps.memory === undefined ? null : { memory: deps.memory, tenant: deps.tenant, policy, now: deps.clock() };
  const history = store === null ? (deps.history ?? null) : await recall(parts, store);
  const inspection = inspectionOf({ ...parts, history, verdict: decide(parts, history, policy) }, { ...deps, policy });
  if (store !== null) remember(inspection, store);
  return inspection;
}
