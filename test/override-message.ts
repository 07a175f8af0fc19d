/** Messages for the tests of overrides: as little as a test says, the rest as an ordinary inbound message from a stranger has it. */
import type { DmarcResult } from "../src/evidence/dmarc/result.ts";
import type { Evidence } from "../src/evidence/evidence.ts";
import { infrastructureOf } from "../src/evidence/infrastructure/client.ts";
import { domainOfAddress } from "../src/verdict/overrides/address-form.ts";
import type { PairMessage } from "../src/verdict/overrides/pair-keys.ts";

export type Said = {
  readonly ip?: string | null;
  readonly from?: string;
  /** Every author domain; default the one of `from`. */
  readonly authors?: readonly string[];
  readonly mailFrom?: string | null;
  readonly rcptTo?: readonly string[];
  readonly direction?: "inbound" | "outbound";
  /** d= of signatures that verify. */
  readonly signers?: readonly string[];
  /** Names that resolve back, then those that do not. */
  readonly names?: readonly string[];
  readonly unconfirmed?: readonly string[];
  readonly ptrDns?: "fails";
  readonly dmarc?: Partial<DmarcResult>;
  readonly spf?: Partial<Evidence["spf"][number]>;
  readonly dkim?: readonly Evidence["dkim"][number][];
};

export function messageOf(said: Said): PairMessage {
  const from = said.from ?? "ann@contoso.com";
  const domain = domainOfAddress(from);
  const domains = said.authors ?? (domain === null ? [] : [domain]);
  const ip = said.ip === undefined ? "198.51.100.7" : said.ip;
  const single = domains.length === 1;
  const iprev = iprevOf(said);
  return {
    transaction: {
      ip,
      ptr: said.names?.[0] ?? null,
      helo: "mail.evil.example",
      mailFrom: said.mailFrom === undefined ? "bounce@evil.example" : said.mailFrom,
      rcptTo: said.rcptTo ?? ["bob@fabrikam.com"],
      tls: null,
      authenticatedAs: null,
      listener: null,
      direction: said.direction ?? "inbound",
      queueId: null,
      messageId: null,
      size: 100,
      trustedHop: null,
    },
    from: {
      result: single ? "valid" : "invalid",
      reason: single ? null : "several-domains",
      address: from,
      domain,
      displayName: null,
      advice: [],
      domains,
    },
    evidence: {
      defects: [],
      iprev,
      spf: said.spf === undefined ? [] : [{ ...spfNone, ...said.spf }],
      dkim: said.dkim ?? (said.signers ?? []).map(signature),
      arc: { result: "none", reason: null, oldestPass: null, sets: [], trusted: false },
      dmarc: { ...dmarcNone, domain, ...said.dmarc },
      infrastructure: infrastructureOf(ip, iprev),
      bounceOf: null,
    },
  };
}

function iprevOf({ names = [], unconfirmed = [], ptrDns }: Said): Evidence["iprev"] {
  const all = { names: [...names, ...unconfirmed], confirmed: names.length, generic: false };
  if (ptrDns === "fails") return { result: "temperror", reason: "ptr-dns", ...all };
  if (names.length > 0) return { result: "pass", reason: null, ...all };
  return unconfirmed.length > 0 ? { result: "fail", reason: "not-confirmed", ...all } : { result: "permerror", reason: "no-ptr", ...all };
}

export function signature(domain: string): Evidence["dkim"][number] {
  return {
    result: "pass",
    reason: null,
    headerResult: "pass",
    bodyResult: "pass",
    domain,
    selector: "s1",
    algorithm: "rsa-sha256",
    keyBits: 2048,
    bodyCovered: true,
    signatureStart: "abcdefgh",
    comment: null,
    aligned: false,
    alignedBestGuess: false,
  };
}

const spfNone: Evidence["spf"][number] = {
  identity: "mailfrom",
  domain: "evil.example",
  result: "none",
  reason: "no-record",
  mechanism: null,
  explanation: null,
  lookups: 0,
  voidLookups: 0,
  broad: false,
  aligned: false,
  alignedBestGuess: false,
};

const dmarcNone: DmarcResult = {
  result: "none",
  reason: "no-record",
  domain: null,
  policyDomain: null,
  publishedPolicy: null,
  policy: null,
  action: "none",
  alignedBy: null,
  alternative: null,
  testing: false,
  walked: [],
};
