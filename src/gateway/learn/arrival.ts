/**
 * One message that came in before Assay did, as its files tell of it, and the lesson it teaches: the parts that a live message would
 * have, filled in as far as our own servers wrote them down, and given to the same rules (verdict/lesson.ts, verdict/tokens.ts).
 */
import type { Evidence } from "../../evidence/evidence.ts";
import type { FromEvidence } from "../../evidence/from/author.ts";
import { infrastructureOf } from "../../evidence/infrastructure/client.ts";
import { isGenericName } from "../../evidence/iprev/generic.ts";
import type { IprevResult } from "../../evidence/iprev/result.ts";
import { domainToAscii } from "../../mail/domain.ts";
import { parseIpAddress } from "../../mail/ip-address.ts";
import type { Tls, Transaction } from "../../mail/transaction.ts";
import type { HistoryQuestion, KnownHistory, Lesson } from "../../verdict/history.ts";
import { lessonOf } from "../../verdict/lesson.ts";
import { organizationOf } from "../../verdict/organization.ts";
import type { Policy } from "../../verdict/policy.ts";
import { carrierOf, tokensOf } from "../../verdict/tokens.ts";
import type { DecisionInput } from "../../verdict/verdict.ts";

export type Arrival = {
  readonly id: string;
  readonly day: number;
  readonly input: DecisionInput;
  /** The author's only domain. */
  readonly author: string;
  readonly references: readonly string[];
};

export type Told = {
  readonly id: string;
  readonly day: number;
  readonly client: { readonly ip: string; readonly helo: string | null; readonly name: string | null; readonly tls: Tls | null };
  readonly mailFrom: string | null;
  readonly recipients: readonly string[];
  readonly from: FromEvidence;
  readonly evidence: Pick<Evidence, "spf" | "dkim" | "dmarc">;
  readonly references: readonly string[];
};

export function arrivalOf({ id, day, client, mailFrom, recipients, from, evidence, references }: Told): Arrival {
  const iprev = iprevOf(client.ip, client.name);
  const transaction: Transaction = {
    ...{ ip: client.ip, ptr: iprev.names[0] ?? null, helo: client.helo, mailFrom, rcptTo: recipients, tls: client.tls },
    ...{ authenticatedAs: null, listener: null, direction: "inbound", queueId: null, messageId: null, size: null, trustedHop: null },
  };
  const arc = { result: "none", reason: null, oldestPass: null, sets: [], trusted: false } as const;
  const whole: Evidence = {
    ...evidence,
    ...{ defects: [], iprev, arc, infrastructure: infrastructureOf(client.ip, iprev), bounceOf: null },
  };
  return { id, day, input: { transaction, from, evidence: whole }, author: from.domain ?? "", references };
}

function iprevOf(ip: string, name: string | null): IprevResult {
  const client = parseIpAddress(ip);
  const ascii = name === null ? null : domainToAscii(name);
  if (client === null || ascii === null) return { result: "permerror", reason: "no-ptr", names: [], confirmed: 0, generic: false };
  return { result: "pass", reason: null, names: [ascii], confirmed: 1, generic: isGenericName(ascii, client) };
}

/** What the store must be asked before the message can teach. */
export function questionOf({ day, input, author, references }: Arrival, policy: Policy): HistoryQuestion {
  return {
    tenant: "",
    day,
    organization: organizationOf(author, policy),
    carrier: carrierOf(input.transaction, input.from, input.evidence),
    tokens: tokensOf(input.transaction, input.from, input.evidence),
    recipients: input.transaction.rcptTo,
    returned: null,
    references,
  };
}

/** The lesson; null where the message teaches nothing. */
export function lessonOfArrival({ day, input }: Arrival, history: KnownHistory, policy: Policy): Lesson | null {
  const passed = input.evidence.dmarc.result === "pass" || input.evidence.dmarc.result === "bestguesspass";
  // What files tell of is not decided again: a pass is explicit, and of the rest nothing is known but that it came.
  const verdict = { compauth: passed ? "pass" : "none", reason: passed ? "100" : "001", explanation: "", facts: [] } as const;
  return lessonOf({ ...input, verdict, history, standing: "unknown", policy }, "", day);
}
