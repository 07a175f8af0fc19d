import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { limits } from "../../base/limits.ts";
import { type DmarcRecord, readTxt } from "./record.ts";

const read = (text: string) => readTxt(Buffer.from(text, "latin1"));
function record(text: string): DmarcRecord {
  const reading = read(text);
  assert.ok(reading.kind === "record", `${text} is ${reading.kind}`);
  return reading.record;
}

describe("RFC 9989 §4.7 v: what is a DMARC Policy Record", () => {
  for (const text of ["v=DMARC1", "v=DMARC1;", "v=DMARC1; p=none", "V=DMARC1;p=none", "v = DMARC1 ; p=none", "v=DMARC1\t;", "v=DMARC1 "]) {
    test(`${JSON.stringify(text)} is one`, () => assert.equal(read(text).kind, "record"));
  }
  for (const text of ["v=DMARC1 p=reject", "v=DMARC1p=reject", "v=DMARC1, p=reject", "v=DMARC12; p=reject", "v=DMARC1\xa0; p=none"]) {
    test(`${JSON.stringify(text)} begins like one and is none`, () => assert.equal(read(text).kind, "broken"));
  }
  for (const text of [
    "",
    "v",
    "v=dmarc1; p=none",
    "v=DMARC2; p=none",
    "p=reject; v=DMARC1",
    " v=DMARC1; p=none",
    "v=spf1 -all",
    "\xef\xbb\xbfv=DMARC1",
  ]) {
    test(`${JSON.stringify(text)} is another record`, () => assert.equal(read(text).kind, "foreign"));
  }
});

describe("RFC 9989 §4.7, §4.8: tags", () => {
  test("defaults", () => {
    const { p, sp, np, adkim, aspf, psd, testing, rua, ruf, fo } = record("v=DMARC1");
    assert.deepEqual(
      { p, sp, np, adkim, aspf, psd, testing, rua, ruf, fo },
      { p: null, sp: null, np: null, adkim: "r", aspf: "r", psd: "u", testing: false, rua: [], ruf: [], fo: [] },
    );
  });
  test("names and values without regard to case, white space around both, any order after v", () => {
    const got = record("v=DMARC1;NP = Reject ;\tASPF=S; adKIM=s;psd=Y;T=y; p=QUARANTINE;sp=none ;fo=1:D");
    assert.deepEqual(
      [got.p, got.sp, got.np, got.aspf, got.adkim, got.psd, got.testing, got.fo],
      ["quarantine", "none", "reject", "s", "s", "y", true, ["1", "d"]],
    );
  });
  test("unknown and historic tags are ignored", () => {
    assert.equal(record("v=DMARC1; p=reject; pct=0; rf=afrf; ri=3600; x=y; =z; tagonly; ;;").p, "reject");
  });
  test("syntax errors are dropped in favour of defaults", () => {
    const got = record("v=DMARC1; p=reject; adkim=strict; aspf=\xe9; psd=maybe; t=1; fo=");
    assert.deepEqual([got.adkim, got.aspf, got.psd, got.testing, got.fo], ["r", "r", "u", false, []]);
  });
  for (const value of ["bogus", "", "reject\xe9", "reject\x01", "none reject", "p=reject"]) {
    test(`p=${JSON.stringify(value)} is invalid, not absent`, () => assert.equal(record(`v=DMARC1; p=${value}`).p, "invalid"));
  }
  test("a duplicate does not count: the first stands", () => {
    assert.equal(record("v=DMARC1; p=none; p=reject").p, "none");
    assert.equal(record("v=DMARC1; p=bogus; p=reject").p, "invalid");
    assert.equal(record("v=DMARC1; v=DMARC1; P=quarantine; p=reject").p, "quarantine");
  });
});

describe("RFC 9989 §4.6, §4.8: reporting URIs", () => {
  const cases: readonly [string, readonly string[]][] = [
    ["mailto:a@example.com", ["mailto:a@example.com"]],
    ["mailto:a@example.com!10m , MAILTO:b@example.net!5", ["mailto:a@example.com", "MAILTO:b@example.net"]],
    ["mailto:a%2Cb@example.com,https://r.example/x?y=z", ["mailto:a%2Cb@example.com", "https://r.example/x?y=z"]],
    ["mailto:a@example.com?subject=x", ["mailto:a@example.com?subject=x"]],
    ["a@example.com", []],
    ["mailto:a", []],
    ["mailto:", []],
    ["mailto:@example.com", []],
    ["mailto:a!b@example.com", []],
    ["mailto:a%zz@example.com", []],
    ["mailto:<a@example.com>", []],
    ["1x:y", []],
    [",, ,", []],
  ];
  for (const [list, uris] of cases) test(list, () => assert.deepEqual(record(`v=DMARC1;rua=${list}`).rua, uris));
  test("at most limits.dmarcReportUrisMax", () => {
    const many = Array.from({ length: limits.dmarcReportUrisMax + 1 }, (_, i) => `mailto:r${i}@example.com`).join(",");
    assert.equal(record(`v=DMARC1; rua=${many}`).rua.length, limits.dmarcReportUrisMax);
  });
});

describe("limits", () => {
  const padded = (bytes: number) => "v=DMARC1; p=reject; x=".padEnd(bytes, "y");
  test("dmarcRecordBytesMax", () => {
    assert.equal(read(padded(limits.dmarcRecordBytesMax - 1)).kind, "record");
    assert.equal(read(padded(limits.dmarcRecordBytesMax)).kind, "record");
    assert.equal(read(padded(limits.dmarcRecordBytesMax + 1)).kind, "refused");
    assert.equal(read(padded(65_000)).kind, "refused");
  });
  test("dmarcTagsMax", () => {
    const tags = (count: number) => ["v=DMARC1", ...Array.from({ length: count - 1 }, () => "x=y")].join(";");
    assert.equal(read(tags(limits.dmarcTagsMax - 1)).kind, "record");
    assert.equal(read(tags(limits.dmarcTagsMax)).kind, "record");
    assert.equal(read(tags(limits.dmarcTagsMax + 1)).kind, "refused");
  });
  test("white space inside a value is part of it, however long", () => {
    const text = `v=DMARC1; x=a${" ".repeat(4000)}b`;
    assert.equal(read(text).kind, "record");
  });
  test("the same reading comes back for the same text, and after many others a fresh equal one", () => {
    const first = read("v=DMARC1; p=none; x=kept");
    assert.equal(read("v=DMARC1; p=none; x=kept"), first);
    for (let i = 0; i < 3 * limits.dmarcRecordsKeptMax; i += 1) read(`v=DMARC1; p=none; x=${i}`);
    const again = read("v=DMARC1; p=none; x=kept");
    assert.notEqual(again, first);
    assert.deepEqual(again, first);
  });
});
