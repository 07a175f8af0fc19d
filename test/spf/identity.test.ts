/** RFC 7208 §2.4, §4.3: whom a check is about; and MAIL FROM paths made to be read in two ways. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Zone } from "../../src/system/zone-resolver.ts";
import { ask } from "./ask.ts";

const zone: Zone = {
  "victim.example": [{ TXT: "v=spf1 +all" }],
  "sender.example": [{ TXT: "v=spf1 -all exp=e.example" }],
  "a_b.sender.example": [{ TXT: "v=spf1 -all" }],
  "e.example": [{ TXT: "%{l}" }],
  example: [{ TXT: "v=spf1 +all" }],
};

type Case = readonly [sender: string | null, expected: string, domain: string | null, localPart?: string];
const helo = "victim.example";
const cases: readonly Case[] = [
  ["user@sender.example", "fail matched", "sender.example", "user"],
  ["user@Sender.EXAMPLE", "fail matched", "sender.example", "user"],
  ["user@sender.example.", "fail matched", "sender.example", "user"],
  ["user@a_b.sender.example", "fail matched", "a_b.sender.example"],
  ["", "pass matched", "victim.example"],
  ["@sender.example", "fail matched", "sender.example", "postmaster"],
  ["sender.example", "fail matched", "sender.example", "postmaster"],
  ['"quoted user"@sender.example', "fail matched", "sender.example", "quoted user"],
  ['"a\\"b"@sender.example', "fail matched", "sender.example", 'a"b'],
  ['"x@victim.example"@sender.example', "fail matched", "sender.example", "x@victim.example"],
  ["two words@sender.example", "fail matched", "sender.example", "two words"],
  ["a..b.@sender.example", "fail matched", "sender.example", "a..b."],
  ["SRS0=HHH=TT=a.example=b+c@sender.example", "fail matched", "sender.example", "SRS0=HHH=TT=a.example=b+c"],
  // RFC 5321 §4.1.1.3: a source route is ignored.
  ["@victim.example:user@sender.example", "fail matched", "sender.example", "user"],
  ["@victim.example,@b.example:user@sender.example", "fail matched", "sender.example", "user"],
  [null, "none no-domain", null],
  ["user", "none no-domain", "user"],
  ["user@", "none no-domain", null],
  ["user@example", "none no-domain", "example"],
  ["user@192.0.2.1", "none no-domain", "192.0.2.1"],
  ["user@sender..example", "none no-domain", null],
  ["user@.sender.example", "none no-domain", null],
  [`user@${"a".repeat(64)}.sender.example`, "none no-domain", null],
  ["user@[192.0.2.1]", "none no-domain", null],
  ["user@[IPv6:2001:db8::1]", "none no-domain", null],
  // Attack: an empty or ambiguous MAIL FROM must not be taken for the null path, nor read up to its first "@".
  ["(any@victim.example", "none path-syntax", null],
  ["any@victim.example(a.attack.example", "none path-syntax", null],
  ["any@victim.example\u0000.sender.example", "none path-syntax", null],
  ["any\u0000@victim.example", "none path-syntax", null],
  ["any@victim.example@sender.example", "none path-syntax", null],
  ["a,b@victim.example", "none path-syntax", null],
  ["<user@victim.example", "none path-syntax", null],
  ["user@victim.example>", "none path-syntax", null],
  ["user@victim.example\r\n", "none path-syntax", null],
  ["user@victim.example sender.example", "none path-syntax", null],
  ["user@victim.example,sender.example", "none path-syntax", null],
  ['"a"b"@victim.example', "none path-syntax", null],
  ['"a\\"@victim.example', "none path-syntax", null],
  ['"@victim.example', "none path-syntax", null],
  ['a"b"@victim.example', "none path-syntax", null],
  ["@bad host:user@victim.example", "none path-syntax", null],
  [`${"a".repeat(600)}@victim.example`, "none path-syntax", null],
  ["postmaster@x@victim.example", "none path-syntax", null],
];
for (const [sender, expected, domain, localPart] of cases) {
  const shown = JSON.stringify(sender);
  test(`RFC 7208 §4.3: MAIL FROM ${shown.length > 60 ? `${shown.slice(0, 60)}...` : shown}: ${expected}`, async () => {
    const found = await ask(zone, { sender, helo });
    assert.equal(`${found.result} ${found.reason}`, expected);
    assert.equal(found.domain, domain);
    if (localPart !== undefined) assert.equal(found.explanation, localPart);
    if (found.result === "none") assert.deepEqual(found.questions, []);
  });
}

for (const [name, ok] of [
  ["victim.example", true],
  ["VICTIM.example.", true],
  ["[192.0.2.1]", false],
  ["192.0.2.1", false],
  ["localhost", false],
  ["", false],
  ["x@victim.example", false],
  ["victim.example\u0000", false],
  ["vict im.example", false],
] as const) {
  test(`RFC 7208 §2.4: the null path with HELO ${JSON.stringify(name)}: ${ok ? "checked" : "none"}`, async () => {
    const found = await ask(zone, { sender: "", helo: name });
    assert.equal(found.questions.length > 0, ok);
    if (!ok) assert.deepEqual([found.result, found.reason], ["none", "no-domain"]);
  });
}

test("RFC 7208 §2.4: the null path without HELO: none", async () => {
  assert.equal((await ask(zone, { sender: "", helo: null })).reason, "no-domain");
});

for (const ip of ["", "x", "010.0.0.1", "192.0.2", "192.0.2.1 ", "[192.0.2.1]", "fe80::1%eth0", "::ffff:192.0.2.256"]) {
  test(`no client address can be read from ${JSON.stringify(ip)}: none, nothing asked`, async () => {
    const found = await ask(zone, { ip, sender: "user@sender.example" });
    assert.deepEqual([found.result, found.reason, found.domain, found.questions], ["none", "no-client", "sender.example", []]);
  });
}
