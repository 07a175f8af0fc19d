import { describe } from "node:test";
import { type DmarcCase, pass, reject, rows } from "../../../test/dmarc-case.ts";

describe("mode rfc7489", () => {
  const old = (input: DmarcCase): DmarcCase => ({ ...input, mode: "rfc7489" });
  const np = { "_dmarc.example.com": ["v=DMARC1; p=none; sp=quarantine; np=reject; t=y"] };
  rows([
    [
      "the organization by the list",
      old({ from: "a.b.example.com", spf: [pass("c.example.com")], zone: { "_dmarc.example.com": reject } }),
      { result: "pass", policyDomain: "example.com", walked: ["a.b.example.com", "example.com"] },
    ],
    [
      "neither np nor t",
      old({ from: "ghost.example.com", zone: np }),
      { policy: "quarantine", publishedPolicy: "quarantine", testing: false },
    ],
    [
      "§6.6.3 step 5: several records end discovery",
      old({ from: "a.example.com", zone: { "_dmarc.a.example.com": [...reject, ...reject], "_dmarc.example.com": reject } }),
      { result: "permerror", reason: "record" },
    ],
    [
      "§6.6.3 step 6: no p and no rua",
      old({ zone: { "_dmarc.example.com": ["v=DMARC1; sp=reject"] } }),
      { result: "permerror", reason: "record" },
    ],
    [
      "§6.6.3 step 6: no p with rua",
      old({ zone: { "_dmarc.example.com": ["v=DMARC1; sp=reject; rua=mailto:a@example.com"] } }),
      { result: "fail", policy: "none" },
    ],
    [
      "psd has no meaning",
      old({ from: "a.example.com", dkim: [pass("example.com")], zone: { "_dmarc.a.example.com": ["v=DMARC1; p=reject; psd=n"] } }),
      { result: "pass" },
    ],
    ["a record above the listed organization is not asked", old({ from: "a.corp", zone: { "_dmarc.corp": reject } }), { result: "none" }],
    [
      "strict alignment",
      old({ dkim: [pass("a.example.com")], zone: { "_dmarc.example.com": ["v=DMARC1; p=reject; adkim=s"] } }),
      { result: "fail" },
    ],
    ["pct is read as 100", old({ zone: { "_dmarc.example.com": ["v=DMARC1; p=reject; pct=0"] } }), { policy: "reject", action: "reject" }],
    [
      "temporary errors",
      old({ from: "a.example.com", zone: { "_dmarc.example.com": "timeout" } }),
      { result: "temperror", reason: "record-timeout" },
    ],
    ["best guess", old({ spf: [pass("a.example.com")], zone: {} }), { result: "bestguesspass" }],
  ]);
});

describe("mode compare", () => {
  rows([
    [
      "agreement",
      { mode: "compare", dkim: [pass("example.com")], zone: { "_dmarc.example.com": reject } },
      { result: "pass", alternative: { mode: "rfc7489", result: "pass", policy: "reject" } },
    ],
    [
      "several records",
      { mode: "compare", from: "a.example.com", zone: { "_dmarc.a.example.com": [...reject, ...reject], "_dmarc.example.com": reject } },
      { result: "fail", policy: "reject", alternative: { mode: "rfc7489", result: "permerror", policy: null } },
    ],
    [
      "a listed suffix with a record",
      { mode: "compare", from: "a.github.io", dkim: [pass("b.github.io")], zone: { "_dmarc.github.io": reject } },
      { result: "pass", alternative: { mode: "rfc7489", result: "none", policy: null } },
    ],
    ["without author", { mode: "compare", from: [], zone: {} }, { result: "permerror", alternative: null }],
    ["the default mode gives no alternative", { zone: {} }, { alternative: null }],
  ]);
});
