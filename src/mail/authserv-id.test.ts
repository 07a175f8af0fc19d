import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalAuthservId, spellings, trustedResults } from "./authserv-id.ts";
import { scanHeader } from "./header.ts";

const header = (...fields: readonly string[]) => scanHeader(Buffer.from(`${fields.join("\r\n")}\r\n`, "utf8"), "crlf");
const trusted = (ids: readonly string[], ...fields: readonly string[]) =>
  trustedResults(header(...fields), ids).map(
    (one) => `${one.authservId} ${one.results.map(({ method, result }) => `${method}=${result}`).join(" ")}`,
  );

test("authserv-ids compare without regard to case, final dot and form of an internationalized name", () => {
  assert.equal(canonicalAuthservId("MX.Example."), "mx.example");
  assert.equal(canonicalAuthservId("Bücher.example"), "xn--bcher-kva.example");
  assert.equal(canonicalAuthservId(" Not a Name "), "not a name");
  assert.deepEqual(spellings("bücher.example"), ["xn--bcher-kva.example", "bücher.example"]);
  assert.deepEqual(spellings("mx.example"), ["mx.example"]);
});

test("RFC 8601 §4.1: results are read from listed authserv-ids alone, topmost first", () => {
  const fields = [
    "Authentication-Results: filter.example; dkim=pass",
    "Authentication-Results: evil.example; dmarc=pass",
    "Subject: x",
    'Authentication-Results: "FILTER.example." 1; spf=fail',
  ];
  assert.deepEqual(trusted(["filter.example"], ...fields), ["filter.example dkim=pass", "FILTER.example. spf=fail"]);
  assert.deepEqual(trusted([], ...fields), []);
});

test("an internationalized authserv-id in UTF-8", () => {
  assert.deepEqual(trusted(["xn--bcher-kva.example"], "Authentication-Results: bücher.example; spf=pass"), ["bücher.example spf=pass"]);
});

test("what is not sound is not believed", () => {
  const fields = [
    "Authentication-Results : mx.example; spf=pass",
    "Authentication-Results\r\n : mx.example; spf=pass",
    "Authentication-Results: mx.example 2; spf=pass",
    "Authentication-Results: mx.example, x; spf=pass",
    "Authentication-Results: spf=pass; mx.example; dkim=pass",
    "ARC-Authentication-Results: i=1; mx.example; spf=pass",
    "Authentication-Results: mx.example.evil.example; spf=pass",
  ];
  assert.deepEqual(trusted(["mx.example"], ...fields), []);
});
