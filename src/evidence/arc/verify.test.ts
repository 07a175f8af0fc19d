import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { rsaTestKey, type SealOptions, sealed, type TestDns, type TestMessage, testDns, written } from "../../../test/signer.ts";
import { limits } from "../../base/limits.ts";
import { readBody } from "../../mail/body.ts";
import { openMessage } from "../../mail/message.ts";
import { bodyHashes } from "../signature/body-hash.ts";
import type { ArcResult } from "./result.ts";
import { prepareArc } from "./verify.ts";

const now = Date.UTC(2026, 10, 21);
const key = rsaTestKey(1024);
const at = "sel._domainkey.example.com";
const message: TestMessage = { headers: ["From: a@example.com", "To: b@example.net", "Subject: s"], body: "text\r\n" };

async function validate(
  source: TestMessage | Buffer,
  dns: TestDns = testDns({ [at]: [key.record] }),
  trustedSealers: readonly string[] = [],
): Promise<ArcResult> {
  const opened = await openMessage(Buffer.isBuffer(source) ? source : written(source));
  const arc = prepareArc(opened.header, { dns, clock: () => now, trustedSealers });
  const bodies = bodyHashes(arc.bodyHashes, opened.header.lineEnd);
  await readBody(opened.body, opened.header.lineEnd, [bodies]);
  return arc.finish(bodies);
}

/** `count` sets; `change` touches the message before set i + 1 is put on, as a list does. */
function chain(
  count: number,
  options: Partial<SealOptions> & { change?: (message: TestMessage, i: number) => TestMessage } = {},
): TestMessage {
  let source = message;
  for (let i = 1; i <= count; i += 1) {
    source = sealed(source, { key, ...options, instance: i });
    source = options.change?.(source, i) ?? source;
  }
  return source;
}

/** RFC 8617 §5.1.1: octets that the seals of a chain cover, in sum; the fields here are canonical but for their names and one space. */
function sealedBytes({ headers }: TestMessage): number {
  let covered = 0;
  let sum = 0;
  for (const set of [...Array(limits.arcSetsMax).keys()]) {
    const fields = headers.filter((field) => new RegExp(`^ARC-[A-Za-z-]+: i=${set + 1};`).test(field));
    for (const field of fields)
      covered +=
        field
          .replaceAll(/[ \t\r\n]+/g, " ")
          .replace(": ", ":")
          .replace(/ $/, "").length + 2;
    sum += covered;
  }
  return sum;
}

function outcome({ result, reason, oldestPass }: ArcResult): readonly (string | number | null)[] {
  return [result, reason, oldestPass];
}

