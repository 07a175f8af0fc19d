import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Changes, inspectionWith, signature, spf } from "../../../test/inspections.ts";
import type { Question } from "../../dns/budget.ts";
import { type ExitStatus, statusOf, worse } from "./exit-status.ts";
import { print } from "./lines.ts";
import type { Read } from "./read-envelope.ts";
import { inspectionLines } from "./render.ts";

const nothingRead: Read = { ip: null, helo: null, mailFrom: null, tls: null };

function rendered(changes: Changes, more: { read?: Read; questions?: readonly Question[]; brief?: boolean } = {}): string {
  const inspection = inspectionWith(changes);
  return print(
    inspectionLines({ inspection, read: more.read ?? nothingRead, questions: more.questions ?? null, brief: more.brief ?? false }),
    { colour: false },
  );
}

/** The contract's picture: an unsigned message in the name of a domain that publishes nothing. */
const invoice: Changes = {
  transaction: { ip: "198.51.100.7", ptr: "mail.evil.example", helo: "mail.evil.example", mailFrom: "billing@evil.example" },
  from: { address: "ceo@contoso.com" },
  evidence: {
    spf: [{ ...spf, domain: "evil.example", aligned: false, alignedBestGuess: false }],
    dkim: [],
    iprev: { result: "pass", reason: null, names: ["mail.evil.example"], confirmed: 1, generic: false },
    infrastructure: {
      ptrOrganization: "evil.example",
      confirmed: true,
      generic: false,
      prefix: "198.51.100.0/24",
      shared: null,
      fromMxHosts: null,
      fromNeighbours: null,
      fromSpf: null,
      fromHostsUnknown: false,
    },
    dmarc: {
      ...inspectionWith().evidence.dmarc,
      result: "none",
      reason: "no-record",
      policyDomain: null,
      publishedPolicy: null,
      policy: null,
      alignedBy: null,
      walked: ["contoso.com", "com"],
    },
  },
  verdict: { compauth: "fail", reason: "001", explanation: "Nobody vouches for this sender. contoso.com publishes no DMARC record." },
};

describe("the picture of the contract", () => {
  test("answer, why, evidence, what to do, where it was read", () => {
    const read: Read = {
      ip: "the Received field of mx.fabrikam.com",
      helo: "the Received field of mx.fabrikam.com",
      mailFrom: "Return-Path",
      tls: null,
    };
    assert.equal(
      rendered(invoice, { read }),
      `✗ fail 001   ceo@contoso.com   via 198.51.100.7 (mail.evil.example)
  Nobody vouches for this sender. contoso.com publishes no DMARC record.
    From   valid  contoso.com
    SPF    pass   evil.example        belongs to another organization
    DKIM   none   not signed
    DMARC  none   asked _dmarc.contoso.com, _dmarc.com
    PTR    pass   mail.evil.example   evil.example, another organization
    memory –      no store configured
  Would be delivered.
  If it is legitimate: contoso.com should publish SPF for 198.51.100.7 or sign with DKIM; or allow the pair here:
    assay allow contoso.com evil.example
  Read from the message: client and HELO from the Received field of mx.fabrikam.com; envelope sender from Return-Path.
`,
    );
  });

  test("a failure that nothing contradicts is delivered, and marked", () => {
    const marked = { id: "action-table", fact: "", value: "deliver-marked", weight: null, source: "policy" };
    const text = inspectionLines({
      inspection: { ...inspectionWith(invoice), actionFacts: [marked] },
      read: nothingRead,
      questions: null,
      brief: false,
    });
    assert.match(print(text, { colour: false }), /Would be delivered, marked as unverified \(too little is known about this pair\)\./);
  });

  test("a pass", () => {
    assert.equal(
      rendered({}),
      `✓ pass 100   ada@contoso.com   via 192.0.2.10 (mx.contoso.com)
  DMARC passed.
    From   valid  contoso.com
    SPF    pass   contoso.com      belongs to contoso.com
    DKIM   pass   contoso.com      belongs to contoso.com
    DMARC  pass   contoso.com      p=reject, by DKIM
    PTR    pass   mx.contoso.com   belongs to contoso.com
    memory –      no store configured
  Would be delivered.
`,
    );
    assert.equal(rendered({}, { brief: true }), "✓ pass 100   ada@contoso.com   via 192.0.2.10 (mx.contoso.com)\n");
  });
});

