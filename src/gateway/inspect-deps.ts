/** What an inspection is given: the message with its envelope, and what it needs besides. Types only. */
import type { Question } from "../dns/budget.ts";
import type { Clock, Resolver } from "../dns/resolver.ts";
import type { Header } from "../mail/header.ts";
import type { MessageSource } from "../mail/message.ts";
import type { Transaction } from "../mail/transaction.ts";
import type { Memory } from "../memory/memory.ts";
import type { History } from "../verdict/verdict.ts";
import type { Begun } from "./begun.ts";
import type { Envelope } from "./envelope.ts";
import type { JudgePolicy } from "./judge.ts";

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
  /** What a door had under way before the message came; it counts for the envelope that it was begun for. */
  readonly begun?: Begun | null | undefined;
  /** Asked once the envelope and Message-ID are known: has the message been put off as often as it may be? */
  readonly isLastTry?: ((transaction: Transaction) => boolean) | undefined;
  /** Sees the header as it arrived, before anything else is done. */
  readonly onHeader?: ((header: Header) => void) | undefined;
  /** Sees every DNS question of this message with its answer. */
  readonly onQuestion?: ((question: Question) => void) | undefined;
};