describe("RFC 8617 §5.2 chains", () => {
  test("step 1: no ARC field", async () => {
    const dns = testDns({});
    assert.deepEqual(await validate(message, dns), { result: "none", reason: null, oldestPass: null, sets: [], trusted: false });
    assert.deepEqual(dns.asked, []);
  });
  for (const count of [1, 2, 3, 8]) {
    test(`${count} sound sets; one question for each key`, async () => {
      const dns = testDns({ [at]: [key.record] });
      const result = await validate(chain(count), dns);
      assert.deepEqual(outcome(result), ["pass", null, 0]);
      assert.deepEqual(dns.asked, [at]);
      assert.deepEqual(
        result.sets.map(({ instance, sealer, cv, bound }) => [instance, sealer, cv, bound]),
        Array.from({ length: count }, (_, i) => [i + 1, "example.com", i === 0 ? "none" : "pass", true]),
      );
    });
  }
  test("as an LF message", async () => {
    const source = written(chain(2)).toString("latin1").replaceAll("\r\n", "\n");
    assert.deepEqual(outcome(await validate(Buffer.from(source, "latin1"))), ["pass", null, 0]);
  });
  test("the sets carry their results", async () => {
    const [set] = (await validate(chain(1))).sets;
    assert.equal(set?.results?.authservId, "sealer.example");
    assert.deepEqual(
      set.results.results.map(({ method, result }) => [method, result]),
      [
        ["spf", "pass"],
        ["dkim", "pass"],
      ],
    );
  });
  test("step 4: the body changed after the newest set", async () => {
    const { headers } = chain(2);
    assert.deepEqual(outcome(await validate({ headers, body: "other\r\n" })), ["fail", "message-signature", null]);
  });
  test("step 4: a signed field changed after the newest set", async () => {
    const { headers, body } = chain(2);
    assert.deepEqual(outcome(await validate({ headers: headers.map((field) => field.replace("Subject: s", "Subject: t")), body })), [
      "fail",
      "message-signature",
      null,
    ]);
  });
  for (const changedAfter of [1, 2, 3]) {
    test(`step 5: of four sets, the body changed after set ${changedAfter}: oldest-pass ${changedAfter + 1}`, async () => {
      const source = chain(4, { change: (one, i) => (i === changedAfter ? { ...one, body: `${one.body}footer\r\n` } : one) });
      assert.deepEqual(outcome(await validate(source)), ["pass", null, changedAfter + 1]);
    });
  }
  test("step 5: an older message signature that is not sound does not break the chain", async () => {
    const source = chain(2, {
      change: (one, i) =>
        i === 1 ? { ...one, headers: one.headers.map((field) => field.replace("a=rsa-sha256; c=", "a=rsa-sha1; c=")) } : one,
    });
    // The seal of set 1 covers its message signature, and was made over the sound one.
    assert.deepEqual(outcome(await validate(source)), ["fail", "seal", null]);
    const weak = chain(2, { algorithm: "rsa-sha1" });
    const { headers, body } = sealed(weak, { key, instance: 3 });
    assert.deepEqual(outcome(await validate({ headers, body })), ["pass", null, 3]);
  });
  for (const name of ["ARC-Authentication-Results: i=1;", "ARC-Seal: i=1;", "ARC-Authentication-Results: i=2;"]) {
    test(`step 6: ${name} changed after it was sealed`, async () => {
      const { headers, body } = chain(2);
      const changed = headers.map((field) => (field.startsWith(name) ? field.replace(name, `${name} x=y;`) : field));
      assert.deepEqual(outcome(await validate({ headers: changed, body })), ["fail", "seal", null]);
    });
  }
});

describe("RFC 8617 §5.2 step 3: structure, before any key is asked for", () => {
  const two = chain(2);
  const replaced = (from: string | RegExp, to: string): TestMessage => {
    const headers = two.headers.map((field) => field.replace(from, to));
    assert.notDeepEqual(headers, two.headers);
    return { headers, body: two.body };
  };
  const without = (start: string): TestMessage => ({ headers: two.headers.filter((field) => !field.startsWith(start)), body: two.body });
  const doubled = (start: string): TestMessage => ({
    headers: two.headers.flatMap((field) => (field.startsWith(start) ? [field, field] : [field])),
    body: two.body,
  });
  const cases: readonly (readonly [name: string, source: TestMessage, reason: string])[] = [
    ["§4.2.1 no set 1", { headers: two.headers.filter((field) => !/^ARC.*i=1;/.test(field)), body: two.body }, "structure"],
    ["no seal in set 1", without("ARC-Seal: i=1;"), "structure"],
    ["no message signature in set 2", without("ARC-Message-Signature: i=2;"), "structure"],
    ["no results in set 2", without("ARC-Authentication-Results: i=2;"), "structure"],
    ["two seals in set 1", doubled("ARC-Seal: i=1;"), "structure"],
    ["two message signatures in set 1", doubled("ARC-Message-Signature: i=1;"), "structure"],
    ["two results in set 2", doubled("ARC-Authentication-Results: i=2;"), "structure"],
    ["§3.9 an instance of three digits", replaced("ARC-Seal: i=2;", "ARC-Seal: i=002;"), "structure"],
    ["an instance of 0", replaced("ARC-Seal: i=2;", "ARC-Seal: i=0;"), "structure"],
    ["an instance that is no number", replaced("ARC-Seal: i=2;", "ARC-Seal: i=two;"), "structure"],
    ["§4.1.1 results without an instance", replaced("ARC-Authentication-Results: i=2;", "ARC-Authentication-Results:"), "structure"],
    ["§4.1.3 a seal with h=", replaced("ARC-Seal: i=2;", "ARC-Seal: i=2; h=from;"), "structure"],
    ["a seal without cv=", replaced("cv=pass;", ""), "structure"],
    ["a seal with a tag twice", replaced("ARC-Seal: i=2;", "ARC-Seal: i=2; i=2;"), "structure"],
    ["cv=none in set 2", replaced("cv=pass", "cv=none"), "cv"],
    ["cv=pass in set 1", replaced("cv=none", "cv=pass"), "cv"],
    ["step 2: cv=fail in the newest set", replaced("cv=pass", "cv=fail"), "cv"],
    ["cv=fail in set 1", replaced("cv=none", "cv=fail"), "cv"],
    ["RFC 8301 §3.1 a seal with rsa-sha1", replaced("ARC-Seal: i=2; a=rsa-sha256", "ARC-Seal: i=2; a=rsa-sha1"), "seal"],
    [
      "newest message signature with rsa-sha1",
      replaced("ARC-Message-Signature: i=2; a=rsa-sha256", "ARC-Message-Signature: i=2; a=rsa-sha1"),
      "message-signature",
    ],
    ["§4.1.2 the newest message signature signs ARC-Seal", chain(1, { h: "from:arc-seal" }), "structure"],
    [
      "a d= that DNS cannot carry",
      replaced("ARC-Seal: i=2; a=rsa-sha256; d=example.com", "ARC-Seal: i=2; a=rsa-sha256; d=x'(.example.com"),
      "structure",
    ],
  ];
  for (const [name, source, reason] of cases) {
    test(name, async () => {
      const dns = testDns({ [at]: [key.record] });
      assert.deepEqual(outcome(await validate(source, dns)), ["fail", reason, null]);
      assert.deepEqual(dns.asked, []);
    });
  }
  test("§3.9 comments and white space around the instance of the results; v= in a message signature is ignored", async () => {
    for (const instance of ["i=1", " (c(d)\\)) i (e) = \r\n\t01 ", "i = 1"]) {
      const source = sealed(message, { key, instance: 1, resultsInstance: instance, before: "v=7; i=1;" });
      assert.deepEqual(outcome(await validate(source)), ["pass", null, 0], instance);
    }
  });
  for (const count of [limits.arcSetsMax - 1, limits.arcSetsMax, limits.arcSetsMax + 1]) {
    test(`§4.2.1 ${count} sets`, async () => {
      const dns = testDns({ [at]: [key.record] });
      const result = await validate(chain(count), dns);
      assert.deepEqual(outcome(result), count > limits.arcSetsMax ? ["fail", "too-many-sets", null] : ["pass", null, 0]);
      assert.equal(dns.asked.length, count > limits.arcSetsMax ? 0 : 1);
      assert.equal(result.sets.length, Math.min(count, limits.arcSetsMax));
    });
  }
});

