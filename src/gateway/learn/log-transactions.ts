/**
 * Joins the events of a mail log into messages, by queue id: who handed it in, under what envelope sender, which recipients it reached.
 * Bounded: at most limits.logTransactionsMax messages are open at once; the oldest are closed as they are.
 */
import { limits } from "../../base/limits.ts";
import type { LogEvent } from "./mail-log.ts";

export type Logged = {
  readonly queueId: string;
  /** Of the first line. */
  stamp: string;
  client: { readonly ip: string; readonly name: string | null } | null;
  /** A program on this host handed it in. */
  pickedUp: boolean;
  user: string | null;
  again: boolean;
  messageId: string | null;
  sender: string | null;
  dmarc: { readonly domain: string; readonly result: string } | null;
  readonly recipients: string[];
};

export type LogJoin = {
  /** Takes one event; gives the message that it closes. */
  push(event: LogEvent): Logged | null;
  /** What is still open when the log ends. */
  finish(): Iterable<Logged>;
};

export function joinLog(): LogJoin {
  const open = new Map<string, Logged>();
  return {
    push(event) {
      const known = open.get(event.queueId);
      if (event.kind === "removed") {
        open.delete(event.queueId);
        return known ?? null;
      }
      const logged = known ?? begin(event);
      if (known === undefined) open.set(event.queueId, logged);
      enter(logged, event);
      return known === undefined ? oldestOf(open) : null;
    },
    *finish() {
      yield* open.values();
      open.clear();
    },
  };
}

function begin({ queueId, stamp }: LogEvent): Logged {
  return {
    ...{ queueId, stamp, client: null, pickedUp: false, user: null, again: false, messageId: null, sender: null, dmarc: null },
    recipients: [],
  };
}

function oldestOf(open: Map<string, Logged>): Logged | null {
  if (open.size <= limits.logTransactionsMax) return null;
  for (const [queueId, logged] of open) {
    open.delete(queueId);
    return logged;
  }
  return null;
}

function enter(logged: Logged, event: Exclude<LogEvent, { kind: "removed" }>): void {
  switch (event.kind) {
    case "client":
      logged.client ??= { ip: event.ip, name: event.name };
      logged.user ??= event.user;
      logged.again ||= event.again;
      return;
    case "pickup":
      logged.pickedUp = true;
      return;
    case "message-id":
      logged.messageId ??= event.messageId;
      return;
    case "from":
      logged.sender ??= event.sender;
      return;
    case "dmarc":
      logged.dmarc ??= { domain: event.domain, result: event.result };
      return;
    case "delivered":
      if (logged.recipients.length < limits.historyRecipientsMax && !logged.recipients.includes(event.recipient))
        logged.recipients.push(event.recipient);
      return;
    default:
      event satisfies never;
  }
}
