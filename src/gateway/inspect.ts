/**
 * The journey of one message, as a table of contents: transaction → evidence → memory → verdict → stamp → memory. What each stage does
 * is in its room.
 */
import { messageDns, type Question } from "../dns/budget.ts";
import type { Clock, Resolver } from "../dns/resolver.ts";
import { gather } from "../evidence/gather.ts";
import { type MessageSource, openMessage } from "../mail/message.ts";
import type { Memory } from "../memory/memory.ts";
import type { Inspection } from "../stamp/inspection.ts";
import type { History } from "../verdict/verdict.ts";
import { arrived, overrideFacts, readHeader } from "./arrival.ts";
import { completed, type Envelope, openTransaction } from "./envelope.ts";
import { inspectionOf } from "./inspection-of.ts";
import type { JudgePolicy } from "./judge.ts";
import { askSenders } from "./null-mx.ts";
import { recall } from "./recall.ts";
import { openJournal, remember } from "./remember.ts";

export type InspectInput = Envelope & { readonly message: MessageSource };

/** What an inspection needs besides the message. `random` gives numbers from 0 up to 1, for the inspection's id. */
export type InspectDeps = {
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: () => number;
  readonly authservId: string;
  readonly policy?: JudgePolicy | undefined;
  /** Which policy that is, for the record. */
  readonly policyVersion?: string | null | undefined;
  readonly history?: History | null | undefined;
  /** The store: read once before the decision, written once after the inspection; then `history` is not looked at. */
  readonly memory?: Memory | undefined;
  /** Whose store it is; "" where there is one tenant. */
  readonly tenant?: string | undefined;
  /** Keep a record of the decision in the store; with or without the message's subject. */
  readonly journal?: "without-subject" | "with-subject" | undefined;
  /** Sees every DNS question of this message with its answer. */
  readonly onQuestion?: ((question: Question) => void) | undefined;
};

/** Inspects one message. Rejects only where the message's source or the resolver fails with an exception. */
export async function inspect(input: InspectInput, deps: InspectDeps): Promise<Inspection> {
  const { clock, memory, authservId, policy = {} } = deps;
  const opened = openMessage(input.message);
  const message = opened instanceof Promise ? await opened : opened;
  const { header } = message;
  const envelope = arrived(openTransaction(input, header), header, policy);
  const journal = openJournal(deps);
  const lane = messageDns(deps.resolver, { clock, onQuestion: journal?.onQuestion ?? deps.onQuestion });
  const { fromProfile, dmarcMode, localSuffixes, trustedSealers } = policy;
  const how = { lane, clock, receiver: authservId, fromProfile, dmarcMode, localSuffixes, trustedSealers };
  const gathered = await gather(message, envelope, how);
  const { from, evidence } = gathered;
  const transaction = completed(envelope, gathered);
  const store = memory === undefined ? null : { memory, tenant: deps.tenant ?? "", policy, now: clock() };
  const recalled = store === null ? null : await recall({ transaction, from, evidence, header }, store);
  const asking = askSenders({ transaction, from }, lane, policy);
  const nullMx = asking === null ? null : await asking;
  const read = readHeader(header, transaction, policy);
  const history = recalled === null ? (deps.history ?? null) : recalled.history;
  const overrides = overrideFacts(recalled, read);
  const { random, policyVersion } = deps;
  const context = { clock, random, authservId, policy, policyVersion, header, read };
  const inspection = inspectionOf({ transaction, from, evidence, history, overrides, nullMx }, context);
  kept.last = { inspection, fields: header.fields };
  if (store !== null) remember(inspection, store, { overrides, nullMx, header, journal });
  return inspection;
}

/**
 * What the last message left: a garbage collection that finds none of these alive throws away the code that was compiled for their shapes
 * (base/keep-one.ts). One message's worth of memory, until the next one comes.
 */
const kept: { last: unknown } = { last: null };