describe("RFC 8617 keys and trust", () => {
  test("no key: a message signature, or a seal, that does not verify", async () => {
    const domains = { message: "ams.example", seal: "as.example" };
    const source = sealed(message, { key, instance: 1, domain: domains.seal, messageDomain: domains.message });
    const of = (domain: string) => `sel._domainkey.${domain}`;
    const both = { [of(domains.message)]: [key.record], [of(domains.seal)]: [key.record] };
    assert.deepEqual(outcome(await validate(source, testDns(both))), ["pass", null, 0]);
    assert.deepEqual(outcome(await validate(source, testDns({ ...both, [of(domains.message)]: "nodata" }))), [
      "fail",
      "message-signature",
      null,
    ]);
    assert.deepEqual(outcome(await validate(source, testDns({ ...both, [of(domains.seal)]: "nodata" }))), ["fail", "seal", null]);
    // DEVIATION from §5.2.1, see verify.ts.
    for (const name of Object.keys(both)) {
      assert.deepEqual(outcome(await validate(source, testDns({ ...both, [name]: "servfail" }))), ["temperror", "dns", null]);
    }
  });
  test("RFC 8301 §3.2 a key of 1,023 bits", async () => {
    const weak = rsaTestKey(1023);
    assert.deepEqual(outcome(await validate(chain(1, { key: weak }), testDns({ [at]: [weak.record] }))), [
      "fail",
      "message-signature",
      null,
    ]);
  });
  test("a lane without questions left is our limit, not an outage", async () => {
    const dns = testDns({});
    const withheld = { ...dns, query: () => Promise.resolve({ status: "timeout", withheld: "budget" } as const) };
    assert.deepEqual(outcome(await validate(chain(1), withheld)), ["fail", "over-limit", null]);
  });
  test("trusted: a passing chain whose newest set is bound to a listed sealer", async () => {
    const trusted = async (source: TestMessage, sealers: readonly string[]) =>
      (await validate(source, testDns({ [at]: [key.record], "sel._domainkey.other.example": [key.record] }), sealers)).trusted;
    assert.equal(await trusted(chain(2), ["Example.COM"]), true);
    assert.equal(await trusted(chain(2), ["other.example"]), false);
    assert.equal(await trusted(chain(2), ["com"]), false);
    assert.equal(
      await trusted(sealed(chain(1), { key, instance: 2, domain: "other.example" }), ["example.com"]),
      false,
      "only an older set",
    );
    assert.equal(
      await trusted(sealed(message, { key, instance: 1, messageDomain: "other.example" }), ["example.com"]),
      false,
      "AMS of another",
    );
    assert.equal(await trusted(sealed(message, { key, instance: 1, h: "to:subject" }), ["example.com"]), false, "From not signed");
    const { headers } = chain(1);
    assert.equal(await trusted({ headers, body: "changed" }, ["example.com"]), false, "chain fails");
  });
  for (const extra of [-1, 0, 1]) {
    test(`limits.arcHashedBytesMax ${extra >= 0 ? "+" : ""}${extra}: the seals of fifty sets, three of them fat`, async () => {
      const fat = (size: number): TestMessage => {
        let source = message;
        for (let i = 1; i <= limits.arcSetsMax; i += 1) {
          source = sealed(source, { key, instance: i, payload: i <= 3 ? "x".repeat(i === 1 ? size : 50_000) : "x" });
        }
        return source;
      };
      // Every octet of the first set is hashed once for each of the fifty seals: pad the last set for what does not divide.
      const bytes = sealedBytes(fat(40_000));
      const left = limits.arcHashedBytesMax + extra - bytes;
      const source = fat(40_000 + Math.floor(left / limits.arcSetsMax));
      const rest = limits.arcHashedBytesMax + extra - sealedBytes(source);
      assert.ok(rest >= 0 && rest < limits.arcSetsMax);
      const dns = testDns({ [at]: [key.record] });
      const { headers, body } = source;
      const padded = headers.map((field) =>
        field.startsWith("ARC-Authentication-Results: i=50;") ? `${field}${"y".repeat(rest)}` : field,
      );
      const result = await validate({ headers: padded, body }, dns);
      // The newest results were padded after sealing: within the limit that is what the seal says.
      assert.deepEqual(outcome(result), ["fail", extra > 0 ? "over-limit" : rest > 0 ? "seal" : null, null]);
      assert.equal(dns.asked.length, extra > 0 ? 0 : 1);
    });
  }
  test("limits.arcHashedBytesMax: of the older message signatures, as many as the seals leave room for", async () => {
    const source = chain(limits.arcSetsMax);
    const pad = Array.from({ length: 5 }, () => `X-Pad: ${"x".repeat(36_000)}`);
    const padded = { headers: [...pad, ...source.headers], body: source.body };
    const headerBytes = written(padded).length - source.body.length - 2;
    const affordable = Math.floor((limits.arcHashedBytesMax - sealedBytes(source)) / headerBytes);
    assert.ok(affordable > 10 && affordable < limits.arcSetsMax - 1);
    assert.deepEqual(outcome(await validate(padded)), ["pass", null, limits.arcSetsMax - affordable]);
  });
  test("a header past the limits", async () => {
    const { headers, body } = chain(1);
    const source = { headers: [...headers, ...Array.from({ length: limits.headerFieldsMax }, () => "X: y")], body };
    assert.deepEqual(outcome(await validate(source)), ["fail", "header-too-large", null]);
  });
  test("no header makes it throw or pass", async () => {
    const names = fc.constantFrom("ARC-Seal", "ARC-Message-Signature", "ARC-Authentication-Results", "From");
    const piece = fc.constantFrom(
      "i=1;",
      "i=2;",
      "i=99;",
      "a=rsa-sha256;",
      "cv=none;",
      "cv=pass;",
      "b=AAAA;",
      "d=example.com;",
      "s=sel;",
      "h=;",
      "bh=",
      "(",
      ")",
      "\\",
      "\r\n ",
      "\n",
      "\0",
      "\xff",
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(names, fc.array(fc.oneof(piece, fc.string()), { maxLength: 8 })), { maxLength: 8 }),
        async (fields) => {
          const header = fields.map(([name, pieces]) => `${name}: ${pieces.join("")}\r\n`).join("");
          assert.notEqual((await validate(Buffer.from(`${header}\r\ntext`, "latin1"))).result, "pass");
        },
      ),
      { numRuns: 500 },
    );
  });
});
