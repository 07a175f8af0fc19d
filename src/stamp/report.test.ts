import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { inspectionWith } from "../../test/inspections.ts";
import { limits } from "../base/limits.ts";
import { parseReport, type Report, reportField, reportOf } from "./report.ts";

const report: Report = {
  client: "203.0.113.9",
  helo: "mail.evil.example",
  ptr: null,
  direction: "inbound",
  filter: "SPM",
  category: "SPOOF",
  compauth: "fail",
  reason: "001",
  standing: "suspicious",
  suspicion: ["look-alike", "first-contact"],
  unverified: false,
  via: "evil.example",
  action: "deliver",
  mode: "observe",
  withheld: "junk",
  policyVersion: null,
  removed: 2,
  id: "0199c0ffee000123456789ab",
};

describe("docs/stamp.md: the report", () => {
  test("as written", () => {
    assert.equal(
      reportField(report),
      "X-Assay-Report: CIP:203.0.113.9;H:mail.evil.example;PTR:;DIR:INB;SFV:SPM;\r\n" +
        " CAT:SPOOF;COMPAUTH:fail;REASON:001;STANDING:suspicious;\r\n" +
        " SUSPICION:look-alike,first-contact;VIA:evil.example;ACTION:deliver;\r\n" +
        " MODE:observe;WITHHELD:junk;POLICY:;REMOVED:2;ID:0199c0ffee000123456789ab;V:1;",
    );
  });
  test("of an inspection", () => {
    const found = reportOf(inspectionWith({ transaction: { listener: "milter" } }));
    assert.deepEqual(
      [found.client, found.helo, found.ptr, found.direction, found.compauth, found.reason, found.id],
      ["192.0.2.10", "mx.contoso.com", "mx.contoso.com", "inbound", "pass", "100", "0199c0ffee000123456789ab"],
    );
    assert.deepEqual(parseReport(reportField(found)), found);
  });

  test("what came through no listener has no id: nobody keeps its inspection", () => assert.equal(reportOf(inspectionWith()).id, null));

  const inspection = inspectionWith({ verdict: { compauth: "fail", reason: "001" } });
  const acted = (more: Partial<typeof inspection>) => {
    const { filter, category, action, mode, withheld } = reportOf({ ...inspection, ...more });
    return [filter, category, action, mode, withheld];
  };
  const done = (kind: "deliver" | "junk" | "quarantine" | "reject" | "tempfail", withheld: boolean) => ({
    action: { ...inspection.action, kind, withheld },
  });
  const cases: readonly (readonly [string, Parameters<typeof acted>[0], readonly (string | null)[]])[] = [
    ["delivered", done("deliver", false), ["NSPM", "NONE", "deliver", "enforce", null]],
    ["junk", done("junk", false), ["SPM", "SPOOF", "junk", "enforce", null]],
    ["observe mode: what was withheld is not what was done", done("junk", true), ["SPM", "SPOOF", "deliver", "observe", "junk"]],
    ["observe mode, nothing to withhold", done("deliver", true), ["NSPM", "NONE", "deliver", "observe", null]],
    ["allowed", { ...done("deliver", false), standing: "allowed" }, ["SKA", "NONE", "deliver", "enforce", null]],
    ["blocked", { ...done("quarantine", false), standing: "blocked" }, ["SKB", "SPOOF", "quarantine", "enforce", null]],
    [
      "junk on suspicion, though it authenticated",
      { ...done("junk", false), verdict: { ...inspection.verdict, compauth: "pass" } },
      ["SPM", "NONE", "junk", "enforce", null],
    ],
  ];
  for (const [title, more, expected] of cases) test(title, () => assert.deepEqual(acted(more), expected));
});

