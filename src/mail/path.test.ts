import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import { type PathReason, parsePath } from "./path.ts";

const paths: readonly (readonly [text: string, localPart: string, domain: string | null, literal?: string])[] = [
  ["<jane@example.com>", "jane", "example.com"],
  ["jane@example.com", "jane", "example.com"],
  ["<Jane.Doe+x=y!z@Mail.Example.COM>", "Jane.Doe+x=y!z", "mail.example.com"],
  ["<jane@localhost>", "jane", "localhost"],
  ["<jane@xn--mnchen-3ya.example>", "jane", "xn--mnchen-3ya.example"],
  ["<bounce+_tag@mail_1.example.com>", "bounce+_tag", "mail_1.example.com"],
  ['<"jane doe"@example.com>', '"jane doe"', "example.com"],
  ['<"a@b,c:d<e>\\"\\\\"@example.com>', '"a@b,c:d<e>\\"\\\\"', "example.com"],
  ['<""@example.com>', '""', "example.com"],
  // RFC 6531 §3.3: UTF-8 local parts, U-labels.
  ["<jürgen@münchen.example>", "jürgen", "xn--mnchen-3ya.example"],
  ['<"jü rgen"@example.com>', '"jü rgen"', "example.com"],
  // RFC 5321 §4.1.3.
  ["<jane@[192.0.2.1]>", "jane", null, "[192.0.2.1]"],
  ["<jane@[IPv6:2001:db8::1]>", "jane", null, "[IPv6:2001:db8::1]"],
  ["<jane@[ipv6:::ffff:192.0.2.1]>", "jane", null, "[ipv6:::ffff:192.0.2.1]"],
  // RFC 5321 §C: the route is ignored, the mailbox is the last part.
  ["<@a.example,@b.example:jane@example.com>", "jane", "example.com"],
  ["@a.example:jane@example.com", "jane", "example.com"],
  // Attack server_a7: the identity is the mailbox's domain, never the route's.
  ["<@legitimate.com,@any.com:'any@attack.com>", "'any", "attack.com"],
];

for (const [text, localPart, domain, literal] of paths) {
  test(`RFC 5321 §4.1.2: ${text}`, () => {
    assert.deepEqual(parsePath(text), { kind: "mailbox", localPart, domain, literal: literal ?? null });
  });
}

test("RFC 5321 §4.5.5: the null path", () => {
  assert.deepEqual(parsePath("<>"), { kind: "null" });
  assert.deepEqual(parsePath(""), { kind: "null" });
});

const invalid: readonly (readonly [text: string, reason: PathReason])[] = [
  // Attacks server_a2, a5, a6: never the null path, never the other domain.
  ["<(any@legitimate.com>", "local-part"],
  ["<any@legitimate.com(a.attack.com>", "domain"],
  ["<any@legitimate.com'@any.attack.com>", "domain"],
  ["<any@legitimate.com@attack.com>", "domain"],
  ["<any@legitimate.com,@attack.com>", "domain"],
  ['<"any@legitimate.com>', "local-part"],
  ['<"any"x@legitimate.com>', "local-part"],
  ['<"any"', "brackets"],
  ['"any"', "no-domain"],
  ['<a"b"@example.com>', "local-part"],
  ['<"ü\\ü"@example.com>', "local-part"],
  ["<a@example.com", "brackets"],
  ["a@example.com>", "brackets"],
  ["<a@example.com> SIZE=1", "brackets"],
  ["<<a@example.com>>", "local-part"],
  ["< a@example.com>", "local-part"],
  ["<a@example.com >", "domain"],
  ["<a b@example.com>", "local-part"],
  ["<a@example.com\r\n>", "domain"],
  ["<a\0@example.com>", "local-part"],
  ["<a@exam\0ple.com>", "domain"],
  ["<.a@example.com>", "local-part"],
  ["<a.@example.com>", "local-part"],
  ["<a..b@example.com>", "local-part"],
  ["<@example.com>", "source-route"],
  ["<a@>", "domain"],
  ["<a@.example.com>", "domain"],
  ["<a@example..com>", "domain"],
  ["<a@example.com.>", "domain"],
  ["<a@-example.com>", "domain"],
  ["<a@example-.com>", "domain"],
  ["<postmaster>", "no-domain"],
  ["< >", "no-domain"],
  ["<a@[192.0.2.256]>", "address-literal"],
  ["<a@[192.0.2.1>", "address-literal"],
  ["<a@[2001:db8::1]>", "address-literal"],
  ["<a@[IPv6:2001:db8::1::2]>", "address-literal"],
  ["<a@[tag:content]>", "address-literal"],
  ["<@a.example,b.example:jane@example.com>", "source-route"],
  ["<@a.example jane@example.com>", "source-route"],
  ["<@:jane@example.com>", "source-route"],
  ["<@a.example:>", "no-domain"],
  ["<a\ufffd@example.com>", "local-part"],
];

for (const [text, reason] of invalid) {
  test(`RFC 5321 §4.1.2, invalid: ${JSON.stringify(text)}`, () => {
    assert.deepEqual(parsePath(text), { kind: "invalid", reason });
  });
}

test("limits.reversePathCharactersMax: N-1 and N are read, N+1 is too long", () => {
  for (const length of [limits.reversePathCharactersMax - 1, limits.reversePathCharactersMax, limits.reversePathCharactersMax + 1]) {
    const path = parsePath(`${"a".repeat(length - "@example.com".length)}@example.com`);
    assert.equal(path.kind, length > limits.reversePathCharactersMax ? "invalid" : "mailbox");
  }
});

test("property: only the null path is null, and a domain is one that stands after the last at-sign", () => {
  const unit = fc.constantFrom(..."ab.@<>\"\\():,;[] '1é\0\n");
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), (text) => {
      const path = parsePath(text);
      if (path.kind === "null") assert.ok(text === "" || text === "<>");
      if (path.kind === "mailbox" && path.literal === null) {
        const inner = text.startsWith("<") ? text.slice(1, -1) : text;
        assert.ok(inner.endsWith(inner.slice(inner.lastIndexOf("@") + 1)));
        assert.equal(path.domain?.includes("@"), false);
      }
    }),
    { numRuns: 3000 },
  );
});
