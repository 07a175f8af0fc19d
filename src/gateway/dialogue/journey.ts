/**
 * What the doors are given, and what they give back: the one journey of a message through an SMTP dialogue, whichever protocol carries it.
 * Types only.
 */
import type { Clock, Resolver } from "../../dns/resolver.ts";
import type { MessageSource } from "../../mail/message.ts";
import type { Tls } from "../../mail/transaction.ts";
import type { Memory } from "../../memory/memory.ts";
import type { Inspection, Removal } from "../../stamp/inspection.ts";
import type { SmtpReply } from "../../verdict/verdict.ts";
import type { JudgePolicy } from "../judge.ts";

/** Opens dialogues; one for all doors of a process. */
export interface Service {
  open(client: Client): Dialogue;
  /** Messages under inspection now. */
  readonly inFlight: number;
  /** Whether, by the rules in force now, any message may be refused at that stage. Where none is, no server need wait for an answer there. */
  readonly mayRefuse: { readonly mail: boolean; readonly rcpt: boolean };
}

/** Who is connected, when a message begins. */
export type Client = {
  /** Profile of the listener. Mail of `submission` is our own users', and outbound. */
  readonly listener: "inbound" | "submission";
  /** Null where the door does not know it. */
  readonly ip: string | null;
  readonly helo: string | null;
  readonly tls: Tls | null;
  readonly authenticatedAs: string | null;
};

/** An answer to the client. `text` is without the codes. */
export type { SmtpReply };

/** One message, from MAIL to the end of DATA. No method rejects; each answers in bounded time, but for `data` while the message streams. */
export interface Dialogue {
  /** At MAIL: starts the questions about the client and the envelope. A reply refuses the message. */
  mail(mailFrom: string): Promise<SmtpReply | null>;
  /** At MAIL, where nobody waits for our answer: the same questions start, and what would be answered is found at the end of the message. */
  begin(mailFrom: string): void;
  /** At RCPT. A reply refuses this recipient; one that is not refused counts as accepted. */
  rcpt(recipient: string): Promise<SmtpReply | null>;
  /** A recipient that nobody waits for our answer to: it counts as accepted. */
  note(recipient: string): void;
  /** The server, not we, has refused a recipient that we had not. */
  drop(recipient: string): void;
  /** After MAIL: the client's name by DNS, for whoever is told of the client. It need not be waited for. */
  reverseName(): Promise<ReverseName>;
  /** In the place of `data`, or of its answer: the header is longer than what is read of one (limits.headerBytesMax). Told of as a decision. */
  refuseLongHeader(about?: AboutMessage): Extract<Disposition, { readonly kind: "refuse" }>;
  /** The door refuses a message that it has not all of, with its own words: told of as a decision, where none was told of yet. */
  refusedByDoor(reply: SmtpReply): void;
  /** From the end of the header on: the message streams, and is decided when it ends. A source that fails gives `gone`. */
  data(message: MessageSource, about?: AboutMessage): Promise<Disposition>;
}

/** The client's name, where it is confirmed (RFC 8601 §3, iprev). `none` also where nobody asks for it, as for mail of our own. */
export type ReverseName = { readonly kind: "confirmed"; readonly name: string } | { readonly kind: "none" | "unanswered" };

export type AboutMessage = {
  readonly queueId?: string | null;
  /**
   * All recipients, in the place of those that RCPT did not refuse: for a door that is only asked, and whose answer must tell what becomes
   * of each. Left out by a door that takes mail.
   */
  readonly asked?: readonly string[];
};

/** What is done with the message. */
export type Disposition =
  | {
      readonly kind: "accept";
      /** Complete fields to put on top, topmost first, folded with CRLF, without the final line end. */
      readonly headers: readonly string[];
      /** Fields to take out, highest index first, counted per name from 1. */
      readonly removals: readonly Removal[];
      /** Why it is to be held back from delivery; null: it is not. A door that cannot hold delivers it, marked as it is. */
      readonly hold: string | null;
      /** Null only where a fault of ours lost it. */
      readonly inspection: Inspection | null;
    }
  | { readonly kind: "refuse"; readonly reply: SmtpReply; readonly inspection: Inspection | null }
  /** The client went away in the middle: there is nobody to answer, and nothing to decide. */
  | { readonly kind: "gone" };

/** What is in force for a message: read anew for each, so that a new configuration counts from the next message on. */
export type Rules = {
  readonly policy: JudgePolicy;
  readonly policyVersion: string | null;
  readonly authservId: string;
  readonly journal: "without-subject" | "with-subject" | undefined;
  /** How often a message that cannot be decided is told to come again. */
  readonly deferralsMax: number;
  /** Messages inspected at once. */
  readonly messagesMax: number;
};

/** What a service is made of. */
export type ServiceDeps = {
  readonly resolver: Resolver;
  readonly clock: Clock;
  readonly random: () => number;
  readonly memory: Memory | null;
  readonly rules: () => Rules;
  readonly observer: Observer;
};

export type Stage = "mail" | "rcpt" | "data";

/** Sees what happens, for log and metrics; it must not throw. */
export type Observer = {
  /** A stage was answered. `reply` null: nothing against it. */
  readonly onAnswer: (answer: Answered) => void;
  /** A message was decided; `ms` from the first byte of its header to the decision. */
  readonly onDecision: (decision: Observed) => void;
  /** A fault of ours: a bug, never the mail's fault. */
  readonly onFault: (error: unknown, during: { readonly stage: Stage; readonly queueId: string | null }) => void;
};

export type Answered = {
  readonly stage: "mail" | "rcpt";
  readonly client: Client;
  readonly mailFrom: string | null;
  readonly recipient: string | null;
  readonly reply: SmtpReply | null;
  readonly ms: number;
};

export type Observed = {
  readonly client: Client;
  readonly mailFrom: string | null;
  readonly rcptTo: readonly string[];
  readonly queueId: string | null;
  readonly disposition: Exclude<Disposition, { readonly kind: "gone" }>;
  readonly ms: number;
  /** How often the message was told to come again before, where it could not be decided. */
  readonly deferrals: number;
};
