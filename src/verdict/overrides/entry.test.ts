import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { formatPair, noteOf, type Pair, parsePair } from "./entry.ts";
import { entryRefusal } from "./entry-check.ts";
import { defaultExpiry, formatExpiry, isExpired, parseExpiry } from "./expiry.ts";

function pair(text: string): Pair {
  const parsed = parsePair(text);
  assert.equal(parsed.status, "read", text);
  return parsed.status === "read" ? parsed.value : assert.fail();
}

const written: readonly (readonly [string, string])[] = [
  ["contoso.com, 192.168.100.100/24", "contoso.com, 192.168.100.0/24"],
  ["chris@contoso.com, fabrikam.com", "chris@contoso.com, fabrikam.com"],
  ["*, contoso.net", "*, contoso.net"],
  ["contoso.com, *", "contoso.com, *"],
  ["  Contoso.COM ,Fabrikam.com. ", "contoso.com, fabrikam.com"],
  ['"Chris"@Contoso.com, fabrikam.com', "chris@contoso.com, fabrikam.com"],
  ['"a, b"@contoso.com, fabrikam.com', '"a, b"@contoso.com, fabrikam.com'],
  ["bücher.example, DKIM: mail.bücher.example", "xn--bcher-kva.example, dkim:mail.xn--bcher-kva.example"],
  ["contoso.com, ptr:fabrikam.com", "contoso.com, ptr:fabrikam.com"],
  ["contoso.com, 2001:db8:1:2::3/48", "contoso.com, 2001:db8:1::/48"],
  ["contoso.com, ::ffff:192.0.2.9/120", "contoso.com, 192.0.2.0/24"],
];
for (const [text, normal] of written) {
  test(`pair syntax (eop.md §4b): ${text}`, () => {
    const value = pair(text);
    assert.equal(formatPair(value), normal);
    assert.deepEqual(pair(normal), value);
  });
}

const refusals: readonly (readonly [string, string, string | null])[] = [
  ["*, *", "both-any", null],
  ["contoso.com", "syntax", null],
  ["contoso.com,", "syntax", null],
  [", fabrikam.com", "syntax", null],
  ["*.contoso.com, fabrikam.com", "syntax", "contoso.com"],
  ["contoso.com, *.fabrikam.com", "syntax", null],
  ["contoso.com, 192.0.2.7", "range", "192.0.2.0/24"],
  ["contoso.com, 192.0.2.0/16", "range", "192.0.2.0/24"],
  ["contoso.com, 2001:db8::/64", "range", "2001:db8::/48"],
  ["contoso.com, 192.0.2.300/24", "syntax", null],
  ["com, fabrikam.com", "syntax", null],
  ["chris@, fabrikam.com", "syntax", null],
  ["192.0.2.7, fabrikam.com", "syntax", null],
  ["contoso.com, dkim:", "syntax", null],
  ["contoso.com, fabri kam.com", "syntax", null],
];
for (const [text, code, offer] of refusals) {
  test(`pair syntax refuses: ${text}`, () => {
    const parsed = parsePair(text);
    assert.equal(parsed.status, "refused");
    if (parsed.status === "refused") assert.deepEqual([parsed.refusal.code, parsed.refusal.offer], [code, offer]);
  });
}

test("parsePair and formatPair are each other's inverse", () => {
  const name = fc.constantFrom("contoso.com", "mail.fabrikam.com", "xn--bcher-kva.example", "a_b.example.co.uk");
  const user = fc.oneof(
    fc.constant({ kind: "any" } as const),
    name.map((domain) => ({ kind: "domain", domain }) as const),
    fc
      .tuple(fc.stringMatching(/^[a-z0-9+_-]{1,20}$/), name)
      .map(([local, domain]) => ({ kind: "address", address: `${local}@${domain}` }) as const),
  );
  const infrastructure = fc.oneof(
    fc.tuple(fc.constantFrom("domain", "dkim", "ptr"), name).map(([kind, domain]) => ({ kind, domain }) as const),
    fc.tuple(fc.nat(255), fc.nat(255)).map(([a, b]) => ({ kind: "prefix", prefix: `10.${a}.${b}.0/24` }) as const),
  );
  fc.assert(
    fc.property(user, infrastructure, (left, right) =>
      assert.deepEqual(pair(formatPair({ user: left, infrastructure: right })), { user: left, infrastructure: right }),
    ),
  );
});

