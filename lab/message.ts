/**
 * One simulated event: a message that arrives, with the truth about it that no model may read, or one that our people send.
 */
import type { Evidence } from "../src/evidence/evidence.ts";
import type { FromResult } from "../src/evidence/from/result.ts";
import type { Transaction } from "../src/mail/transaction.ts";
import type { Delivery } from "./delivery.ts";
import type { Organization } from "./organization.ts";
import { ourDomain, type Population } from "./population.ts";

export type AttackKind = "fresh" | "own-domain" | "provider" | "patient" | "volume";
export type Route = "direct" | "stray" | "forwarder" | "list" | "bounce";

/** What is true, whatever anybody finds. */
export type Truth = {
  readonly word: "legitimate" | "spoof";
  readonly attack: AttackKind | null;
  readonly route: Route;
  /** False for what a patient spoofer sends before he strikes, and for a spoofer's mail under his own name. */
  readonly counted: boolean;
  /** Whom From names; null where the population does not know the domain. */
  readonly organization: Organization | null;
  /** p= of the From domain; null without a DMARC record. */
  readonly policy: Organization["policy"];
  /** A recipient reports it. */
  readonly complained: boolean;
};

export type Inbound = {
  readonly kind: "inbound";
  readonly day: number;
  readonly truth: Truth;
  readonly transaction: Transaction;
  readonly from: FromResult;
  readonly evidence: Evidence;
  /** Message-IDs in References and In-Reply-To. */
  readonly references: readonly string[];
  readonly listId: string | null;
};

export type Outbound = {
  readonly kind: "outbound";
  readonly day: number;
  readonly sender: string;
  readonly messageId: string;
  readonly recipients: readonly string[];
};

export type Event = Inbound | Outbound;

/** What the door would have seen of the delivery. `recipients` of ours behind the scanner come through it, the client being known. */
export function transactionOf({ host, envelope, author }: Delivery, recipients: readonly string[], { scanned }: Population): Transaction {
  const local = envelope === author ? "someone" : `bounce+${author.replaceAll(".", "=")}`;
  return {
    ip: host.ip,
    ptr: host.confirmed ? (host.names[0] ?? null) : null,
    helo: host.helo,
    mailFrom: envelope === null ? "" : `${local}@${envelope}`,
    rcptTo: recipients,
    tls: host.tls,
    authenticatedAs: null,
    listener: null,
    direction: "inbound",
    queueId: null,
    messageId: null,
    size: 8000,
    trustedHop: recipients.some((recipient) => scanned.has(recipient)) ? `scanner.${ourDomain}` : null,
  };
}
