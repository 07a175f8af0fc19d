import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { limits } from "../../base/limits.ts";
import { parseKeyRecord } from "./key-record.ts";

const record = (n: string): Buffer => Buffer.from(`n=${n}; p=`);

describe("RFC 6376 §3.6.1 key records", () => {
  test("everything a record may say", () => {
    const { publicKey, ...rest } =
      parseKeyRecord(Buffer.from("v=DKIM1; h=sha1:SHA256; k=RSA; n=note; p=; s=email:x; t=y:s")) ?? assert.fail();
    assert.deepEqual(rest, { keyType: "rsa", hashes: ["sha1", "sha256"], forMail: true, testing: true, strict: true });
    assert.equal(publicKey.outcome, "revoked");
  });
  test("defaults", () => {
    const { publicKey, ...rest } = parseKeyRecord(Buffer.from("p=")) ?? assert.fail();
    assert.deepEqual(rest, { keyType: "rsa", hashes: null, forMail: true, testing: false, strict: false });
    assert.equal(publicKey.outcome, "revoked");
  });
});

describe("limits.keyRecordsKeptMax", () => {
  for (const extra of [-1, 0, 1]) {
    test(`the record read ${extra >= 0 ? "+" : ""}${extra} others than the limit ago is ${extra < 0 ? "still kept" : "read anew, and the same"}`, () => {
      const first = parseKeyRecord(record(`first${extra}`));
      for (let i = 0; i < limits.keyRecordsKeptMax + extra; i += 1) parseKeyRecord(record(`${extra}-${i}`));
      const again = parseKeyRecord(record(`first${extra}`));
      assert.deepEqual(again, first);
      assert.equal(again === first, extra < 0);
    });
  }
  test("a record in use stays, however many others come", () => {
    const first = parseKeyRecord(record("used"));
    for (let i = 0; i < 3 * limits.keyRecordsKeptMax; i += 1) {
      parseKeyRecord(record(`other-${i}`));
      if (i % 500 === 0) parseKeyRecord(record("used"));
    }
    assert.equal(parseKeyRecord(record("used")), first);
  });
});
