import assert from "node:assert/strict";
import { test } from "node:test";
import { askNullMx, type NullMx, nullMxOf } from "../evidence/infrastructure/null-mx.ts";
import { type Zone, type ZoneQuestion, zoneResolver } from "../system/zone-resolver.ts";
import { acceptedDomainWarning, inboundFromNullMx, noreplyAdvice, outboundToNullMx } from "./null-mx.ts";

const zone: Zone = {
  "noreply.contoso.com": [{ MX: [0, "."] }],
  "alias.contoso.com": [{ CNAME: "noreply.contoso.com" }],
  "ten.contoso.com": [{ MX: [10, "."] }],
  "both.contoso.com": [{ MX: [0, "."] }, { MX: [10, "mx.contoso.com"] }],
  "contoso.com": [{ MX: [10, "mx.contoso.com"] }],
  "zero.contoso.com": [{ MX: [0, "mx.contoso.com"] }],
  "host.contoso.com": [{ A: "192.0.2.1" }],
  "slow.contoso.com": ["TIMEOUT"],
  "broken.contoso.com": ["SERVFAIL"],
};
const expected: Readonly<Record<string, NullMx>> = {
  "noreply.contoso.com": "null-mx",
  "alias.contoso.com": "null-mx",
  "ten.contoso.com": "malformed",
  "both.contoso.com": "malformed",
  "contoso.com": "other",
  "zero.contoso.com": "other",
  "host.contoso.com": "other",
  "nobody.example": "other",
  "slow.contoso.com": "unknown",
  "broken.contoso.com": "unknown",
};
for (const [name, wanted] of Object.entries(expected)) {
  test(`RFC 7505 §3: ${name} is ${wanted}, by one question`, async () => {
    const questions: ZoneQuestion[] = [];
    const resolver = zoneResolver(zone, { onQuery: (question) => questions.push(question) });
    assert.equal(await askNullMx(name, resolver), wanted);
    assert.equal(questions.length, 1);
  });
}

test("RFC 7505 §3: the root written as nothing is the root; an empty answer and a refusal are none", () => {
  const found = (exchange: string) =>
    nullMxOf({ status: "found", records: [{ preference: 0, exchange }], ttlSeconds: 60, authenticated: false });
  assert.deepEqual([found(""), found("."), found("mx.example")], ["null-mx", "null-mx", "other"]);
  assert.equal(nullMxOf({ status: "found", records: [], ttlSeconds: 60, authenticated: false }), "other");
  assert.equal(nullMxOf({ status: "refused" }), "unknown");
  assert.equal(nullMxOf({ status: "timeout", withheld: "budget" }), "unknown");
});

const words: readonly (NullMx | null)[] = ["null-mx", "malformed", "other", "unknown", null];

test("RFC 7505 §4.2: inbound, off by default; 550 5.7.27 only on a null MX of a domain that is looked at", () => {
  for (const direction of ["inbound", "outbound"] as const) {
    for (const inbound of [undefined, "off", "mail-from", "mail-from-and-from"] as const) {
      for (const mailFrom of words) {
        for (const from of words) {
          const { reply } = inboundFromNullMx({ direction }, { mailFrom, from }, inbound === undefined ? {} : { inbound });
          const looked = inbound === "mail-from-and-from" ? [mailFrom, from] : inbound === "mail-from" ? [mailFrom] : [];
          const refused = direction === "inbound" && looked.includes("null-mx");
          assert.deepEqual(reply, refused ? { id: "sender-null-mx" } : null);
        }
      }
    }
  }
});

test("RFC 7505 §4.1: outbound, 556 5.1.10 for a recipient whose domain publishes one; never inbound, never on a guess", () => {
  for (const domain of words) {
    assert.deepEqual(outboundToNullMx({ direction: "outbound" }, domain).reply, domain === "null-mx" ? { id: "recipient-null-mx" } : null);
    assert.equal(outboundToNullMx({ direction: "inbound" }, domain).reply, null);
  }
});

test("an accepted domain with a null MX is warned about, and a malformed one too", () => {
  assert.match(acceptedDomainWarning("contoso.com", "null-mx") ?? "", /accepted domain/);
  assert.match(acceptedDomainWarning("contoso.com", "malformed") ?? "", /preference 0/);
  assert.equal(acceptedDomainWarning("contoso.com", "other"), null);
  assert.equal(acceptedDomainWarning("contoso.com", "unknown"), null);
});

test("the record to publish for a noreply domain is one that is recognized", async () => {
  const record = noreplyAdvice("NoReply.Contoso.com")?.record;
  assert.equal(record, "noreply.contoso.com. IN MX 0 .");
  const [name = "", , , preference, exchange] = record.split(" ");
  assert.equal(await askNullMx("noreply.contoso.com", zoneResolver({ [name]: [{ MX: [Number(preference), exchange ?? ""] }] })), "null-mx");
  assert.equal(noreplyAdvice("not a domain"), null);
});

test("the facts name the domains that were asked", () => {
  const { facts } = inboundFromNullMx({ direction: "inbound" }, { mailFrom: "other", from: "null-mx" }, { inbound: "mail-from-and-from" });
  assert.deepEqual(
    facts.map(({ fact, value }) => [fact, value]),
    [
      ["the MAIL FROM domain publishes no null MX", "other"],
      ["the From domain publishes a null MX: it accepts no mail", "null-mx"],
    ],
  );
});
