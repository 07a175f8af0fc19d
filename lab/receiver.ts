/**
 * The organization that is written to: the product's own decision, standing, suspicion, action and memory, in the order in which a door uses
 * them. Memory is read once before a message and written once after it. Nothing here sees the truth.
 */
import { authorOf } from "../src/evidence/from/author.ts";
import { type InCoreMemory, inCoreMemory } from "../src/memory/in-core.ts";
import { actionOf } from "../src/verdict/action.ts";
import { decide } from "../src/verdict/decide.ts";
import type { KnownHistory } from "../src/verdict/history.ts";
import { lessonOf } from "../src/verdict/lesson.ts";
import { organizationOf } from "../src/verdict/organization.ts";
import { standingOf } from "../src/verdict/standing.ts";
import { suspicionOf } from "../src/verdict/suspicion.ts";
import { carrierOf, tokensOf } from "../src/verdict/tokens.ts";
import type { CompauthResult, Policy, Standing } from "../src/verdict/verdict.ts";
import type { Inbound, Outbound } from "./message.ts";

export type Received = {
  readonly compauth: CompauthResult;
  readonly reason: string;
  readonly standing: Standing;
  /** Junk or stronger. */
  readonly acted: boolean;
};

export type Receiver = { receive(message: Inbound): Received; send(message: Outbound): void };

const tenant = "";

export function openReceiver(policy: Policy): Receiver {
  const memory = inCoreMemory();
  return {
    receive: (message) => receive(message, memory, policy),
    send: ({ day, sender, messageId, recipients }) => memory.recordSent({ tenant, day: calendarDay(day), sender, messageId, recipients }),
  };
}

/** Days of the simulation, as days since 1970. */
function calendarDay(day: number): number {
  return 20_000 + day;
}

function receive({ day, transaction, from, evidence, references }: Inbound, memory: InCoreMemory, policy: Policy): Received {
  const [domain] = authorOf(from).domains;
  const history: KnownHistory = memory.recall({
    tenant,
    day: calendarDay(day),
    organization: domain === undefined ? null : organizationOf(domain, policy),
    carrier: carrierOf(transaction, from, evidence),
    tokens: tokensOf(transaction, from, evidence),
    recipients: transaction.rcptTo,
    returned: evidence.bounceOf,
    references,
  });
  const input = { transaction, from, evidence };
  const verdict = decide(input, history, policy);
  const { standing } = standingOf({ ...input, verdict }, history, policy);
  const lesson = lessonOf({ ...input, verdict, history, standing, policy }, tenant, calendarDay(day));
  if (lesson !== null) memory.record(lesson);
  const suspicion = suspicionOf(input, history, policy);
  const { action } = actionOf({ ...input, verdict, standing, suspicion, history }, policy);
  return { compauth: verdict.compauth, reason: verdict.reason, standing, acted: actedOn.has(action.kind) };
}

/** Junk or stronger; a temporary refusal brings the message back. */
const actedOn: ReadonlySet<string> = new Set(["junk", "quarantine", "reject"]);
