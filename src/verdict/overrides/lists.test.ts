import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf, type Said } from "../../../test/override-message.ts";
import { limits } from "../../base/limits.ts";
import { parseAddressForm } from "./address-form.ts";
import { entryText, listRefusal } from "./list-check.ts";
import { defaultScopes, formatSubject, type ListEntry, type ListKind, needsAuthenticationByDefault, parseSubject } from "./list-entry.ts";
import { clientKeys, listKeyOf, listKeysOf } from "./list-keys.ts";
import { concerns, inForce } from "./list-match.ts";

function entry(kind: ListKind, action: "allow" | "block", text: string, recipient: string | null = null): ListEntry {
  const subject = parseSubject(text) ?? assert.fail(text);
  return {
    id: "l1",
    kind,
    action,
    subject,
    recipient: recipient === null ? null : (parseAddressForm(recipient) ?? assert.fail(recipient)),
    scopes: defaultScopes(kind, action),
    needsAuthentication: action === "allow" && needsAuthenticationByDefault(kind, subject),
    note: null,
    by: "ann",
    madeDay: 0,
    matchedDay: null,
    expiry: { kind: "never" },
  };
}

const subjects: readonly (readonly [string, string | null])[] = [
  ["Ann@Contoso.com", "ann@contoso.com"],
  ["contoso.com", "contoso.com"],
  ["*.contoso.com", "*.contoso.com"],
  ["*.com", "*.com"],
  ["192.0.2.7", "192.0.2.7"],
  ["192.0.2.7/24", "192.0.2.0/24"],
  ["2001:DB8::1/33", "2001:db8::/33"],
  ["::ffff:192.0.2.7", "192.0.2.7"],
  ["PTR:Mail.Fabrikam.com", "ptr:mail.fabrikam.com"],
  ["dkim:fabrikam.com", "dkim:fabrikam.com"],
  ["*", null],
  ["", null],
  ["com", null],
  ["192.0.2.0/33", null],
  ["dkim:*", null],
];
for (const [text, normal] of subjects) {
  test(`subject of a list entry: ${JSON.stringify(text)}`, () => {
    const subject = parseSubject(text);
    assert.equal(subject === null ? null : formatSubject(subject), normal);
    if (normal !== null) assert.deepEqual(parseSubject(normal), subject);
  });
}

/** entry, message, does it concern the message for bob@fabrikam.com */
const table: readonly (readonly [ListEntry, Said, boolean])[] = [
  [entry("sender", "allow", "contoso.com"), {}, true],
  [entry("sender", "allow", "contoso.com"), { from: "ann@mail.contoso.com" }, false],
  [entry("sender", "allow", "*.contoso.com"), { from: "ann@a.mail.contoso.com" }, true],
  [entry("sender", "allow", "*.com"), {}, true],
  [entry("sender", "allow", "contoso.com"), { authors: ["contoso.com", "evil.example"] }, false],
  [entry("sender", "block", "contoso.com"), { authors: ["evil.example", "contoso.com"] }, true],
  [entry("sender", "allow", "evil.example"), {}, false],
  [entry("sender", "block", "evil.example"), {}, true],
  [entry("sender", "block", "bounce@evil.example"), {}, true],
  [entry("domain", "block", "evil.example"), {}, false],
  [entry("recipient", "allow", "Bob@fabrikam.com"), {}, true],
  [entry("recipient", "allow", "eve@fabrikam.com"), {}, false],
  [entry("safe-sender", "allow", "ann@contoso.com", "bob@fabrikam.com"), {}, true],
  [entry("safe-sender", "allow", "ann@contoso.com", "eve@fabrikam.com"), {}, false],
  [entry("safe-sender", "allow", "bounce@evil.example", "bob@fabrikam.com"), {}, false],
  [entry("ip-allow", "allow", "198.51.100.0/24"), {}, true],
  [entry("ip-block", "block", "198.0.0.0/8"), {}, true],
  [entry("ip-block", "block", "2001:db8::/29"), { ip: "2001:db8:7::1" }, true],
  [entry("ip-block", "block", "2001:db8::1"), { ip: "2001:db8::1" }, true],
  [entry("ip-block", "block", "2001:db8::1"), { ip: "198.51.100.7" }, false],
  [entry("ip-allow", "allow", "198.51.100.0/24"), { ip: null }, false],
  [entry("forwarder", "allow", "ptr:forwarder.example", "fabrikam.com"), { names: ["a.b.forwarder.example"] }, true],
  [entry("forwarder", "allow", "ptr:forwarder.example"), { names: ["a.notforwarder.example"] }, false],
  [entry("forwarder", "allow", "ptr:forwarder.example"), { unconfirmed: ["a.forwarder.example"] }, false],
  [entry("forwarder", "allow", "dkim:forwarder.example", "other.example"), { signers: ["forwarder.example"] }, false],
  [entry("forwarder", "allow", "dkim:forwarder.example", "fabrikam.com"), { signers: ["forwarder.example"] }, true],
];
for (const [one, said, expected] of table) {
  test(`${entryText(one)} concerns ${JSON.stringify(said)}: ${expected}`, () => {
    const message = messageOf(said);
    assert.equal(concerns(one, message, "bob@fabrikam.com"), expected);
    if (expected) assert.ok(listKeysOf(message).includes(listKeyOf(one)), `${listKeyOf(one)} not in ${listKeysOf(message).join(" | ")}`);
  });
}

