import { describe } from "node:test";
import { type DmarcCase, pass, reject, rows } from "../../../test/dmarc-case.ts";
import type { DnsTable } from "../../../test/dns-table.ts";

describe("RFC 9989 §4.10.1: policy discovery", () => {
  const sub = (record: string, more: DnsTable = {}): DmarcCase => ({
    from: "sub.example.com",
    zone: { "_dmarc.example.com": [record], "A sub.example.com": ["192.0.2.1"], ...more },
  });
  rows([
    [
      "no record: DMARC does not apply",
      { zone: {} },
      {
        result: "none",
        reason: "no-record",
        policyDomain: null,
        publishedPolicy: null,
        policy: null,
        action: "none",
        walked: ["example.com", "com"],
      },
    ],
    [
      "p for the domain itself",
      { zone: { "_dmarc.example.com": ["v=DMARC1; p=quarantine; sp=reject; np=reject"] } },
      { policy: "quarantine", policyDomain: "example.com", action: "quarantine", walked: ["example.com"] },
    ],
    [
      "sp for a subdomain",
      sub("v=DMARC1; p=reject; sp=quarantine"),
      { policy: "quarantine", policyDomain: "example.com", domain: "sub.example.com", walked: ["sub.example.com", "example.com", "com"] },
    ],
    ["p without sp", sub("v=DMARC1; p=reject"), { policy: "reject" }],
    ["np only where the domain does not exist: it does", sub("v=DMARC1; p=none; sp=quarantine; np=reject"), { policy: "quarantine" }],
    [
      "np: NXDOMAIN",
      { from: "ghost.example.com", zone: { "_dmarc.example.com": ["v=DMARC1; p=none; sp=quarantine; np=reject"] } },
      { policy: "reject", publishedPolicy: "reject", action: "reject" },
    ],
    ["np: no data is existence", sub("v=DMARC1; p=none; np=reject", { "A sub.example.com": "nodata" }), { policy: "none" }],
    [
      "np absent: sp, also for what does not exist",
      { from: "ghost.example.com", zone: { "_dmarc.example.com": ["v=DMARC1; p=none; sp=quarantine"] } },
      { policy: "quarantine" },
    ],
    [
      "np without sp",
      { from: "ghost.example.com", zone: { "_dmarc.example.com": ["v=DMARC1; p=reject; np=none"] } },
      { policy: "none", action: "none", result: "fail" },
    ],
    [
      "the author's own record before the organization's",
      { from: "sub.example.com", zone: { "_dmarc.sub.example.com": ["v=DMARC1; p=none; sp=reject"], "_dmarc.example.com": reject } },
      { policy: "none", policyDomain: "sub.example.com" },
    ],
    [
      "a record between author and organization is not the policy",
      { from: "a.mail.example.com", zone: { "_dmarc.mail.example.com": reject, "_dmarc.example.com": ["v=DMARC1; p=quarantine"] } },
      { policy: "quarantine", policyDomain: "example.com" },
    ],
    [
      "psd=n in between is",
      {
        from: "a.mail.example.com",
        zone: { "_dmarc.mail.example.com": ["v=DMARC1; p=reject; sp=none; psd=n"], "_dmarc.example.com": ["v=DMARC1; p=quarantine"] },
      },
      { policy: "none", policyDomain: "mail.example.com" },
    ],
    [
      "the PSD's record where the organization has none",
      { from: "a.shop.bank.example", zone: { "_dmarc.bank.example": ["v=DMARC1; p=none; sp=reject; psd=y"] } },
      { policy: "reject", policyDomain: "bank.example" },
    ],
    [
      "psd=y at the immediate parent: the author is the organization",
      { from: "shop.bank.example", zone: { "_dmarc.bank.example": ["v=DMARC1; p=none; np=quarantine; psd=y"] } },
      { policy: "quarantine", policyDomain: "bank.example" },
    ],
    [
      "the PSD's record gives way to the organization's",
      {
        from: "a.shop.bank.example",
        zone: { "_dmarc.bank.example": ["v=DMARC1; p=reject; psd=y"], "_dmarc.shop.bank.example": ["v=DMARC1; p=none"] },
      },
      { policy: "none", policyDomain: "shop.bank.example" },
    ],
    [
      "the author is the PSD",
      { from: "bank.example", zone: { "_dmarc.bank.example": ["v=DMARC1; p=quarantine; psd=y"] } },
      { policy: "quarantine", policyDomain: "bank.example" },
    ],
    [
      "several records at the author: the parent's sp is used",
      {
        from: "sub.example.com",
        zone: { "_dmarc.sub.example.com": [...reject, "v=DMARC1; p=none"], "_dmarc.example.com": ["v=DMARC1; p=none; sp=quarantine"] },
      },
      { policy: "quarantine" },
    ],
    [
      "p missing is p=none (§4.7)",
      { zone: { "_dmarc.example.com": ["v=DMARC1; sp=reject"] } },
      { result: "fail", policy: "none", action: "none" },
    ],
    ["pct is history", { zone: { "_dmarc.example.com": ["v=DMARC1; p=reject; pct=0"] } }, { policy: "reject", action: "reject" }],
  ]);
});

