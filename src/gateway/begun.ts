/**
 * SPF and iprev, begun at MAIL while the message is still on its way (RFC 7208 §2.4 allows the check at any time after MAIL). They have a
 * budget of their own: between MAIL and the end of a slow message more time may pass than a message's DNS may take. The questions are told
 * to whoever records the message, once it has come.
 */
import { messageDns, type Question } from "../dns/budget.ts";
import type { Clock, Resolver } from "../dns/resolver.ts";
import { beginClient, type ClientEvidence } from "../evidence/gather.ts";
import type { Transaction } from "../mail/transaction.ts";

export type Begun = {
  /** For this client and envelope, and no other. */
  readonly transaction: Pick<Transaction, "ip" | "helo" | "mailFrom">;
  readonly evidence: ClientEvidence;
  /** Questions asked so far. */
  readonly asked: () => number;
  /** Tells those answered so far, and each that is answered later. */
  readonly tell: (onQuestion: (question: Question) => void) => void;
};

type Asking = { readonly resolver: Resolver; readonly clock: Clock; readonly authservId: string };

export function begin(transaction: Transaction, { resolver, clock, authservId }: Asking): Begun {
  const questions: Question[] = [];
  let listener: ((question: Question) => void) | null = null;
  let asked = 0;
  const counting: Resolver = {
    query: (name, type, options) => {
      asked += 1;
      return resolver.query(name, type, options);
    },
  };
  const onQuestion = (question: Question): void => {
    if (listener === null) questions.push(question);
    else listener(question);
  };
  const lane = messageDns(counting, { clock, onQuestion });
  const evidence = beginClient(transaction, { lane, clock, receiver: authservId });
  // A fault of ours is met by whoever waits for the evidence; where the client goes away first, nobody does.
  for (const each of [...evidence.spf, evidence.iprev]) each.catch(() => {});
  return {
    transaction,
    evidence,
    asked: () => asked,
    tell: (next) => {
      for (const question of questions.splice(0)) next(question);
      listener = next;
    },
  };
}

/** What was begun, where it is for this envelope: behind a trusted hop the client is another. */
export function begunFor(begun: Begun | null | undefined, { ip, helo, mailFrom }: Transaction): Begun | null {
  if (begun == null) return null;
  const { transaction } = begun;
  return transaction.ip === ip && transaction.helo === helo && transaction.mailFrom === mailFrom ? begun : null;
}