test("keys of one message are bounded: 25 networks of IPv4, 113 of IPv6, 64 recipients", () => {
  assert.equal(clientKeys("198.51.100.7").length, 25);
  assert.equal(clientKeys("2001:db8::7").length, 113);
  assert.deepEqual(clientKeys(null), []);
  const rcptTo = Array.from({ length: 500 }, (_, i) => `user${i}@${"a.".repeat(100)}example`);
  const keys = listKeysOf(
    messageOf({ ip: "2001:db8::7", rcptTo, from: `ann@${"b.".repeat(100)}example`, names: ["a.b.c.d.e.f.g.h.i.j.example"] }),
  );
  assert.ok(keys.length <= limits.listKeysMax);
  assert.ok(keys.includes(listKeyOf(entry("ip-block", "block", "2001:db8::7"))) && keys.includes("client 6:2001/16"));
  assert.ok(listKeysOf(messageOf({})).length < 60, "an ordinary message asks for few");
});

test("keys of networks: every length finds its own entry, IPv4 and IPv6 apart", () => {
  for (const [ip, least, most] of [
    ["198.51.100.201", 8, 32],
    ["2001:db8:ffff:7bcd::9", 16, 128],
  ] as const) {
    const keys = clientKeys(ip);
    for (let bits = least; bits <= most; bits++)
      assert.ok(keys.includes(listKeyOf(entry("ip-block", "block", `${ip}/${bits}`))), `${ip}/${bits}`);
  }
  assert.notEqual(listKeyOf(entry("ip-block", "block", "192.0.2.0/24")), listKeyOf(entry("ip-block", "block", "c000:200::/24")));
});

test("entries end; with profile consumer those that accept are not in force", () => {
  const idle = { ...entry("domain", "allow", "contoso.com"), expiry: { kind: "idle", days: 90 } as const };
  const block = entry("domain", "block", "contoso.com");
  assert.deepEqual(inForce([idle, block], { today: 91 }), [block]);
  assert.deepEqual(inForce([{ ...idle, matchedDay: 50 }, block], { today: 91 }).length, 2);
  assert.deepEqual(inForce([idle, block], { today: 1, profile: "consumer" }), [block]);
});

