/**
 * The journey of one message, as a table of contents: transaction → evidence → memory → verdict → stamp → memory. What each stage does
 * is in its room.
 */
import { messageDns } from "../dns/budget.ts";
import { gather } from "../evidence/gather.ts";
import { openMessage } from "../mail/message.ts";
import type { Inspection } from "../stamp/inspection.ts";
import { arrived, overrideFacts, readHeader } from "./arrival.ts";
import { begunFor } from "./begun.ts";
import { completed, openTransaction } from "./envelope.ts";
import { forMessage } from "./for-message.ts";
import type { InspectDeps, InspectInput } from "./inspect-deps.ts";
import { inspectionOf } from "./inspection-of.ts";
import { askWhoReceives } from "./null-mx.ts";
import { recall } from "./recall.ts";
import { openJournal, remember } from "./remember.ts";
import { keepShapes } from "./shapes.ts";

export type { InspectDeps, InspectInput };

/** Inspects one message. Rejects only where the message's source or the resolver fails with an exception. */
export async function inspect(input: InspectInput, deps: InspectDeps): Promise<Inspection> {
  const { clock, memory, authservId } = deps;
  const opened = openMessage(input.message);
  const message = opened instanceof Promise ? await opened : opened;
  const { header } = message;
  deps.onHeader?.(header);
  const envelope = arrived(openTransaction(input, header), header, deps.policy ?? {});
  const policy = forMessage(deps, header, envelope);
  const journal = openJournal(deps);
  const onQuestion = journal?.onQuestion ?? deps.onQuestion;
  const begun = begunFor(deps.begun, envelope);
  if (onQuestion !== undefined) begun?.tell(onQuestion);
  const lane = messageDns(deps.resolver, { clock, onQuestion, asked: begun?.asked() });
  const { fromProfile, dmarcMode, localSuffixes, trustedSealers } = policy;
  const how = { lane, clock, receiver: authservId, fromProfile, dmarcMode, localSuffixes, trustedSealers, begun: begun?.evidence };
  const gathered = await gather(message, envelope, how);
  const { from, evidence } = gathered;
  const transaction = completed(envelope, gathered);
  const store = memory === undefined ? null : { memory, tenant: deps.tenant ?? "", policy, now: clock() };
  const recalled = store === null ? null : await recall({ transaction, from, evidence, header }, store);
  const asking = askWhoReceives({ transaction, from }, lane, policy);
  const nullMx = asking === null ? null : await asking;
  const read = readHeader(header, transaction, { policy, authservId });
  const history = recalled === null ? (deps.history ?? null) : recalled.history;
  const overrides = overrideFacts(recalled, read);
  const { random, policyVersion } = deps;
  const context = { clock, random, authservId, policy, policyVersion, header, read };
  const inspection = inspectionOf({ transaction, from, evidence, history, overrides, nullMx }, context);
  keepShapes(inspection, header);
  if (store !== null) remember(inspection, store, { overrides, nullMx, header, journal });
  return inspection;
}