describe("reading", () => {
  const text = reportField(report);
  const broken: readonly (readonly [string, string])[] = [
    ["another version", text.replace("V:1;", "V:2;")],
    ["no version", text.replace("V:1;", "")],
    ["a key twice", text.replace("V:1;", "V:1;CAT:NONE;")],
    ["a key missing", text.replace("REASON:001;", "")],
    ["no reason", text.replace("REASON:001;", "REASON:;")],
    ["a word nobody writes", text.replace("ACTION:deliver", "ACTION:accept")],
    ["a list where a value stands", text.replace("H:mail", "H:a,b")],
    ["an empty element", text.replace("look-alike,", "look-alike,,")],
    ["half an octet", text.replace("H:mail", "H:%4")],
    ["octets that are not UTF-8", text.replace("H:mail", "H:%C3%28")],
    ["a character that is never written", text.replace("H:mail", "H:(mail)")],
    ["no key", text.replace("V:1;", "V:1;x;")],
    ["another field", "X-Forefront-Antispam-Report: CIP:193.183.126.23;CTRY:SE;LANG:en;"],
    ["too long", `${text}X:${"x".repeat(limits.reportFieldBytesMax)};`],
    ["nothing", ""],
  ];
  for (const [title, value] of broken) test(title, () => assert.equal(parseReport(value), null));
  test("keys of later versions are passed over", () => assert.deepEqual(parseReport(text.replace("V:1;", "V:1;NEW:a,b;")), report));
  test("folded otherwise, or not at all, in any order", () => {
    const parts = text
      .slice("X-Assay-Report: ".length)
      .replace(/\r\n /g, "")
      .split(/(?<=;)/);
    assert.deepEqual(parseReport(parts.toReversed().join("\r\n\t ")), report);
    assert.deepEqual(parseReport(`x-assay-report :${parts.join("")}`), report);
  });
  test("total on arbitrary text", () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom(...text) }), (value) => void parseReport(value)));
  });
});

const word = fc.oneof(fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 }), fc.string({ minLength: 1, maxLength: 40 }));
const some = fc.option(word);
const actions = fc.constantFrom("deliver", "junk", "quarantine", "reject", "tempfail");
const reports = fc.record({
  client: some,
  helo: some,
  ptr: some,
  direction: fc.constantFrom("inbound", "outbound"),
  filter: fc.constantFrom("SKA", "SKB", "SPM", "NSPM"),
  category: fc.constantFrom("SPOOF", "NONE"),
  compauth: fc.constantFrom("pass", "softpass", "fail", "none"),
  reason: word,
  standing: fc.constantFrom("allowed", "good", "unknown", "suspicious", "blocked"),
  suspicion: fc.array(word, { maxLength: limits.reportSuspicionsMax }),
  unverified: fc.boolean(),
  via: some,
  action: actions,
  mode: fc.constantFrom("observe", "enforce"),
  withheld: fc.option(actions),
  policyVersion: some,
  removed: fc.nat(1000),
  id: some,
}) as fc.Arbitrary<Report>;

describe("injection-proof", () => {
  test("value → field → the same value, whatever it holds", () => {
    // What is longer is cut: the next test.
    const fits = (bytesMax: number) => (text: string | null) => text === null || 3 * Buffer.byteLength(text) <= bytesMax;
    const fitting = reports.filter(
      ({ client, helo, ptr, via, reason, policyVersion, id, suspicion }) =>
        [client, helo, ptr, via, reason, policyVersion, id].every(fits(limits.reportValueBytesMax)) &&
        suspicion.every(fits(limits.reportWordBytesMax)),
    );
    fc.assert(
      fc.property(fitting, (value) => assert.deepEqual(parseReport(reportField(structuredClone(value))), structuredClone(value))),
      { numRuns: 2000 },
    );
  });
  test("RFC 5322 §2.2: printable ASCII, folded, no line above 998 octets; other keys keep their values", () => {
    const evil = "x;ACTION:reject;\r\nX-Assay-Report: V:1;\0é😀\ud800%41,";
    const field = reportField({ ...report, helo: evil.repeat(100), suspicion: Array.from({ length: 100 }, () => evil.repeat(20)) });
    for (const line of field.split("\r\n")) assert.ok(line.length <= limits.lineBytesMax, `${line.length}`);
    assert.match(field, /^[ -~]*(?:\r\n [!-~]+)*$/);
    const read = parseReport(field);
    assert.deepEqual([read?.action, read?.compauth, read?.suspicion.length], ["deliver", "fail", limits.reportSuspicionsMax]);
    assert.ok(
      evil
        .repeat(100)
        .replace(/\ud800/g, "\ufffd")
        .startsWith(read?.helo ?? "?"),
    );
  });
});
