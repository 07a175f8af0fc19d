import assert from "node:assert/strict";
import { test } from "node:test";
import type { DmarcResult } from "../evidence/dmarc/result.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { FromResult } from "../evidence/from/result.ts";
import type { Transaction } from "../mail/transaction.ts";
import { decide } from "./decide.ts";
import { reasons } from "./reasons.ts";

const transaction: Transaction = {
  ip: "198.51.100.7",
  ptr: null,
  helo: "mail.example.com",
  mailFrom: "a@example.com",
  rcptTo: [],
  tls: null,
  authenticatedAs: null,
  listener: null,
  direction: "inbound",
  queueId: null,
  messageId: null,
  size: 100,
  trustedHop: null,
};
const validFrom: FromResult = {
  result: "valid",
  reason: null,
  address: "a@example.com",
  domain: "example.com",
  displayName: null,
  advice: [],
  domains: ["example.com"],
};
const dmarcNone: DmarcResult = {
  result: "none",
  reason: "no-record",
  domain: "example.com",
  policyDomain: null,
  publishedPolicy: null,
  policy: null,
  action: "none",
  alignedBy: null,
  alternative: null,
  testing: false,
  walked: [],
};
const spfPass: Evidence["spf"][number] = {
  identity: "mailfrom",
  domain: "example.com",
  result: "pass",
  reason: "matched",
  mechanism: "ip4:198.51.100.7",
  explanation: null,
  lookups: 0,
  voidLookups: 0,
  broad: false,
  aligned: true,
  alignedBestGuess: true,
};
function evidence(dmarc: Partial<DmarcResult>, spf: Evidence["spf"] = []): Evidence {
  return {
    defects: [],
    iprev: { result: "none", reason: "no-client", names: [], confirmed: 0, generic: false },
    spf,
    dkim: [],
    arc: { result: "none", reason: null, oldestPass: null, sets: [], trusted: false },
    dmarc: { ...dmarcNone, ...dmarc },
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
  };
}
const verdictOf = (dmarc: Partial<DmarcResult>, spf: Evidence["spf"] = [], from: FromResult = validFrom) => {
  const { compauth, reason } = decide({ transaction, from, evidence: evidence(dmarc, spf) }, null, {});
  return `${compauth} ${reason}`;
};

const rows: readonly [string, string, () => string][] = [
  [
    "row 1: authenticated submission is not judged",
    "none 300",
    () => {
      const input = { transaction: { ...transaction, authenticatedAs: "me" }, from: validFrom, evidence: evidence({}) };
      const { compauth, reason } = decide(input, null, {});
      return `${compauth} ${reason}`;
    },
  ],
  [
    "row 5: two author domains fail, even if DMARC passed for one",
    "fail 001",
    () =>
      verdictOf({ result: "permerror", reason: "author" }, [spfPass], {
        ...validFrom,
        result: "invalid",
        reason: "several-domains",
        domains: ["example.com", "evil.example"],
      }),
  ],
  [
    "row 5: several From fields of one domain still name no single author",
    "fail 001",
    () => verdictOf({ result: "pass", reason: "aligned" }, [], { ...validFrom, result: "invalid", reason: "several-fields" }),
  ],
  [
    "row 5: several mailboxes of one domain are evaluated normally",
    "pass 100",
    () => verdictOf({ result: "pass", reason: "aligned" }, [], { ...validFrom, result: "invalid", reason: "several-addresses" }),
  ],
  ["row 6: dmarc=pass", "pass 100", () => verdictOf({ result: "pass", reason: "aligned", alignedBy: "dkim" })],
  ["row 7: bestguesspass", "pass 109", () => verdictOf({ result: "bestguesspass", reason: "aligned" })],
  [
    "row 9: permerror of the record with an aligned pass",
    "pass 111",
    () => verdictOf({ result: "permerror", reason: "record" }, [spfPass]),
  ],
  [
    "row 9: the record's DNS failed, with an aligned pass",
    "pass 111",
    () => verdictOf({ result: "temperror", reason: "record-dns" }, [spfPass]),
  ],
  [
    "row 9: the record's DNS timed out, with an aligned pass",
    "pass 112",
    () => verdictOf({ result: "temperror", reason: "record-timeout" }, [spfPass]),
  ],
  [
    "row 9: a broad SPF pass vouches for nobody",
    "fail 001",
    () => verdictOf({ result: "permerror", reason: "record" }, [{ ...spfPass, broad: true }]),
  ],
  [
    "row 9: SPF for HELO is no author's identifier",
    "fail 001",
    () => verdictOf({ result: "permerror", reason: "record" }, [{ ...spfPass, identity: "helo" }]),
  ],
  [
    "row 9: a pass that is not aligned does not help",
    "fail 001",
    () => verdictOf({ result: "temperror", reason: "record-dns" }, [{ ...spfPass, aligned: false, alignedBestGuess: false }]),
  ],
  [
    "row 9 needs a pass: temperror of an identifier is undecided, not a pass",
    "fail 001",
    () => verdictOf({ result: "temperror", reason: "identifier-dns" }),
  ],
  [
    "row 13: fail under p=quarantine",
    "fail 000",
    () => verdictOf({ result: "fail", reason: "not-aligned", policy: "quarantine", publishedPolicy: "quarantine" }),
  ],
  [
    "row 13: fail under p=reject",
    "fail 000",
    () => verdictOf({ result: "fail", reason: "not-aligned", policy: "reject", publishedPolicy: "reject" }),
  ],
  [
    "row 13: t=y turned quarantine into none",
    "fail 001",
    () => verdictOf({ result: "fail", reason: "not-aligned", policy: "none", publishedPolicy: "quarantine", testing: true }),
  ],
  [
    "row 19: fail under p=none",
    "fail 001",
    () => verdictOf({ result: "fail", reason: "nothing-passed", policy: "none", publishedPolicy: "none" }),
  ],
  ["row 19: nothing published, nothing aligned", "fail 001", () => verdictOf({})],
];
for (const [name, expected, run] of rows) test(`compauth.md ${name}`, () => assert.equal(run(), expected));

test("the explanation lists each row that was weighed, the deciding one last", () => {
  const { facts } = decide({ transaction, from: validFrom, evidence: evidence({ result: "pass", reason: "aligned" }) }, null, {});
  const weighed = facts.filter((fact) => fact.id.startsWith("row-"));
  assert.deepEqual(
    weighed.map((fact) => [fact.id, fact.value]),
    [
      ["row-1", false],
      ["row-2", false],
      ["row-3", false],
      ["row-4", false],
      ["row-5", false],
      ["row-6", true],
    ],
  );
});

test("every reason code belongs to a row and says what the administrator needs", () => {
  for (const [code, reason] of Object.entries(reasons)) {
    assert.match(code, /^\d{3}$/);
    assert.ok(reason.cause.length > 0 && reason.meaning.length > 0 && reason.row > 0);
  }
});

test("library: the contract's fields of From and of an error from elsewhere are enough to decide", () => {
  const { domains: _, ...from } = validFrom;
  const fromElsewhere = { result: "temperror", reason: "dns" } as unknown as Partial<DmarcResult>; // a reason that is not ours
  const row = (dmarc: Partial<DmarcResult>, of = from) =>
    decide({ transaction, from: of, evidence: evidence(dmarc, [spfPass]) }, null, {}).reason;
  assert.equal(row({ result: "pass", reason: "aligned" }), "100");
  assert.equal(row({ result: "pass", reason: "aligned" }, { ...from, domain: null }), "001");
  assert.equal(row(fromElsewhere), "111");
  assert.equal(row({ result: "temperror", reason: "identifier-dns" }), "001");
});
