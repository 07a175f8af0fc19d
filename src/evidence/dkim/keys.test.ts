import assert from "node:assert/strict";
import { createPublicKey } from "node:crypto";
import { describe, test } from "node:test";
import { at, ed25519, key, message, other, outcome, pass, tampered, verifyOne } from "../../../test/dkim-message.ts";
import { rsaTestKey, signatureField, signed, testDns } from "../../../test/signer.ts";
import { limits } from "../../base/limits.ts";

describe("RFC 8301 algorithms and sizes of keys", () => {
  test("§3.1 rsa-sha1 is never verified, and no key is asked for", async () => {
    const dns = testDns({ [at]: [key.record] });
    const result = await verifyOne(tampered({ key }, "rsa-sha256", "rsa-sha1"), dns);
    assert.deepEqual(outcome(result), ["policy", "weak-algorithm", "none", "none"]);
    assert.equal(result.algorithm, "rsa-sha1");
    assert.deepEqual(dns.asked, []);
  });
  for (const bits of [1023, 1024, 1025]) {
    test(`§3.2 ${bits} bits`, async () => {
      const sized = rsaTestKey(bits);
      const result = await verifyOne(signed(message, { key: sized }), testDns({ [at]: [sized.record] }));
      assert.deepEqual(outcome(result), bits < 1024 ? ["policy", "weak-key", "none", "pass"] : pass);
      assert.equal(result.keyBits, bits);
    });
  }
  /** A key record of any size, as no signer would need it. */
  const forged = (modulus: Buffer, exponent: Buffer): string =>
    `p=${der(0x30, der(0x02, modulus), der(0x02, exponent)).toString("base64")}`;
  const e = Buffer.from([1, 0, 1]);
  const number = (bits: number): Buffer => {
    const octets = Buffer.alloc(Math.ceil(bits / 8) + 1, 0xff);
    octets[0] = 0;
    octets[1] = 0xff >> ((8 - (bits % 8)) % 8);
    return octets;
  };
  for (const bits of [4095, 4096, 4097, 16_384]) {
    test(`§3.2 ${bits} bits: read, then ${bits > 4096 ? "refused" : "tried"}`, async () => {
      const result = await verifyOne(signed(message, { key }), testDns({ [at]: [forged(number(bits), e)] }));
      assert.deepEqual(outcome(result), bits > 4096 ? ["policy", "weak-key", "none", "pass"] : ["fail", "signature", "fail", "pass"]);
      assert.equal(result.keyBits, bits);
    });
  }
  const exponents: readonly (readonly [name: string, exponent: Buffer, reason: string])[] = [
    ["1", Buffer.from([1]), "weak-key"],
    ["3", Buffer.from([3]), "signature"],
    ["2^32 - 1", Buffer.from([0, 255, 255, 255, 255]), "signature"],
    ["2^32 + 1", Buffer.from([1, 0, 0, 0, 1]), "weak-key"],
    ["of 2,000 bits (attack: 100 times the work)", number(2000), "weak-key"],
    ["even", Buffer.from([1, 0, 0]), "key-syntax"],
    ["zero", Buffer.from([0]), "key-syntax"],
    ["negative", Buffer.from([0x81]), "key-syntax"],
  ];
  for (const [name, exponent, reason] of exponents) {
    test(`RSA exponent ${name}`, async () =>
      assert.equal((await verifyOne(signed(message, { key }), testDns({ [at]: [forged(number(2048), exponent)] }))).reason, reason));
  }
  test("an even modulus", async () => {
    const even = number(2048);
    even[even.length - 1] = 0xfe;
    assert.equal((await verifyOne(signed(message, { key }), testDns({ [at]: [forged(even, e)] }))).reason, "key-syntax");
  });
});

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const length = content.length < 128 ? [content.length] : [0x82, content.length >> 8, content.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), content]);
}