describe("RFC 9989 §4.7 t: test mode", () => {
  const t = (policy: string) => ({ zone: { "_dmarc.example.com": [`v=DMARC1; p=${policy}; t=Y`] } });
  rows([
    ["reject becomes quarantine", t("reject"), { publishedPolicy: "reject", policy: "quarantine", action: "quarantine", testing: true }],
    ["quarantine becomes none", t("quarantine"), { publishedPolicy: "quarantine", policy: "none", action: "none", testing: true }],
    ["none stays", t("none"), { publishedPolicy: "none", policy: "none", testing: true }],
    [
      "sp too",
      { from: "a.example.com", zone: { "_dmarc.example.com": ["v=DMARC1; p=none; sp=reject; t=y"] } },
      { publishedPolicy: "reject", policy: "quarantine" },
    ],
  ]);
});

describe("RFC 9989 §4.10.1: an invalid policy", () => {
  const rua = "rua=mailto:d@example.com";
  for (const tag of ["p=bogus", "p=reject; sp=bogus", "p=reject; np=bogus", "p="]) {
    rows([
      [
        `${tag} with a valid rua is p=none as a whole`,
        { from: "sub.example.com", zone: { "_dmarc.example.com": [`v=DMARC1; ${tag}; ${rua}`] } },
        { result: "fail", publishedPolicy: "none", policy: "none", policyDomain: "example.com" },
      ],
      [
        `${tag} without rua: no DMARC; permerror of the record`,
        { zone: { "_dmarc.example.com": [`v=DMARC1; ${tag}`] } },
        { result: "permerror", reason: "record", policyDomain: null, policy: null, action: "none" },
      ],
    ]);
  }
  rows([
    [
      "alignment modes of such a record still hold",
      { dkim: [pass("a.example.com")], zone: { "_dmarc.example.com": [`v=DMARC1; p=bogus; adkim=s; ${rua}`] } },
      { result: "fail", policy: "none" },
    ],
    [
      "discovery does not go past it",
      { from: "sub.example.com", zone: { "_dmarc.sub.example.com": ["v=DMARC1; p=bogus"], "_dmarc.example.com": reject } },
      { result: "permerror", walked: ["sub.example.com"] },
    ],
  ]);
});

describe("design/compauth.md: permerror of the record", () => {
  const two = [...reject, "v=DMARC1; p=none"];
  rows([
    ["several records at the author, nothing above", { zone: { "_dmarc.example.com": two } }, { result: "permerror", reason: "record" }],
    [
      "several records at the organization by the list",
      { from: "a.b.example.co.uk", zone: { "_dmarc.example.co.uk": two } },
      { result: "permerror", reason: "record" },
    ],
    [
      "several records in between are nobody's claim",
      { from: "a.b.example.com", zone: { "_dmarc.b.example.com": two } },
      { result: "none", reason: "no-record" },
    ],
    ["a record without separator", { zone: { "_dmarc.example.com": ["v=DMARC1 p=reject"] } }, { result: "permerror", reason: "record" }],
    [
      "such a one beside a good one is discarded (§4.10 step 2)",
      { zone: { "_dmarc.example.com": ["v=DMARC1 p=none", ...reject] } },
      { result: "fail", policy: "reject" },
    ],
    [
      "a record past the limits",
      { zone: { "_dmarc.example.com": [`v=DMARC1; p=reject; x=${"y".repeat(5000)}`] } },
      { result: "permerror", reason: "record" },
    ],
    [
      "another version claims nothing",
      { zone: { "_dmarc.example.com": ["v=DMARC2; p=reject", "v=dmarc1; p=reject"] } },
      { result: "none" },
    ],
    [
      "a usable record above settles it",
      { from: "sub.example.com", zone: { "_dmarc.sub.example.com": two, "_dmarc.example.com": reject } },
      { result: "fail", policy: "reject" },
    ],
    [
      "an aligned pass does not change the word",
      { spf: [pass("example.com")], zone: { "_dmarc.example.com": two } },
      { result: "permerror", alignedBy: null },
    ],
  ]);
});
