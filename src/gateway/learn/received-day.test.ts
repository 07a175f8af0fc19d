import assert from "node:assert/strict";
import { test } from "node:test";
import { fromLineDay, receivedDay, syslogDay } from "./received-day.ts";

const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 86_400_000;

for (const [name, value, expected] of [
  ["RFC 5322 §3.3", "from a by b; Tue, 3 Jun 2025 08:00:00 +0000", "2025-06-03"],
  ["no day of the week, no seconds", "by b; 03 Jun 2025 08:00 +0000", "2025-06-03"],
  ["a zone that is a day ahead", "by b; Tue, 03 Jun 2025 01:30:00 +0200", "2025-06-02"],
  ["a zone that is a day behind", "by b; Tue, 03 Jun 2025 23:30:00 -0500", "2025-06-04"],
  ["a comment behind the zone", "by b; Tue, 03 Jun 2025 08:00:00 +0000 (UTC)", "2025-06-03"],
  ["obsolete zone: as UTC", "by b; Tue, 03 Jun 2025 08:00:00 GMT", "2025-06-03"],
  ["a semicolon in a comment before", "by b (a; 01 Jan 2020 00:00:00 +0000); Tue, 03 Jun 2025 08:00:00 +0000", "2025-06-03"],
  ["no date", "from a by b", null],
  ["the 31st of June", "by b; Tue, 31 Jun 2025 08:00:00 +0000", null],
  ["no month", "by b; Tue, 03 Jux 2025 08:00:00 +0000", null],
] as const) {
  test(`the day of a Received field: ${name}`, () => assert.equal(receivedDay(value), expected === null ? null : day(expected)));
}

for (const [name, stamp, reference, expected] of [
  ["RFC 3164: the year the file was written in", "Jun  3 08:00:01", "2025-06-04", "2025-06-03"],
  ["RFC 3164: the year before, past new year", "Dec 31 23:59:59", "2025-01-02", "2024-12-31"],
  ["RFC 3164: the file's clock is a day behind", "Jan  1 00:00:01", "2024-12-31", "2025-01-01"],
  ["RFC 3164: never after the file", "Aug  3 08:00:01", "2025-06-04", "2024-08-03"],
  ["RFC 5424", "2025-06-03T08:00:01.123456+02:00", "2030-01-01", "2025-06-03"],
  ["no month", "Foo  3 08:00:01", "2025-06-04", null],
] as const) {
  test(`the day of a log line: ${name}`, () => assert.equal(syslogDay(stamp, day(reference)), expected === null ? null : day(expected)));
}

test("RFC 4155: the day of a From_ line", () => {
  assert.equal(fromLineDay("From ada@contoso.com Fri Nov 21 08:00:00 2025"), day("2025-11-21"));
  assert.equal(fromLineDay("From - Sat Nov  1 08:00:00 2025"), day("2025-11-01"));
  assert.equal(fromLineDay("From ada@contoso.com"), null);
});
