import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf, type Said } from "../../../test/override-message.ts";
import { limits } from "../../base/limits.ts";
import { parsePair, type SpoofEntry } from "./entry.ts";
import { pairKeyOf, pairKeysOf } from "./pair-keys.ts";
import { matchedPairs, matches } from "./pair-match.ts";
import { shownInfrastructure } from "./pair-shown.ts";

function entry(text: string, action: SpoofEntry["action"]): SpoofEntry {
  const parsed = parsePair(text);
  if (parsed.status !== "read") return assert.fail(text);
  const told = { note: null, by: "ann", madeDay: 0, matchedDay: null, expiry: { kind: "never" }, evenIfAuthenticated: false } as const;
  return { id: "e1", action, ...parsed.value, ...told };
}

/** pair, message, does an allow match, does a block match */
const table: readonly (readonly [string, string, Said, boolean, boolean])[] = [
  ["a verified signer", "contoso.com, fabrikam.com", { signers: ["fabrikam.com"] }, true, true],
  ["a signer below it: only a block", "contoso.com, fabrikam.com", { signers: ["x.fabrikam.com"] }, false, true],
  ["a confirmed name below it", "contoso.com, fabrikam.com", { names: ["mail.fabrikam.com"] }, true, true],
  ["the name itself", "contoso.com, fabrikam.com", { names: ["fabrikam.com"] }, true, true],
  ["an unconfirmed name: only a block", "contoso.com, fabrikam.com", { unconfirmed: ["mail.fabrikam.com"] }, false, true],
  ["a name that only ends alike", "contoso.com, fabrikam.com", { names: ["mail.notfabrikam.com"] }, false, false],
  ["dkim: wants a signature", "contoso.com, dkim:fabrikam.com", { names: ["mail.fabrikam.com"] }, false, false],
  ["ptr: wants a name", "contoso.com, ptr:fabrikam.com", { signers: ["fabrikam.com"] }, false, false],
  ["without a name the prefix", "contoso.com, 198.51.100.0/24", {}, true, true],
  ["with a confirmed name the prefix is for a block", "contoso.com, 198.51.100.0/24", { names: ["mail.fabrikam.com"] }, false, true],
  ["an unconfirmed name is no name", "contoso.com, 198.51.100.0/24", { unconfirmed: ["mail.fabrikam.com"] }, true, true],
  ["a failed question is not no PTR", "contoso.com, 198.51.100.0/24", { ptrDns: "fails" }, false, true],
  ["another prefix", "contoso.com, 198.51.101.0/24", {}, false, false],
  ["the /48 of IPv6", "contoso.com, 2001:db8:1::/48", { ip: "2001:db8:1:ffff::7" }, true, true],
  ["no client, no prefix", "contoso.com, 198.51.100.0/24", { ip: null }, false, false],
  ["a subdomain of From: only a block", "contoso.com, 198.51.100.0/24", { from: "ann@mail.contoso.com" }, false, true],
  ["the address in any case", "ANN@contoso.com, 198.51.100.0/24", { from: "Ann@Contoso.com" }, true, true],
  ["another address", "bob@contoso.com, 198.51.100.0/24", {}, false, false],
  ["several authors: only a block", "contoso.com, 198.51.100.0/24", { authors: ["evil.example", "contoso.com"] }, false, true],
  ["any user", "*, fabrikam.com", { signers: ["fabrikam.com"] }, true, true],
  ["any infrastructure is for blocks", "contoso.com, *", {}, false, true],
];
for (const [name, text, said, allow, block] of table) {
  test(`pair ${text}: ${name}`, () => {
    const message = messageOf(said);
    assert.equal(matches(entry(text, "allow"), message) !== null, allow, "allow");
    assert.equal(matches(entry(text, "confirmed"), message) !== null, allow, "confirmed");
    assert.equal(matches(entry(text, "block"), message) !== null, block, "block");
    if (block) assert.ok(pairKeysOf(message).includes(pairKeyOf(entry(text, "block"))), pairKeysOf(message).join(" | "));
  });
}

test("a generic confirmed name helps no allow (design: confirmed PTR)", () => {
  const message = messageOf({ names: ["198-51-100-7.dyn.fabrikam.com"] });
  assert.equal(matches(entry("contoso.com, fabrikam.com", "allow"), message), null);
  assert.notEqual(matches(entry("contoso.com, 198.51.100.0/24", "allow"), message), null);
});

