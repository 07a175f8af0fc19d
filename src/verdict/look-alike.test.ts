import assert from "node:assert/strict";
import { test } from "node:test";
import { resembles } from "./look-alike.ts";

const ours = ["contoso.com", "adatum.co.uk", "ibm.com", "fabrikam.com"];

const alike: readonly (readonly [string, string])[] = [
  ["c0ntoso.com", "letters that look alike"],
  ["contos0.net", "letters that look alike"],
  ["fabrikarn.com", "letters that look alike"],
  ["xn--contos-1qf.com", "letters that look alike"],
  ["xn--cntoso-wxa.com", "letters that look alike"],
  ["con-toso.com", "letters that look alike"],
  ["contsoo.com", "one letter apart"],
  ["conntoso.com", "one letter apart"],
  ["contoo.com", "one letter apart"],
  ["contosa.com", "one letter apart"],
  ["contoso.net", "the same name under another suffix"],
  ["adatum.com", "the same name under another suffix"],
  ["contoso-billing.com", "the name with words around it"],
  ["my-contoso-login.example", "the name with words around it"],
  ["contoso.com.evil.example", "the name in front of another domain"],
];
for (const [name, how] of alike)
  test(`attack: ${name} is made to look like one of ours: ${how}`, () => assert.equal(resembles(name, ours)?.how, how));

for (const name of ["contoso.com", "mail.contoso.com", "hr.adatum.co.uk"]) {
  test(`${name} is ours`, () => assert.equal(resembles(name, ours), null));
}

for (const name of [
  "example.org",
  "contender.com",
  "contosoville.com",
  "ibn.com",
  "1bm.example.org",
  "fabric.com",
  "tailspintoys.com",
  "xn--zzzzzz.com",
]) {
  test(`${name} resembles nobody`, () => assert.equal(resembles(name, ours), null));
}

test("nothing to protect, nothing to resemble; long lists and names are bounded", () => {
  assert.equal(resembles("c0ntoso.com", []), null);
  const many = Array.from({ length: 5000 }, (_, i) => `company${i}x.example.org`);
  assert.equal(resembles(`${"a".repeat(63)}.com`, many), null);
});
