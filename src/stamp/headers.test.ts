import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspectionWith } from "../../test/inspections.ts";
import { parseAuthenticationResults } from "../mail/authentication-results.ts";
import { scanHeader } from "../mail/header.ts";
import type { Policy } from "../verdict/policy.ts";
import { folded, foldedField } from "./fold.ts";
import { headersOf, removalsOf } from "./headers.ts";
import { parseReport } from "./report.ts";

const message = [
  "Authentication-Results: spf=pass smtp.mailfrom=a.example",
  "Authentication-Results: mx.fabrikam.com; dmarc=pass",
  "Authentication-Results: fabrikam.com; dkim=none header.d=none;fabrikam.com; dmarc=pass",
  "X-Assay-Report: V:1;",
  "DKIM-Signature: v=1; a=rsa-sha256; d=Contoso.COM; s=s1; h=from; bh=x; b=y",
];
const header = scanHeader(Buffer.from(`${message.join("\r\n")}\r\n`), "crlf");
const context = (policy: Policy) => ({ header, authservId: "mx.fabrikam.com", policy, stamps: [], assignedFrom: null });
const stamped = (policy: Policy) => headersOf(inspectionWith(), context(policy));
const names = (policy: Policy) => stamped(policy).map((field) => field.slice(0, field.indexOf(":")));

describe("contract, Stamp: which fields are written", () => {
  test("rfc8601 is the default", () => {
    assert.deepEqual(names({}), ["Authentication-Results", "X-Assay-Report"]);
    assert.deepEqual(stamped({ stampFormat: "rfc8601" }), stamped({}));
    assert.equal(parseAuthenticationResults(stamped({})[0] ?? "")?.authservId, "mx.fabrikam.com");
  });
  test("eop: Received-SPF too, names as they were sent", () => {
    assert.deepEqual(names({ stampFormat: "eop" }), ["Authentication-Results", "Received-SPF", "X-Assay-Report"]);
    assert.match(stamped({ stampFormat: "eop" })[0] ?? "", /^Authentication-Results: spf=pass [\s\S]*header\.d=Contoso\.COM;dmarc=/);
  });
  test("eop with a recipient domain", () => {
    const text = stamped({ stampFormat: "eop", stampEopRecipientDomain: "fabrikam.com" })[0]?.replaceAll("\r\n", "");
    assert.match(text ?? "", /smtp\.mailfrom=contoso\.com; fabrikam\.com; dkim=.* header\.d=Contoso\.COM; fabrikam\.com; dmarc=/);
  });
  test("compauth = false leaves it to the report, in both forms", () => {
    for (const stampFormat of ["rfc8601", "eop"] as const) {
      const [results = "", ...others] = stamped({ stampFormat, stampCompauth: false });
      assert.doesNotMatch(results, /compauth/);
      assert.equal(parseReport(others.at(-1) ?? "")?.compauth, "pass");
    }
  });
});

test("what is removed follows from what is written", () => {
  const removed = (policy: Policy) => removalsOf(context(policy)).map(({ name, index }) => `${name} ${index}`);
  assert.deepEqual(removed({}), ["x-assay-report 1", "authentication-results 2"]);
  assert.deepEqual(removed({ stampFormat: "eop" }), ["x-assay-report 1", "authentication-results 2", "authentication-results 1"]);
  assert.deepEqual(removed({ stampFormat: "eop", stampEopRecipientDomain: "Fabrikam.com" }), [
    "x-assay-report 1",
    "authentication-results 3",
    "authentication-results 2",
    "authentication-results 1",
  ]);
  assert.deepEqual(removed({ authservIds: ["fabrikam.com"] }), [
    "x-assay-report 1",
    "authentication-results 3",
    "authentication-results 2",
  ]);
});

describe("RFC 5322 §2.1.1: folds", () => {
  const at = (bytes: number) => foldedField("X", `${"a".repeat(bytes)} b`);
  test("a line of 78 characters is not broken, one of 79 is", () => {
    assert.deepEqual([at(73).split("\r\n").length, at(74).split("\r\n").length], [1, 2]);
  });
  test("a word longer than a line has one to itself", () => {
    assert.equal(foldedField("X", `a ${"b".repeat(100)} c`), `X: a\r\n ${"b".repeat(100)}\r\n c`);
  });
  test("nothing between parts on one line", () =>
    assert.equal(folded("X", ["a;", "b;", "c".repeat(80)], ""), `X: a;b;\r\n ${"c".repeat(80)}`));
});