test("a signature over part of the body, or one that fails, is no signer", () => {
  const [whole] = messageOf({ signers: ["fabrikam.com"] }).evidence.dkim;
  if (whole === undefined) return assert.fail();
  for (const dkim of [
    { ...whole, bodyCovered: false },
    { ...whole, result: "fail" as const },
  ]) {
    assert.equal(matches(entry("contoso.com, fabrikam.com", "block"), messageOf({ dkim: [dkim] })), null);
  }
});

test("keys are bounded whatever a sender shows, and the client's own prefix is always among them", () => {
  const many = (tail: string): string[] => Array.from({ length: 10 }, (_, i) => `a.b.c.d.n${i}.${tail}${i}.example`);
  const message = messageOf({ authors: many("from").slice(0, 4), names: many("host"), signers: many("sign").slice(0, 8) });
  const keys = pairKeysOf(message);
  assert.ok(keys.length <= limits.pairKeysMax, String(keys.length));
  assert.equal(new Set(keys).size, keys.length);
  assert.ok(keys.includes("*, 198.51.100.0/24") && keys.includes("ann@contoso.com, 198.51.100.0/24"));
  assert.ok(pairKeysOf(messageOf({ names: ["mail.fabrikam.com"] })).length <= 16, "an ordinary message asks for few");
});

test("attack: further authors hide no block: each author's names are asked for", () => {
  const decoys = ["p.d1.example.com", "q.d2.example.net", "r.d3.example.org"];
  const message = messageOf({ from: "a@x.mail.bank.example", authors: ["x.mail.bank.example", ...decoys] });
  const block = entry("mail.bank.example, *", "block");
  assert.ok(matches(block, message) !== null);
  assert.ok(pairKeysOf(message).includes(pairKeyOf(block)));
});

test("matchedPairs: what the decision reads; expired entries and, for consumers, accepting ones are not in force", () => {
  const message = messageOf({ signers: ["fabrikam.com"] });
  const allow = { ...entry("contoso.com, fabrikam.com", "allow"), expiry: { kind: "idle", days: 90 } as const };
  const block = entry("contoso.com, *", "block");
  const found = (today: number, profile?: "consumer") =>
    matchedPairs([allow, block], message, { today, profile }).map(({ action }) => action);
  assert.deepEqual(found(90), ["allow", "block"]);
  assert.deepEqual(found(91), ["block"]);
  assert.deepEqual(found(1, "consumer"), ["block"]);
  assert.deepEqual(matchedPairs([allow], message, { today: 1 })[0], {
    id: "e1",
    action: "allow",
    user: "contoso.com",
    infrastructure: "fabrikam.com",
    evenIfAuthenticated: false,
    by: "ann",
  });
});

test("131.107.18.4 with PTR outbound.mail.protection.outlook.com shows as outlook.com, with the warning that it is shared (eop.md §4a)", () => {
  for (const said of [{ names: ["outbound.mail.protection.outlook.com"] }, { unconfirmed: ["outbound.mail.protection.outlook.com"] }]) {
    const shown = shownInfrastructure(messageOf({ ip: "131.107.18.4", ...said }));
    assert.equal(shown?.infrastructure, "outlook.com");
    assert.equal(shown?.shared, true);
    assert.match(shown?.warning ?? "", /shared.*Microsoft 365/);
    assert.equal(shown?.allowable, null);
  }
});

test("shown infrastructure: a signer of one organization, the name, the prefix; with what an allow can name", () => {
  const shown = (said: Said) => {
    const { infrastructure, by, allowable, warning } = shownInfrastructure(messageOf(said)) ?? assert.fail();
    return [infrastructure, by, allowable, warning === null];
  };
  assert.deepEqual(shown({ signers: ["amazonses.com", "news.example"], names: ["a1.amazonses.com"] }), [
    "news.example",
    "dkim",
    "dkim:news.example",
    true,
  ]);
  assert.deepEqual(shown({ names: ["mail.evil.example"] }), ["evil.example", "ptr", "evil.example", true]);
  assert.deepEqual(shown({ unconfirmed: ["mail.evil.example"] }), ["evil.example", "ptr", "198.51.100.0/24", false]);
  assert.deepEqual(shown({}), ["198.51.100.0/24", "prefix", "198.51.100.0/24", true]);
  assert.equal(shownInfrastructure(messageOf({ ip: null })), null);
});
