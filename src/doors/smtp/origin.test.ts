/** XCLIENT and XFORWARD: attributes and xtext, both ways. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { originCommands, readOrigin } from "./origin.ts";

for (const [text, wanted] of [
  ["NAME=mx.example ADDR=192.0.2.1 PORT=25", { NAME: "mx.example", ADDR: "192.0.2.1", PORT: "25" }],
  ["ADDR=IPV6:2001:DB8::0:1", { ADDR: "2001:db8::1" }],
  ["addr=2001:db8::1", { ADDR: "2001:db8::1" }],
  ["ADDR=IPV6:::ffff:192.0.2.1", { ADDR: "192.0.2.1" }],
  ["NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE] HELO=[TEMPUNAVAIL]", { NAME: null, ADDR: null, HELO: null }],
  ["LOGIN=ada+40contoso.example", { LOGIN: "ada@contoso.example" }],
  ["HELO=a+2Bb+3Dc", { HELO: "a+b=c" }],
  ["LOGIN=m+C3+BCller", { LOGIN: "müller" }],
  ["PROTO=esmtp SOURCE=local IDENT=4XyZ", { PROTO: "ESMTP", SOURCE: "LOCAL", IDENT: "4XyZ" }],
] as const)
  test(`XCLIENT and XFORWARD: ${text}`, () => assert.deepEqual(Object.fromEntries(readOrigin(text) ?? assert.fail()), wanted));

for (const text of [
  "",
  "ADDR",
  "ADDR=1.2.3",
  "ADDR=unix",
  "PORT=http",
  "COLOUR=red",
  "HELO=a+0D+0Ab",
  "NAME=a+00",
  "HELO=a+4",
  "PROTO=QMTP",
  `LOGIN=${"x".repeat(256)}`,
])
  test(`XCLIENT and XFORWARD: refused: ${JSON.stringify(text)}`, () => assert.equal(readOrigin(text), null));

test("XCLIENT: what the next hop takes, xtext, IPV6: and [UNAVAILABLE]", () => {
  const origin = new Map([["NAME", null], ["ADDR", "2001:db8::1"], ["HELO", "a=b ü"], ["LOGIN", null]] as const); // biome-ignore format: pairs
  assert.deepEqual(originCommands("XCLIENT", origin, new Set(["NAME", "ADDR", "HELO"])), [
    "XCLIENT NAME=[UNAVAILABLE] ADDR=IPV6:2001:db8::1 HELO=a+3Db+20+C3+BC",
  ]);
  assert.deepEqual(originCommands("XCLIENT", origin, new Set()), []);
});

test("XFORWARD: no line is longer than 512 octets", () => {
  const origin = new Map([["NAME", "n".repeat(250)], ["ADDR", "192.0.2.1"], ["HELO", "h".repeat(250)]] as const); // biome-ignore format: pairs
  const lines = originCommands("XFORWARD", origin, new Set(["NAME", "ADDR", "PORT", "PROTO", "HELO"]));
  assert.equal(lines.length, 2);
  for (const line of lines) assert.ok(line.length + 2 <= 512, line);
});
