/** Evidence for tests of the stamp: everything at its plainest, and what a test is about in its place. */
import type { ArcResult } from "../src/evidence/arc/result.ts";
import type { DkimResult } from "../src/evidence/dkim/result.ts";
import type { DmarcResult } from "../src/evidence/dmarc/result.ts";
import type { Evidence } from "../src/evidence/evidence.ts";
import type { IprevResult } from "../src/evidence/iprev/result.ts";
import type { SpfResult } from "../src/evidence/spf/result.ts";
import type { StampInput } from "../src/stamp/rfc8601.ts";
import type { Verdict } from "../src/verdict/verdict.ts";

export type StampCase = {
  readonly ip?: string | null;
  readonly mailFrom?: string | null;
  readonly helo?: string | null;
  readonly fromDomain?: string | null;
  readonly fromAddress?: string | null;
  readonly spf?: Evidence["spf"];
  readonly dkim?: Evidence["dkim"];
  readonly dmarc?: DmarcResult;
  readonly arc?: Pick<ArcResult, "result" | "reason" | "oldestPass">;
  readonly iprev?: Pick<IprevResult, "result" | "reason">;
  readonly verdict?: Pick<Verdict, "compauth" | "reason">;
};

const alignment = { aligned: false, alignedBestGuess: false };

export function spf(more: Partial<SpfResult>): Evidence["spf"][number] {
  const plain = { identity: "mailfrom", domain: null, result: "none", reason: "no-record", mechanism: null, explanation: null } as const;
  return { ...plain, lookups: 0, voidLookups: 0, broad: false, ...alignment, ...more };
}

export function dkim(more: Partial<DkimResult>): Evidence["dkim"][number] {
  const plain = { result: "pass", reason: null, headerResult: "pass", bodyResult: "pass", domain: "example.com", selector: "s" } as const;
  const key = { algorithm: "rsa-sha256", keyBits: 2048, bodyCovered: true, signatureStart: "AbCdEfGh", comment: null };
  return { ...plain, ...key, ...alignment, ...more };
}

export function dmarc(more: Partial<DmarcResult>): DmarcResult {
  const plain = { result: "none", reason: "no-record", domain: "example.com", policyDomain: null, publishedPolicy: null } as const;
  return { ...plain, policy: null, action: "none", alignedBy: null, alternative: null, testing: false, walked: [], ...more };
}

export function stampInput(input: StampCase): StampInput {
  const { ip = "192.0.2.1", helo = "mail.example.com", mailFrom = "a@example.com" } = input;
  const { fromDomain = "example.com", fromAddress = null } = input;
  return {
    transaction: {
      ip,
      ptr: null,
      helo,
      mailFrom,
      rcptTo: [],
      tls: null,
      authenticatedAs: null,
      listener: null,
      direction: "inbound",
      queueId: null,
      messageId: null,
      size: null,
      trustedHop: null,
    },
    from: { result: "valid", reason: null, address: fromAddress, domain: fromDomain, displayName: null, advice: [], domains: [] },
    evidence: {
      defects: [],
      iprev: { result: "pass", reason: null, names: [], confirmed: 0, generic: false, ...input.iprev },
      spf: input.spf ?? [spf({})],
      dkim: input.dkim ?? [],
      arc: { result: "none", reason: null, oldestPass: null, sets: [], trusted: false, ...input.arc },
      dmarc: input.dmarc ?? dmarc({}),
      infrastructure: {
        ptrOrganization: null,
        confirmed: false,
        generic: false,
        prefix: null,
        shared: null,
        fromMxHosts: null,
        fromNeighbours: null,
        fromSpf: null,
        fromHostsUnknown: false,
      },
      bounceOf: null,
    },
    verdict: { compauth: "fail", reason: "001", explanation: "", facts: [], ...input.verdict },
  };
}
