/**
 * Decisions made by hand, for tests of the verdict: by default a message from contoso.com, which publishes nothing, from 198.51.100.7 with
 * no reverse name; nothing authenticates it, and the store is empty. Each test says what is different.
 */
import assert from "node:assert/strict";
import type { DmarcResult } from "../src/evidence/dmarc/result.ts";
import type { Evidence } from "../src/evidence/evidence.ts";
import type { FromResult } from "../src/evidence/from/result.ts";
import type { Infrastructure } from "../src/evidence/infrastructure/result.ts";
import type { Transaction } from "../src/mail/transaction.ts";
import { decide } from "../src/verdict/decide.ts";
import { decisivePolicy } from "../src/verdict/decisive-policy.ts";
import type { KnownHistory, OrganizationHistory, PairEntry, Token, TokenHistory } from "../src/verdict/history.ts";
import type { DecisionInput, History, Policy, Verdict } from "../src/verdict/verdict.ts";
import { inspectionWith, signature as passingSignature, spf as passingSpf } from "./inspections.ts";
import { recompute } from "./recompute.ts";

export type Case = {
  readonly transaction?: Partial<Transaction>;
  readonly from?: Partial<FromResult>;
  readonly dmarc?: Partial<DmarcResult>;
  readonly spf?: Evidence["spf"];
  readonly dkim?: Evidence["dkim"];
  readonly arc?: Evidence["arc"];
  readonly bounceOf?: string | null;
  /** A confirmed reverse name of the client. */
  readonly ptr?: string;
  readonly iprev?: Partial<Evidence["iprev"]>;
  readonly infrastructure?: Partial<Infrastructure>;
  readonly history?: History | null;
  readonly policy?: Policy;
};

export const today = 20_500;
export const client = "198.51.100.7";

export function inputOf(one: Case): DecisionInput {
  const whole = inspectionWith();
  const named = one.ptr !== undefined;
  return {
    transaction: {
      ...whole.transaction,
      ip: client,
      ptr: one.ptr ?? null,
      helo: "out.example",
      rcptTo: ["ben@fabrikam.com"],
      ...one.transaction,
    },
    from: { ...whole.from, ...one.from },
    evidence: {
      ...whole.evidence,
      spf: one.spf ?? [],
      dkim: one.dkim ?? [],
      arc: one.arc ?? whole.evidence.arc,
      dmarc: { ...noRecord, ...one.dmarc },
      iprev: {
        ...(named
          ? { result: "pass", reason: null, names: [one.ptr], confirmed: 1, generic: false }
          : { result: "permerror", reason: "no-ptr", names: [], confirmed: 0, generic: false }),
        ...one.iprev,
      },
      infrastructure: {
        ...whole.evidence.infrastructure,
        ptrOrganization: null,
        confirmed: named || (one.iprev?.confirmed ?? 0) > 0,
        generic: false,
        prefix: "198.51.100.0/24",
        ...one.infrastructure,
      },
      bounceOf: one.bounceOf ?? null,
    },
  };
}

/** Every verdict of every test that comes here must follow from what its Inspection says. */
export function verdictOf(one: Case): Verdict {
  const input = inputOf(one);
  const history = one.history === undefined ? historyOf() : one.history;
  const policy = one.policy ?? {};
  const verdict = decide(input, history, policy);
  const { compauth, reason } = verdict;
  assert.deepEqual(recompute(JSON.stringify({ ...input, history, policy: decisivePolicy(policy, input) })), { compauth, reason });
  return verdict;
}

/** `fail 001`. */
export function wordsOf(one: Case): string {
  const { compauth, reason } = verdictOf(one);
  return `${compauth} ${reason}`;
}

const noRecord: DmarcResult = {
  result: "none",
  reason: "no-record",
  domain: "contoso.com",
  policyDomain: null,
  publishedPolicy: null,
  policy: null,
  action: "none",
  alignedBy: null,
  alternative: null,
  testing: false,
  walked: ["contoso.com"],
};

/** DMARC failed, and this is what the record asks for. */
export function dmarcFail(policy: "none" | "quarantine" | "reject"): Partial<DmarcResult> {
  return { result: "fail", reason: "nothing-passed", policyDomain: "contoso.com", publishedPolicy: policy, policy, action: policy };
}

export function spfOf(changes: Partial<Evidence["spf"][number]>): Evidence["spf"][number] {
  return { ...passingSpf, ...changes };
}

/** A signature of another organization that verifies; nothing of it aligns unless told so. */
export function signatureOf(changes: Partial<Evidence["dkim"][number]>): Evidence["dkim"][number] {
  return { ...passingSignature, domain: "service.example", aligned: false, alignedBestGuess: false, ...changes };
}

/** The author's signature, its body changed on the way. */
export const changedBody: Evidence["dkim"][number] = {
  ...passingSignature,
  result: "fail",
  reason: "body-hash",
  bodyResult: "fail",
  comment: "body hash",
};

const nobody: OrganizationHistory = { authenticated: 0, signed: 0, unauthenticated: 0, days: 0, firstDay: null, lastDay: null };

/** What a store knows of contoso.com. */
export function historyOf(changes: Partial<KnownHistory> = {}): KnownHistory {
  return {
    status: "known",
    day: today,
    organization: "contoso.com",
    from: nobody,
    carrier: { wroteTo: 0, heardFrom: 0, firstDay: null },
    tokens: [],
    messages: 5000,
    contact: { wroteTo: 0, heardFrom: 0, firstDay: null },
    returnsOurs: false,
    answersOurs: false,
    entries: [],
    ...changes,
  };
}

/** Authenticated on many days. */
export function established(changes: Partial<OrganizationHistory> = {}): OrganizationHistory {
  return { authenticated: 60, signed: 60, unauthenticated: 0, days: 20, firstDay: today - 60, lastDay: today - 1, ...changes };
}

export function tokenOf(token: Token, changes: Partial<TokenHistory> = {}): TokenHistory {
  return {
    ...token,
    authenticated: 0,
    signed: 0,
    unauthenticated: 0,
    days: 0,
    recipients: 0,
    answered: false,
    complaints: 0,
    firstDay: null,
    lastDay: null,
    organizations: 1,
    messages: changes.authenticated ?? changes.unauthenticated ?? 0,
    failures: 0,
    failedOrganizations: 0,
    relayed: 0,
    ...changes,
  };
}

export function entryOf(action: PairEntry["action"], changes: Partial<PairEntry> = {}): PairEntry {
  return { id: "17", action, user: "contoso.com", infrastructure: "service.example", evenIfAuthenticated: false, by: "ada", ...changes };
}
