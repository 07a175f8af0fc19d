import assert from "node:assert/strict";
import { test } from "node:test";
import type { Answer, RecordType } from "../dns/answer.ts";
import type { Resolver } from "../dns/resolver.ts";
import { inspect } from "./inspect.ts";
import { evaluateDmarc, organizationalDomain } from "./mechanisms.ts";

const asked: string[] = [];
/** Publishes p=reject at example.com, and nothing else. */
const resolver: Resolver = {
  query<T extends RecordType>(name: string, type: T): Promise<Answer<T>> {
    asked.push(`${type} ${name}`);
    const there = name === "_dmarc.example.com" && type === "TXT";
    const answer: Answer<"TXT"> = there
      ? { status: "found", records: [Buffer.from("v=DMARC1; p=reject")], ttlSeconds: 60, authenticated: false }
      : { status: "nxdomain" };
    return Promise.resolve(answer as Answer<T>);
  },
};
const deps = { resolver, clock: () => 0 };

test("RFC 9989 §4.10.2: U-labels, capitals and a final dot make no difference", async () => {
  const found = await organizationalDomain("Mail.EXAMPLE.com.", deps);
  assert.equal(found.domain, "example.com");
  assert.deepEqual(found.walked, ["mail.example.com", "example.com", "com"]);
});

test("organizationalDomain gives the domain, the names asked and those with a record, and nothing else", async () => {
  assert.deepEqual(await organizationalDomain("a.example.com", deps), {
    domain: "example.com",
    walked: ["a.example.com", "example.com", "com"],
    found: ["example.com"],
  });
});

test("what is no domain name has no organization, and DNS is not asked", async () => {
  asked.length = 0;
  for (const name of ["", "a..b", "a b.example", "[192.0.2.1]"])
    assert.deepEqual(await organizationalDomain(name, deps), { domain: null, walked: [], found: [] });
  assert.deepEqual(asked, []);
});

test("RFC 9989 §5.3.1: without one author domain neither mode has a result of its own to show", async () => {
  const message = Buffer.from("From: a@example.com\r\nFrom: a@example.com\r\n\r\n");
  const { evidence } = await inspect({ message }, { ...deps, random: () => 0, authservId: "mx.test", policy: { dmarcMode: "compare" } });
  assert.equal(evidence.dmarc.result, "permerror");
  assert.deepEqual(evidence.dmarc.alternative, { mode: "rfc7489", result: "permerror", policy: "reject" });
});

test("RFC 9989 §5.3.1: evaluateDmarc with an author that cannot be read has no single author", async () => {
  const found = await evaluateDmarc({ from: ["example.com", "a..b"], spf: [{ result: "pass", domain: "example.com" }], dkim: [] }, deps);
  assert.deepEqual([found.result, found.reason], ["permerror", "author"]);
});