describe("rows", () => {
  const rows: readonly (readonly [what: string, changes: Changes, line: RegExp])[] = [
    ["no client known", { transaction: { ip: null } }, /^✓ pass 100 {3}ada@contoso.com {3}client unknown$/m],
    [
      "no confirmed name: the HELO, marked as such",
      { transaction: { ptr: null, helo: "x.example" } },
      /via 192\.0\.2\.10 \(HELO x\.example\)$/m,
    ],
    [
      "no author",
      { from: { result: "invalid", reason: "missing", address: null, domain: null } },
      /^ {4}From {3}invalid {2}no From field$/m,
    ],
    [
      "SPF -all",
      { evidence: { spf: [{ ...spf, result: "fail", mechanism: "-all" }] } },
      /^ {4}SPF {4}fail {3}contoso\.com {6}matches -all$/m,
    ],
    ["SPF +all", { evidence: { spf: [{ ...spf, broad: true }] } }, /belongs to contoso\.com, but the record lets almost anybody pass$/m],
    [
      "SPF temperror",
      { evidence: { spf: [{ ...spf, result: "temperror", reason: "dns" }] } },
      /temperror .*a DNS question was not answered$/m,
    ],
    [
      "HELO shows where it says something",
      { evidence: { spf: [spf, { ...spf, identity: "helo", domain: "h.example", result: "fail", mechanism: "-all" }] } },
      /^ {4}HELO {3}fail {3}h\.example .*matches -all$/m,
    ],
    [
      "DKIM: body changed, header intact",
      { evidence: { dkim: [{ ...signature, result: "fail", reason: "body-hash", bodyResult: "fail" }] } },
      /the body was changed after signing, the signed header fields are intact$/m,
    ],
    ["DKIM: many", { evidence: { dkim: Array.from({ length: 9 }, () => signature) } }, /^ {18}and 3 more \(--json lists all\)$/m],
    [
      "ARC",
      {
        evidence: {
          arc: {
            result: "pass",
            reason: null,
            oldestPass: 0,
            trusted: false,
            sets: [{ instance: 1, sealer: "lists.example", cv: "none", results: null, bound: true }],
          },
        },
      },
      /^ {4}ARC {4}pass {3}lists\.example {4}chain of 1, no sealer you trust$/m,
    ],
    [
      "DMARC test mode",
      { dmarc: { result: "fail", reason: "not-aligned", testing: true, policy: "quarantine" } },
      /p=reject \(t=y: testing\), nothing that passed belongs to contoso\.com$/m,
    ],
    ["compare", { dmarc: { alternative: { mode: "rfc7489", result: "fail", policy: "reject" } } }, /^ {11}fail {3}by RFC 7489, p=reject$/m],
    [
      "defects that matter",
      { evidence: { defects: ["leading-space", "lf-only", "nul"] } },
      /^ {4}Form {3}odd {4}the first line starts with space, a NUL byte$/m,
    ],
    [
      "display name",
      { from: { advice: ["address-in-display-name"], displayName: "ceo@contoso.com" } },
      /the display name shows another address: “ceo@contoso\.com”$/m,
    ],
  ];
  for (const [what, changes, line] of rows) test(what, () => assert.match(rendered(changes), line));
  test("line feeds alone are no defect worth a row", () => assert.doesNotMatch(rendered({ evidence: { defects: ["lf-only"] } }), /Form/));
});