test("parsePair is total: any text is read or refused", () => {
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => assert.match(parsePair(text).status, /^(read|refused)$/)));
  assert.equal(parsePair(`${"a".repeat(100_000)}@contoso.com, fabrikam.com`).status, "refused");
});

const checked: readonly (readonly [string, string | null, string | null])[] = [
  ["contoso.com, fabrikam.com", null, null],
  ["*, fabrikam.com", null, null],
  ["contoso.com, 192.0.2.0/24", null, null],
  // Anybody can write contoso.com into From.
  ["contoso.com, *", "from-alone", "contoso.com, dkim:signer.invalid"],
  ["contoso.com, outlook.com", "shared", "contoso.com, dkim:signer.invalid"],
  ["contoso.com, ptr:mail.protection.outlook.com", "shared", "contoso.com, dkim:signer.invalid"],
  ["contoso.com, dkim:amazonses.com", "shared", "contoso.com, dkim:signer.invalid"],
  ["contoso.com, 40.107.8.0/24", "shared", "contoso.com, dkim:signer.invalid"],
  ["contoso.com, 2a01:111:f400::/48", "shared", "contoso.com, dkim:signer.invalid"],
  ["contoso.com, co.uk", "public-suffix", "contoso.com, dkim:signer.invalid"],
  ["contoso.com, onmicrosoft.com", "public-suffix", "contoso.com, dkim:signer.invalid"],
  // A customer's own name below the provider's is one organization's.
  ["contoso.com, dkim:contoso.onmicrosoft.com", null, null],
  ["contoso.com, dkim:contoso-com.20230601.gappssmtp.com", null, null],
  ["contoso.com, contoso-com.20230601.gappssmtp.com", "shared", "contoso.com, dkim:contoso-com.20230601.gappssmtp.com"],
];
for (const [text, code, offer] of checked) {
  test(`allow ${text}: ${code ?? "may exist"}`, () => {
    const refusal = entryRefusal(pair(text), "allow", {});
    assert.deepEqual([refusal?.code ?? null, refusal?.offer ?? null], [code, offer]);
    if (refusal?.offer != null) assert.equal(entryRefusal(pair(refusal.offer), "allow", {}), null, "what is offered is safe");
    assert.equal(entryRefusal(pair(text), "block", { profile: "consumer" }), null, "a block may always exist");
    assert.equal(entryRefusal(pair(text), "allow", { profile: "consumer" })?.code, "consumer");
  });
}

test("history finds shared infrastructure that no list names, at more than 20 organizations", () => {
  const seen = (count: number) => ({ organizations: (): number => count });
  for (const text of ["contoso.com, relay.example", "contoso.com, 192.0.2.0/24", "contoso.com, dkim:relay.example"]) {
    assert.equal(entryRefusal(pair(text), "allow", seen(20)), null);
    assert.equal(entryRefusal(pair(text), "allow", seen(21))?.code, "shared");
  }
});

test("the DKIM form that is offered is the signer that was seen", () => {
  const context = { signers: ["amazonses.com", "news.contoso.example"] };
  assert.equal(entryRefusal(pair("contoso.com, amazonses.com"), "allow", context)?.offer, "contoso.com, dkim:news.contoso.example");
  assert.equal(entryRefusal(pair("contoso.com, *"), "allow", { allowable: "192.0.2.0/24" })?.offer, "contoso.com, 192.0.2.0/24");
});

test("expiry: 90 idle days for what accepts, never for a block, both directions of the text", () => {
  assert.deepEqual(defaultExpiry("allow"), { kind: "idle", days: 90 });
  assert.deepEqual(defaultExpiry("block"), { kind: "never" });
  for (const text of ["never", "idle 90d", "idle 1d", "2027-01-31"])
    assert.equal(formatExpiry(parseExpiry(text) ?? assert.fail(text)), text);
  for (const text of ["", "90", "idle 0d", "2027-02-30", "2027-1-1", "idle 99999d"]) assert.equal(parseExpiry(text), null, text);
  const idle = defaultExpiry("allow");
  assert.deepEqual([isExpired(idle, 100, 190), isExpired(idle, 100, 191)], [false, true]);
  const day = parseExpiry("1970-01-11") ?? assert.fail();
  assert.deepEqual([isExpired(day, 0, 10), isExpired(day, 0, 11)], [false, true]);
});

test("a note is one bounded line", () => {
  assert.equal(noteOf("  told by\r\nann\u202e "), "told by ann");
  assert.equal(noteOf("\n"), null);
  assert.equal(noteOf("x".repeat(10_000))?.length, 500);
});
