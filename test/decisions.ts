/** Decisions as messages leave them, for tests of the journal: the n-th of a series, a minute after the one before. */

import { decidedInspection } from "../src/gateway/decided.ts";
import { type JudgePolicy, judge } from "../src/gateway/judge.ts";
import { decisionOf } from "../src/gateway/replay/decision-of.ts";
import { version } from "../src/gateway/version.ts";
import type { Decision, RecordedQuestion } from "../src/memory/journal.ts";
import { type Case, dmarcFail, established, historyOf, inputOf, signatureOf, spfOf, tokenOf } from "./decision-case.ts";
import { type Changes, inspectionWith } from "./inspections.ts";

export const seriesStart = Date.UTC(2026, 0, 10);

export type Said = Changes & {
  readonly tenant?: string;
  /** Milliseconds since 1970. */
  readonly at?: number;
  readonly questions?: readonly RecordedQuestion[];
};

export function decisionNumber(n: number, { tenant = "", at = seriesStart + n * 60_000, questions, ...changes }: Said = {}): Decision {
  const { headers: _, ...inspection } = inspectionWith(changes);
  const id = `${at.toString(16).padStart(12, "0")}${n.toString(16).padStart(16, "0")}`;
  return {
    tenant,
    inspection: { ...inspection, id, at: new Date(at).toISOString() },
    subject: null,
    matched: null,
    questions: questions ?? [question("_dmarc.contoso.com", "v=DMARC1; p=reject"), question(`sender-${n % 7}.example`, "v=spf1 -all")],
  };
}

export function question(name: string, text: string): RecordedQuestion {
  return { name, type: "TXT", answer: { status: "found", records: [text] } };
}

/** As inspect leaves it: decided by `policy` from what the case says. */
export function judgedDecision(n: number, one: Case, { policy = {}, ...said }: Said & { readonly policy?: JudgePolicy } = {}): Decision {
  const { tenant, inspection, questions } = decisionNumber(n, said);
  const input = inputOf(one);
  const facts = { ...input, from: { ...input.from, domains: input.from.domains ?? [] }, history: one.history ?? null, overrides: null };
  const { id, at } = inspection;
  const identity = { id, at, version, policyVersion: null, removals: [] };
  const decided = decidedInspection(identity, { ...facts, judgement: judge(facts, policy) }, policy);
  return decisionOf(decided, { tenant, subject: null, matched: null, policy, questions: questions.map(asAnswered) });
}

function asAnswered({ name, type, answer }: RecordedQuestion) {
  if (answer.status !== "found") return { name, type, answer };
  const records = answer.records.map((record) => (typeof record === "string" && type === "TXT" ? Buffer.from(record, "latin1") : record));
  return { name, type, answer: { status: "found", records, ttlSeconds: 300, authenticated: false } } as const;
}

/** The n-th message of an ordinary stream: most of it authenticates, some is forwarded, spoofed or sent by who never authenticates. */
export function trafficNumber(n: number, said: Said & { readonly policy?: JudgePolicy } = {}): Decision {
  const domain = `sender-${(n * 7919) % 3000}.example`;
  const from = { address: `user${n % 50}@${domain}`, domain, domains: [domain] };
  const transaction = {
    ip: `203.0.${n % 113}.${n % 250}`,
    mailFrom: `bounce+${n}@${domain}`,
    rcptTo: [`person${n % 900}@fabrikam.com`],
    messageId: `<${n}.x@${domain}>`,
  };
  const known = historyOf({
    organization: domain,
    from: established({ authenticated: (n % 90) + 0.123456789 }),
    contact: { wroteTo: n % 3, heardFrom: n % 5, firstDay: 20_000 },
  });
  const dkim = [signatureOf({ domain, alignedBestGuess: true, aligned: true, selector: `s${n % 9}` })];
  const kinds: readonly Case[] = [
    {
      dmarc: {
        result: "pass",
        reason: "aligned",
        domain,
        policyDomain: domain,
        policy: "reject",
        publishedPolicy: "reject",
        alignedBy: "dkim",
      },
      dkim,
      history: known,
    },
    { dmarc: { result: "bestguesspass", reason: "aligned", domain, alignedBy: "spf" }, spf: [spfOf({ domain })], history: known },
    {
      dmarc: { ...dmarcFail("reject"), domain, policyDomain: domain },
      history: known,
      spf: [spfOf({ result: "fail", domain, aligned: false })],
    },
    {
      dmarc: { ...dmarcFail("quarantine"), domain, policyDomain: domain },
      dkim: [{ ...dkim[0], result: "fail", reason: "body-hash", bodyResult: "fail" }] as typeof dkim,
      history: known,
    },
    {
      dmarc: { domain },
      history: historyOf({
        organization: domain,
        tokens: [tokenOf({ kind: "prefix", value: "203.0.113.0/24" }, { unauthenticated: 4, days: 3 })],
      }),
    },
  ];
  const kind = kinds[n % 20 < 12 ? 0 : n % 20 < 15 ? 1 : n % 20 === 15 ? 2 : n % 20 === 16 ? 3 : 4] ?? {};
  const questions = [
    question(`_dmarc.${domain}`, "v=DMARC1; p=reject"),
    question(`s${n % 9}._domainkey.${domain}`, `v=DKIM1; p=${Buffer.from(domain.repeat(12)).toString("base64")}`),
    question(domain, "v=spf1 ip4:203.0.113.0/24 -all"),
    { name: `${n % 250}.113.0.203.in-addr.arpa`, type: "PTR", answer: { status: "nxdomain" } } as const,
  ];
  return judgedDecision(n, { ...kind, from, transaction }, { questions, ...said });
}