describe("RFC 6376 §6.1.2 keys", () => {
  const p = key.record.slice(key.record.indexOf("p="));
  const bare = `p=${createPublicKey(key.privateKey).export({ format: "der", type: "pkcs1" }).toString("base64")}`;
  const spaced = p.replace(/(.{60})/g, "$1 ");
  const found = (record: string) => [[record]] as const;
  const cases: readonly (readonly [
    name: string,
    answer: Parameters<typeof testDns>[0][string] | undefined,
    expected: readonly (string | null)[],
  ])[] = [
    ["§3.6.1 only p=", ...found(p), pass],
    ["RFC 8017 A.1.1 a bare RSAPublicKey", ...found(bare), pass],
    ["white space within p=", ...found(spaced), pass],
    ["unknown tags, notes, a final semicolon", ...found(`v=DKIM1; k=rsa; n=a note; g=*; x-y_z=1; ${p};`.replace("x-y_z", "xy_z")), pass],
    ["no record: nxdomain", undefined, ["permerror", "no-key", "none", "pass"]],
    ["no record: nodata", "nodata", ["permerror", "no-key", "none", "pass"]],
    ["step 2: servfail", "servfail", ["temperror", "dns", "none", "pass"]],
    ["step 2: time-out", "timeout", ["temperror", "dns", "none", "pass"]],
    ["step 5: another record, by wildcard", ...found("v=spf1 -all"), ["permerror", "key-syntax", "none", "pass"]],
    ["step 5: not a tag-list", ...found("omgwhatsgoingon"), ["permerror", "key-syntax", "none", "pass"]],
    ["step 5: empty", ...found(""), ["permerror", "key-syntax", "none", "pass"]],
    ["§3.6.1 v= is compared as a string", ...found(`v=DKIM1.0; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["§3.6.1 v=dkim1", ...found(`v=dkim1; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["§3.6.1 v= not first", ...found(`k=rsa; v=DKIM1; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["no p=", ...found("v=DKIM1; k=rsa"), ["permerror", "key-syntax", "none", "pass"]],
    ["a tag twice", ...found(`v=DKIM1; k=rsa; k=rsa; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["step 7: revoked", ...found("v=DKIM1; k=rsa; p="), ["permerror", "revoked", "none", "pass"]],
    ["step 7: revoked, with a semicolon and white space", ...found("v=DKIM1; p= ;"), ["permerror", "revoked", "none", "pass"]],
    ["p= is not base64", ...found("p=%%%"), ["permerror", "key-syntax", "none", "pass"]],
    ["p= is not a key", ...found("p=AAAA"), ["permerror", "key-syntax", "none", "pass"]],
    ["step 8: k=ed25519 for rsa-sha256", ...found(ed25519.record), ["permerror", "key-syntax", "none", "pass"]],
    ["step 8: unknown k=", ...found(`k=dsa; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["k= in upper case", ...found(`k=RSA; ${p}`), pass],
    ["step 6: h= with the hash", ...found(`h=sha1 : sha256; ${p}`), pass],
    ["step 6: h= without it", ...found(`h=sha1; ${p}`), ["permerror", "key-syntax", "none", "pass"]],
    ["§3.6.1 s=email", ...found(`s=email; ${p}`), pass],
    ["§3.6.1 s=other:*", ...found(`s=other:*; ${p}`), pass],
    ["§3.6.1 s=other: as if there were no record", ...found(`s=other; ${p}`), ["permerror", "no-key", "none", "pass"]],
    ["§3.6.1 t=s with i= equal to d=", ...found(`t=s; ${p}`), pass],
    ["unknown flags", ...found(`t=z:yy; ${p}`), pass],
    ["§3.6.2.2 several records: one of them is the key", ["v=spf1 -all", other.record, "p=", key.record], pass],
    ["§3.6.2.2 several records, none usable: a fixed reason", ["x", "p="], ["permerror", "revoked", "none", "pass"]],
  ];
  for (const [name, answer, expected] of cases) {
    test(name, async () => {
      const table = answer === undefined ? {} : { [at]: answer };
      assert.deepEqual(outcome(await verifyOne(signed(message, { key }), testDns(table))), expected);
    });
  }
  test("§3.6.1 t=s with i= below d=", async () => {
    const result = await verifyOne(signed(message, { key, tags: "i=@sub.example.com;" }), testDns({ [at]: [`t=y:s; ${p}`] }));
    assert.deepEqual(outcome(result), ["permerror", "syntax", "pass", "pass"]);
  });
  test("§3.6.1 t=y is shown, and changes nothing", async () => {
    const result = await verifyOne(signed(message, { key }), testDns({ [at]: [`t=y; ${p}`] }));
    assert.deepEqual(outcome(result), pass);
    assert.match(result.comment ?? "", /testing/);
  });
  test("§3.6.2.2 the order of the answer does not matter", async () => {
    const records = [other.record, key.record, `k=rsa; ${bare}`, "p=", "junk"];
    for (const shuffled of [records, [...records].reverse(), [...records.slice(2), ...records.slice(0, 2)]]) {
      assert.deepEqual(outcome(await verifyOne(signed(message, { key }), testDns({ [at]: shuffled }))), pass);
    }
  });
  for (const extra of [-1, 0, 1]) {
    test(`limits.keyRecordBytesMax ${extra >= 0 ? "+" : ""}${extra}`, async () => {
      const record = `n=${"x".repeat(limits.keyRecordBytesMax - p.length - 3 + extra)};${p}`;
      const expected = extra > 0 ? ["permerror", "key-syntax", "none", "pass"] : pass;
      assert.deepEqual(outcome(await verifyOne(signed(message, { key }), testDns({ [at]: [record] }))), expected);
    });
    test(`limits.keyRecordsTriedMax ${extra >= 0 ? "+" : ""}${extra} keys, the right one last`, async () => {
      // "n=0" sorts before "n=9": the records are tried in the order of their octets.
      const wrong = Array.from({ length: limits.keyRecordsTriedMax - 1 + extra }, (_, i) => `n=${i};${other.record.slice(16)}`);
      const result = await verifyOne(signed(message, { key }), testDns({ [at]: [`n=9;${p}`, ...wrong] }));
      assert.equal(result.reason, extra > 0 ? "signature" : null);
    });
  }
  test("RFC 8463 §4.2 an Ed25519 key of 31 or 33 octets", async () => {
    const source = signed(message, { key: ed25519, algorithm: "ed25519-sha256" });
    for (const size of [31, 33]) {
      const record = `k=ed25519; p=${Buffer.alloc(size, 7).toString("base64")}`;
      assert.deepEqual(outcome(await verifyOne(source, testDns({ [at]: [record] }))), ["permerror", "key-syntax", "none", "pass"]);
    }
  });
});

describe("attack: Ed25519 keys of small order", () => {
  const p = 2n ** 255n - 19n;
  const mod = (n: bigint): bigint => ((n % p) + p) % p;
  const power = (base: bigint, exponent: bigint): bigint => {
    let [result, square] = [1n, mod(base)];
    for (let left = exponent; left > 0n; left >>= 1n) {
      if (left & 1n) result = mod(result * square);
      square = mod(square * square);
    }
    return result;
  };
  const d = mod(-121665n * power(121666n, p - 2n));
  const octets = (n: bigint): Buffer => Buffer.from(n.toString(16).padStart(64, "0"), "hex").reverse();
  /** y of the points of order 1, 2, 4 and 8, from the curve equation -x² + y² = 1 + d·x²·y². */
  const y8 = (() => {
    // Doubling a point of order 8 gives y = 0, so x² = -y²: then d·y⁴ + 2y² - 1 = 0.
    const root = (n: bigint): bigint => {
      const r = power(n, (p + 3n) / 8n);
      return mod(r * r) === mod(n) ? r : mod(r * power(2n, (p - 1n) / 4n));
    };
    const s = root(1n + d);
    const squares = [mod((-1n + s) * power(d, p - 2n)), mod((-1n - s) * power(d, p - 2n))];
    return squares.map(root).filter((y) => squares.includes(mod(y * y)));
  })();
  const small = [0n, 1n, p - 1n, p, p + 1n, ...y8, ...y8.map((y) => p - y)];
  test("all of them are refused, with either sign", async () => {
    assert.ok(y8.length > 0);
    // A signature that such a key lets anybody make: R = B·0 = the identity, S = 0.
    const field = signatureField(message, { key: ed25519, algorithm: "ed25519-sha256" });
    const forgery = Buffer.concat([octets(1n), Buffer.alloc(32)]).toString("base64");
    const source = { ...message, headers: [field.replace(/b=\S*$/, `b=${forgery}`), ...message.headers] };
    for (const y of small) {
      for (const sign of [0, 0x80]) {
        const point = octets(y);
        point[31] = (point[31] ?? 0) | sign;
        const result = await verifyOne(source, testDns({ [at]: [`k=ed25519; p=${point.toString("base64")}`] }));
        assert.deepEqual(outcome(result), ["policy", "weak-key", "none", "pass"], point.toString("hex"));
      }
    }
  });
});