describe("what to do", () => {
  const fail = { compauth: "fail", reason: "001", explanation: "x" } as const;
  const none = { result: "none", reason: "no-record" } as const;
  const cases: readonly (readonly [what: string, changes: Changes, line: RegExp | null])[] = [
    ["a pass needs no advice", {}, null],
    ["109: publish DMARC", { verdict: { reason: "109" } }, /Better still: contoso\.com should publish a DMARC record/],
    ["111: mend DMARC", { verdict: { reason: "111" } }, /mend its DMARC record/],
    [
      "SPF of its own that does not list the client",
      { verdict: fail, dmarc: none, evidence: { dkim: [], spf: [{ ...spf, result: "softfail" }] } },
      /should list 192\.0\.2\.10 in its SPF record or sign with DKIM/,
    ],
    [
      "no SPF at all",
      { verdict: fail, evidence: { dkim: [], spf: [{ ...spf, result: "none", reason: "no-record" }] } },
      /should publish SPF for 192\.0\.2\.10 or sign with DKIM/,
    ],
    ["no client", { verdict: fail, transaction: { ip: null }, evidence: { dkim: [], spf: [] } }, /No client address is known.*--ip/],
    [
      "a list changed the body",
      { verdict: fail, evidence: { spf: [], dkim: [{ ...signature, result: "fail", reason: "body-hash" }] } },
      /mailing list or gateway changed the body/,
    ],
    [
      "expired",
      { verdict: fail, evidence: { spf: [], dkim: [{ ...signature, result: "fail", reason: "expired" }] } },
      /it arrived after its signature had expired/,
    ],
    [
      "p=reject",
      { verdict: { ...fail, reason: "000" }, evidence: { dkim: [], spf: [] } },
      /must be signed with a DKIM key of contoso\.com/,
    ],
    [
      "two From fields",
      { verdict: fail, from: { result: "invalid", reason: "several-fields" }, dmarc: { result: "permerror", reason: "author" } },
      /one From field with one address/,
    ],
    ["undecided", { verdict: fail, dmarc: { result: "temperror", reason: "record-timeout" } }, /^ {2}Undecided: .*Try again later/m],
  ];
  for (const [what, changes, line] of cases) {
    test(what, () => {
      if (line === null) assert.doesNotMatch(rendered(changes), /If it|Better|Undecided/);
      else assert.match(rendered(changes), line);
    });
  }
});

