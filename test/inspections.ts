/** Inspections made by hand, for tests of what reads them. A pass by aligned DKIM from contoso.com, unless told otherwise. */
import type { DkimResult } from "../src/evidence/dkim/result.ts";
import type { DmarcResult } from "../src/evidence/dmarc/result.ts";
import type { Evidence } from "../src/evidence/evidence.ts";
import type { FromResult } from "../src/evidence/from/result.ts";
import type { Transaction } from "../src/mail/transaction.ts";
import type { Inspection } from "../src/stamp/inspection.ts";
import { decisivePolicy } from "../src/verdict/decisive-policy.ts";
import type { Verdict } from "../src/verdict/verdict.ts";

export type Changes = {
  readonly transaction?: Partial<Transaction>;
  readonly from?: Partial<FromResult>;
  readonly evidence?: Partial<Evidence>;
  readonly dmarc?: Partial<DmarcResult>;
  readonly verdict?: Partial<Verdict>;
};

export function inspectionWith(changes: Changes = {}): Inspection {
  const input = {
    transaction: { ...transaction, ...changes.transaction },
    from: { ...from, ...changes.from },
    evidence: { ...evidence, dmarc: { ...evidence.dmarc, ...changes.dmarc }, ...changes.evidence },
  };
  return {
    schemaVersion: 1,
    id: "0199c0ffee000123456789ab",
    at: "2025-11-21T10:00:00.000Z",
    version: "0.1.0",
    policyVersion: null,
    ...input,
    history: null,
    policy: decisivePolicy({}, input),
    verdict: { ...verdict, ...changes.verdict },
    standing: "unknown",
    suspicion: [],
    marks: { unverified: false, via: null },
    overrides: [],
    action: { kind: "deliver", smtp: null, withheld: true, perRecipient: [] },
    actionFacts: [],
    headers: [],
    removals: [],
  };
}

export const spf: Evidence["spf"][number] = {
  identity: "mailfrom",
  domain: "contoso.com",
  result: "pass",
  reason: "matched",
  mechanism: "ip4:192.0.2.0/24",
  explanation: null,
  lookups: 0,
  voidLookups: 0,
  broad: false,
  aligned: true,
  alignedBestGuess: true,
};

export const signature: DkimResult & { aligned: boolean; alignedBestGuess: boolean } = {
  result: "pass",
  reason: null,
  headerResult: "pass",
  bodyResult: "pass",
  domain: "contoso.com",
  selector: "s1",
  algorithm: "rsa-sha256",
  keyBits: 2048,
  bodyCovered: true,
  signatureStart: "dGVzdDE9",
  comment: null,
  aligned: true,
  alignedBestGuess: true,
};

const transaction: Transaction = {
  ip: "192.0.2.10",
  ptr: "mx.contoso.com",
  helo: "mx.contoso.com",
  mailFrom: "ada@contoso.com",
  rcptTo: [],
  tls: null,
  authenticatedAs: null,
  listener: null,
  direction: "inbound",
  queueId: null,
  messageId: null,
  size: 1000,
  trustedHop: null,
};

const from: FromResult = {
  result: "valid",
  reason: null,
  address: "ada@contoso.com",
  domain: "contoso.com",
  displayName: "Ada",
  advice: [],
  domains: ["contoso.com"],
};

const evidence: Evidence = {
  defects: [],
  iprev: { result: "pass", reason: null, names: ["mx.contoso.com"], confirmed: 1, generic: false },
  spf: [spf],
  dkim: [signature],
  arc: { result: "none", reason: null, oldestPass: null, sets: [], trusted: false },
  dmarc: {
    result: "pass",
    reason: "aligned",
    domain: "contoso.com",
    policyDomain: "contoso.com",
    publishedPolicy: "reject",
    policy: "reject",
    action: "none",
    alignedBy: "dkim",
    alternative: null,
    testing: false,
    walked: ["contoso.com"],
  },
  infrastructure: {
    ptrOrganization: "contoso.com",
    confirmed: true,
    generic: false,
    prefix: "192.0.2.0/24",
    shared: null,
    fromMxHosts: null,
    fromNeighbours: null,
    fromSpf: null,
    fromHostsUnknown: false,
  },
  bounceOf: null,
};

const verdict: Verdict = { compauth: "pass", reason: "100", explanation: "DMARC passed.", facts: [] };