/** entry, code of the refusal or null */
const checks: readonly (readonly [Partial<ListEntry>, ListEntry, string | null])[] = [
  [{}, entry("sender", "allow", "contoso.com"), null],
  [{ needsAuthentication: false }, entry("sender", "allow", "contoso.com"), "from-alone"],
  [{ needsAuthentication: false }, entry("sender", "allow", "ann@contoso.com"), "from-alone"],
  [{ needsAuthentication: false }, entry("domain", "allow", "*.contoso.com"), "from-alone"],
  [{ needsAuthentication: false }, entry("safe-sender", "allow", "contoso.com", "bob@fabrikam.com"), "from-alone"],
  [{}, entry("safe-sender", "allow", "ann@contoso.com", "bob@fabrikam.com"), null],
  [{}, entry("safe-sender", "allow", "ann@contoso.com"), "syntax"],
  [{}, entry("safe-sender", "allow", "ann@contoso.com", "fabrikam.com"), "syntax"],
  [{}, entry("recipient", "allow", "bob@fabrikam.com"), null],
  [{}, entry("recipient", "allow", "fabrikam.com"), "from-alone"],
  [{}, entry("ip-allow", "allow", "192.0.2.0/24"), null],
  [{}, entry("ip-allow", "allow", "192.0.2.0/23"), "range"],
  [{}, entry("ip-allow", "allow", "2001:db8::/48"), null],
  [{}, entry("ip-allow", "allow", "2001:db8::/47"), "range"],
  [{}, entry("ip-allow", "allow", "40.107.22.0/24"), "shared"],
  [{}, entry("ip-allow", "allow", "209.85.220.41"), "shared"],
  [{ scopes: ["ipv6-gate"] }, entry("ip-allow", "allow", "192.0.2.0/24"), "ipv6-gate"],
  [{ scopes: ["spoof"] }, entry("ip-allow", "allow", "192.0.2.0/24"), "scope"],
  [{ scopes: [] }, entry("ip-allow", "allow", "192.0.2.0/24"), "scope"],
  [{ scopes: ["from-validation"] }, entry("domain", "allow", "contoso.com"), "scope"],
  [{}, entry("ip-block", "block", "40.0.0.0/8"), null],
  [{}, entry("ip-block", "block", "0.0.0.0/7"), "range"],
  [{}, entry("ip-block", "block", "2001::/16"), null],
  [{}, entry("forwarder", "allow", "ptr:forwarder.example", "fabrikam.com"), null],
  [{}, entry("forwarder", "allow", "ptr:google.com"), "shared"],
  [{}, entry("forwarder", "allow", "ptr:mail-sor-f41.google.com"), "shared"],
  [{}, entry("forwarder", "allow", "ptr:co.uk"), "public-suffix"],
  [{}, entry("forwarder", "allow", "dkim:sendgrid.net"), "shared"],
  [{}, entry("forwarder", "allow", "dkim:forwarder.example"), null],
  [{ kind: "ip-block" }, entry("ip-allow", "allow", "192.0.2.0/24"), "syntax"],
  [{}, entry("sender", "block", "contoso.com"), null],
  [{ kind: "sender" }, entry("ip-block", "block", "192.0.2.0/24"), "syntax"],
];
for (const [change, base, code] of checks) {
  const changed = { ...base, ...change };
  test(`${entryText(changed)} ${JSON.stringify(change)}: ${code ?? "may exist"}`, () => {
    assert.equal(listRefusal(changed, {})?.code ?? null, code);
    const forConsumers = changed.action === "allow" && code !== "syntax" ? "consumer" : code;
    assert.equal(listRefusal(changed, { profile: "consumer" })?.code ?? null, forConsumers);
  });
}

test("history finds a shared network, name or signer of a forwarder or an IP allow", () => {
  const context = { organizations: (): number => 21 };
  for (const text of ["192.0.2.0/24", "ptr:forwarder.example", "dkim:forwarder.example"]) {
    assert.equal(listRefusal(entry("forwarder", "allow", text), context)?.code, "shared");
  }
  assert.equal(listRefusal(entry("ip-allow", "allow", "192.0.2.0/24"), context)?.code, "shared");
});

test("what is refused for From alone comes with the pair that is safe", () => {
  const refusal = listRefusal({ ...entry("sender", "allow", "contoso.com"), needsAuthentication: false }, {});
  assert.equal(refusal?.offer, "contoso.com, dkim:signer.invalid");
  assert.match(refusal?.why ?? "", /tie the entry to authentication/);
});