describe("attack: text from outside never reaches the terminal raw", () => {
  const nasty = "\x1b[2J\x1b]0;owned\x07\u202emoc\u2066\u200b\r\nx\u009b31m";
  test("display name, address, names, mechanism, explanation, DNS answers", () => {
    const hostile: Changes = {
      transaction: { ptr: nasty, helo: nasty, ip: "192.0.2.1" },
      from: { address: `${nasty}@contoso.com`, displayName: nasty, domain: nasty, advice: ["invisible-characters"] },
      evidence: {
        spf: [{ ...spf, result: "fail", domain: nasty, mechanism: nasty }],
        dkim: [{ ...signature, domain: nasty, selector: nasty, comment: nasty, result: "fail", reason: "syntax" }],
        iprev: { result: "pass", reason: null, names: [nasty], confirmed: 1, generic: false },
        infrastructure: {
          ptrOrganization: nasty,
          confirmed: true,
          generic: false,
          prefix: null,
          shared: null,
          fromMxHosts: null,
          fromNeighbours: null,
          fromSpf: null,
          fromHostsUnknown: false,
        },
      },
      dmarc: { result: "none", reason: "no-record", policyDomain: null, walked: [nasty] },
      verdict: {
        compauth: "fail",
        reason: "001",
        explanation: nasty,
        facts: [{ id: "x", fact: nasty, value: nasty, weight: null, source: nasty }],
      },
    };
    const questions: Question[] = [
      {
        lane: "author",
        name: nasty,
        type: "TXT",
        answer: { status: "found", records: [Buffer.from(nasty)], ttlSeconds: 1, authenticated: false },
        startedAt: 0,
        ms: 1,
        left: 1,
        repeated: false,
      },
    ];
    const read: Read = { ip: nasty, helo: nasty, mailFrom: nasty, tls: nasty };
    const inspection = inspectionWith(hostile);
    for (const colour of [false, true]) {
      const text = print(inspectionLines({ inspection, read, questions, brief: false }), { colour });
      // What is left with our own colours taken away.
      const bare = text.replace(/\x1b\[[0-9;]*m/g, "");
      assert.doesNotMatch(bare, /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u200b-\u200f]/);
      assert.equal(text.includes("\x1b[2J") || text.includes("\x1b]"), false);
      assert.ok(bare.split("\n").length < 40);
    }
  });
  test("one screen, however long the values are", () => {
    const long = "x".repeat(100_000);
    const text = rendered({
      from: { address: `${long}@contoso.com`, displayName: long, domain: long },
      transaction: { ptr: long },
      verdict: { explanation: long },
    });
    assert.ok(text.length < 4000, `${text.length} characters`);
  });
  test("colour only where asked for", () => {
    const lines = inspectionLines({ inspection: inspectionWith(invoice), read: nothingRead, questions: null, brief: false });
    assert.equal(print(lines, { colour: false }).includes("\x1b"), false);
    assert.match(print(lines, { colour: true }), /\x1b\[31m✗ fail 001\x1b\[39m/);
  });
});

describe("--trace", () => {
  test("facts, and every question with lane, answer, time and what is left", () => {
    const question = { lane: "author", type: "TXT", startedAt: 0, ms: 12.4, left: 11, repeated: false } as const;
    const questions: Question[] = [
      {
        ...question,
        name: "_dmarc.contoso.com",
        answer: { status: "found", records: [Buffer.from("v=DMARC1; p=reject")], ttlSeconds: 300, authenticated: false },
      },
      {
        ...question,
        lane: "mailfrom",
        type: "MX",
        name: "contoso.com",
        answer: { status: "found", records: [{ preference: 10, exchange: "mx.contoso.com" }], ttlSeconds: 1, authenticated: false },
      },
      { ...question, lane: "iprev", type: "PTR", name: "x.arpa", answer: { status: "nxdomain" }, repeated: true },
      { ...question, lane: "dkim", name: "k._domainkey.contoso.com", answer: { status: "timeout", withheld: "budget" } },
    ];
    const text = rendered(
      { verdict: { facts: [{ id: "row-6", fact: "DMARC passed", value: true, weight: null, source: "evidence.dmarc" }] } },
      { questions },
    );
    assert.match(text, /^ {2}Weighed\n {4}DMARC passed {2}true$/m);
    assert.match(text, /^ {2}DNS, 4 questions\n {4}author {4}TXT {4}_dmarc\.contoso\.com {8}"v=DMARC1; p=reject" {2}12 ms, 11 left$/m);
    assert.match(text, /^ {4}mailfrom {2}MX {5}contoso\.com .* 10 mx\.contoso\.com {2}12 ms/m);
    assert.match(text, /PTR {4}x\.arpa .*no such name {2}asked before, 11 left$/m);
    assert.match(text, /not asked: the budget is used up/);
  });
});

describe("exit status (contract: Command line)", () => {
  const fail = { compauth: "fail", reason: "001" } as const;
  const cases: readonly (readonly [what: string, changes: Changes, status: ExitStatus])[] = [
    ["pass", {}, 0],
    ["softpass", { verdict: { compauth: "softpass" } }, 0],
    ["none", { verdict: { compauth: "none" } }, 0],
    ["fail", { verdict: fail }, 1],
    ["dmarc temperror", { verdict: fail, dmarc: { result: "temperror" } }, 3],
    ["dmarc temperror, yet a pass", { dmarc: { result: "temperror" } }, 0],
    ["an aligned signature is temperror", { verdict: fail, evidence: { dkim: [{ ...signature, result: "temperror", reason: "dns" }] } }, 3],
    [
      "a signature that would align by best guess",
      { verdict: fail, evidence: { dkim: [{ ...signature, result: "temperror", reason: "dns", aligned: false }] } },
      3,
    ],
    [
      "a stranger's temperror changes nothing",
      {
        verdict: fail,
        evidence: { spf: [], dkim: [{ ...signature, result: "temperror", reason: "dns", aligned: false, alignedBestGuess: false }] },
      },
      1,
    ],
    ["aligned SPF is temperror", { verdict: fail, evidence: { dkim: [], spf: [{ ...spf, result: "temperror", reason: "dns" }] } }, 3],
    [
      "HELO never aligns",
      { verdict: fail, evidence: { dkim: [], spf: [{ ...spf, identity: "helo", result: "temperror", reason: "dns" }] } },
      1,
    ],
  ];
  for (const [what, changes, status] of cases) test(what, () => assert.equal(statusOf(inspectionWith(changes)), status));

  test("of a batch the first of 2, 3, 1, 0 that occurred", () => {
    const all: readonly ExitStatus[] = [0, 1, 3, 2];
    for (const [i, one] of all.entries()) for (const [j, other] of all.entries()) assert.equal(worse(one, other), all[Math.max(i, j)]);
  });
});
