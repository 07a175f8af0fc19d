import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { limits } from "../base/limits.ts";
import { fromReasons } from "../evidence/from/result.ts";
import type { Reply, ReplyId } from "../verdict/reply.ts";
import { formatReply, type ReplyTrail, replies, replyLine } from "./smtp-replies.ts";

const off: ReplyTrail = { id: null, contact: null };
const line = (reply: Reply, trail = off) => replyLine(formatReply(reply, trail));

// The documents' own examples, and ours. Written out here a second time on purpose: they are the contract.
const documented: readonly (readonly [Reply, string])[] = [
  [
    { id: "ipv6-no-ptr", ip: "2a01:111:f200:2004::240" },
    "450 4.7.25 Service unavailable, sending IPv6 address [2a01:111:f200:2004::240] must have reverse DNS record.",
  ],
  [
    { id: "ipv6-unauthenticated", ip: "2a01:111:f200:2004::240" },
    "450 4.7.26 Service unavailable, message sent over IPv6 [2a01:111:f200:2004::240] must pass either SPF or DKIM validation.",
  ],
  [{ id: "ipv6-not-accepted", domain: "contoso.com" }, "550 5.2.1 Service unavailable, [contoso.com] does not accept email over IPv6."],
  [
    { id: "ipv6-range-limit", ip: "2001:db8::1", range: "2001:db8::/48" },
    "550 5.7.508 Access denied, [2001:db8::1] has exceeded permitted limits within 2001:db8::/48 range",
  ],
  [
    { id: "dmarc-reject", domain: "contoso.com" },
    "550 5.7.509 Access denied, sending domain [contoso.com] does not pass DMARC verification and has a DMARC policy of reject.",
  ],
  [
    { id: "authentication-level", domain: "contoso.com" },
    "550 5.7.515 Access denied, sending domain contoso.com does not meet the required authentication level.",
  ],
  [{ id: "from-invalid", reason: "no-angle-brackets" }, "550 5.7.512 Access denied, message must be RFC 5322\x20section 3.6.2 compliant"],
  [{ id: "from-not-owned" }, "550 5.7.1 Access denied, the From address does not belong to this account."],
  [
    { id: "ip-blocked", ip: "192.0.2.1", domain: "contoso.com" },
    "550 5.7.513 Service unavailable, Client host [192.0.2.1] blocked by contoso.com using Customer Block list (AS16012607)",
  ],
  [{ id: "ip-banned", ip: "192.0.2.1" }, "550 5.7.511 Access denied, banned sending IP [192.0.2.1]"],
  [{ id: "sender-banned" }, "550 5.7.800 Access denied, banned sender"],
  [{ id: "recipient-refuses" }, "550 5.7.507 Access denied, rejected by recipient"],
  [{ id: "bad-helo" }, "550 5.7.506 Access Denied, Bad HELO"],
  [{ id: "spf-violation" }, "550 5.7.23 The message was rejected because of Sender Policy Framework violation"],
  [{ id: "not-authenticated" }, "530 5.7.57 Client was not authenticated to send anonymous mail during MAIL FROM"],
  [{ id: "relay-denied" }, "550 5.7.64 TenantAttribution; Relay Access Denied"],
  [
    { id: "recipients-blocked", recipients: ["a@contoso.com", "b@fabrikam.com"] },
    "550 5.7.703 Your message can't be delivered because messages to a@contoso.com, b@fabrikam.com are blocked by your organization using Tenant Allow Block List.",
  ],
  [{ id: "throttled" }, "451 4.7.550 Access denied, please try again later"],
  [{ id: "rule-refuses", text: null }, "550 5.7.1 Message refused by a mail flow rule of the organization."],
  [{ id: "rule-refuses", text: "No invoices here." }, "550 5.7.1 No invoices here."],
  [{ id: "sender-null-mx" }, "550 5.7.27 Sender address has null MX"],
  [{ id: "recipient-null-mx" }, "556 5.1.10 Recipient address has null MX"],
  [{ id: "authentication-temporary" }, "451 4.7.24 Temporary DNS failure during SPF or DKIM validation, please try again later."],
  [
    { id: "ptr-temporary", ip: "2001:db8::1" },
    "451 4.4.3 Temporary DNS failure while looking up the reverse DNS record of [2001:db8::1], please try again later.",
  ],
  [
    { id: "dmarc-temporary", domain: "contoso.com" },
    "451 4.4.3 Temporary DNS failure while looking up the DMARC record of [contoso.com], please try again later.",
  ],
  [{ id: "filter-fault" }, "451 4.3.0 Temporary fault in mail authentication, please try again later."],
  [{ id: "filter-busy" }, "451 4.3.2 Mail authentication is busy, please try again later."],
  [{ id: "another-organization" }, "452 4.5.3 Recipients of several organizations, please send this one a copy of its own."],
];

for (const [reply, text] of documented) {
  test(`eop.md §7, §8, compauth.md: ${reply.id} byte for byte, alone and with what follows`, () => {
    assert.equal(line(reply), text);
    const trail = { id: "0199c0ffee", contact: "https://contoso.com/mail" };
    const reason = reply.id === "from-invalid" ? " (no-angle-brackets)" : "";
    assert.equal(line(reply, trail), `${text} [id 0199c0ffee]${reason} see https://contoso.com/mail`);
    assert.equal(line(reply, { ...trail, id: null }), `${text} see https://contoso.com/mail`);
    assert.equal(line(reply, { ...trail, contact: null }), `${text} [id 0199c0ffee]${reason}`);
    assert.equal(line(reply, { id: "", contact: " " }), text);
  });
}

test("every reply is in the list above, and takes no parameter that is never filled", () => {
  const ids = new Set<ReplyId>(documented.map(([{ id }]) => id));
  assert.deepEqual([...ids].sort(), Object.keys(replies).sort());
  for (const [reply, text] of documented) assert.doesNotMatch(text, /[{}]|undefined/, reply.id);
});

test("RFC 3463 §3: the class of the enhanced code is that of the reply; a 4xx never carries a 5.x.x", () => {
  for (const { code, enhanced } of Object.values(replies)) {
    assert.equal(String(code).charAt(0), enhanced.charAt(0));
    assert.match(enhanced, /^[45]\.\d{1,3}\.\d{1,3}$/);
  }
});

test("RFC 5952: addresses are written in one form; IPv4-mapped ones are IPv4; what is none is named unknown", () => {
  const shown = (ip: string) => /\[(.*)\]/.exec(line({ id: "ip-banned", ip }))?.[1];
  assert.equal(shown("2A01:0111:F200:2004:0000:0000:0000:0240"), "2a01:111:f200:2004::240");
  assert.equal(shown("::ffff:192.0.2.1"), "192.0.2.1");
  assert.equal(shown("::FFFF:C000:0201"), "192.0.2.1");
  assert.equal(shown("192.0.2.1"), "192.0.2.1");
  assert.equal(shown("192.0.2.1\r\n250 ok"), "unknown");
  assert.equal(shown("fe80::1%eth0"), "unknown");
});

test("U-labels are written as A-labels; local parts and contacts beyond ASCII lose their letters", () => {
  assert.equal(
    line({ id: "ipv6-not-accepted", domain: "Bücher.example" }),
    "550 5.2.1 Service unavailable, [xn--bcher-kva.example] does not accept email over IPv6.",
  );
  assert.match(
    line({ id: "recipients-blocked", recipients: ["jörg@contoso.com", "😀@contoso.com"] }),
    /to j\?rg@contoso\.com, \?@contoso\.com are/,
  );
  assert.match(line({ id: "throttled" }, { id: null, contact: "Büro +49 1" }), / see B\?ro \+49 1$/);
});

test("attack: a value with CR LF, brackets or the name of a parameter stays inside its place", () => {
  const hostile = "evil.test]\r\n250 2.0.0 Ok {ip}";
  assert.equal(
    line({ id: "dmarc-reject", domain: hostile }),
    "550 5.7.509 Access denied, sending domain [evil.test???250?2.0.0?Ok?{ip}] does not pass DMARC verification and has a DMARC policy of reject.",
  );
  assert.equal(
    line({ id: "throttled" }, { id: "x]\r\ny", contact: "a\r\nb" }),
    "451 4.7.550 Access denied, please try again later [id x???y] see a??b",
  );
  assert.equal(line({ id: "rule-refuses", text: "no\r\n250 yes" }), "550 5.7.1 no??250 yes");
});

test("a percent sign is left alone: doubling it is the milter door's", () => {
  assert.match(line({ id: "rule-refuses", text: "100% no" }), / 100% no$/);
});

test("RFC 5321 §4.5.3.1.5: limits.replyLineBytesMax: N-1 and N with CRLF, not N+1; the contact is left out whole", () => {
  const reply: Reply = { id: "throttled" };
  const base = line(reply, { id: "1", contact: "x" }).length + 2 - 1;
  for (const total of [limits.replyLineBytesMax - 1, limits.replyLineBytesMax, limits.replyLineBytesMax + 1]) {
    const contact = "x".repeat(total - base);
    const written = line(reply, { id: "1", contact });
    const fits = total <= limits.replyLineBytesMax;
    assert.equal(written, `451 4.7.550 Access denied, please try again later [id 1]${fits ? ` see ${contact}` : ""}`);
    if (fits) assert.equal(written.length + 2, total);
  }
});

test("limits.replyTraceIdCharactersMax: N-1, N, N+1", () => {
  for (const length of [limits.replyTraceIdCharactersMax - 1, limits.replyTraceIdCharactersMax, limits.replyTraceIdCharactersMax + 1]) {
    const shown = /\[id (f*)\]$/.exec(line({ id: "bad-helo" }, { id: "f".repeat(length), contact: null }))?.[1];
    assert.equal(shown?.length, Math.min(length, limits.replyTraceIdCharactersMax));
  }
});

test("limits.ruleTextCharactersMax: N-1, N, N+1", () => {
  for (const length of [limits.ruleTextCharactersMax - 1, limits.ruleTextCharactersMax, limits.ruleTextCharactersMax + 1]) {
    const { text } = formatReply({ id: "rule-refuses", text: "n".repeat(length) }, off);
    assert.equal(text.length, Math.min(length, limits.ruleTextCharactersMax));
  }
});

test("limits.replyRecipientsCharactersMax: N-1, N, N+1; the rest is counted", () => {
  const max = limits.replyRecipientsCharactersMax;
  for (const total of [max - 1, max, max + 1]) {
    // Two addresses, each with the comma and blank behind it.
    const recipients = ["a".repeat(100), "b".repeat(total - 104)];
    const { text } = formatReply({ id: "recipients-blocked", recipients }, off);
    assert.equal(text.includes("bbb"), total <= max);
    assert.equal(text.includes(" and 1 more are"), total > max);
  }
});

test("property: whatever the values, one line of printable ASCII of at most 512 octets that begins as documented", () => {
  const any = fc.oneof(
    fc.string({ unit: "binary", maxLength: 700 }),
    fc.string({ unit: "grapheme", maxLength: 700 }),
    fc.ipV6(),
    fc.domain(),
  );
  const values = fc.record({
    ip: any,
    domain: any,
    range: any,
    recipients: fc.array(any, { maxLength: 40 }),
    text: fc.option(any),
    reason: fc.constantFrom(...fromReasons),
  });
  // The documented replies, with other values.
  const reply = fc
    .tuple(fc.constantFrom(...documented.map(([each]) => each)), values)
    .map(([each, other]): Reply => ({ ...other, ...each, ...other }));
  fc.assert(
    fc.property(reply, fc.option(any), fc.option(any), (each, id, contact) => {
      const written = line(each, { id, contact });
      assert.match(written, /^[ -~]+$/);
      assert.ok(written.length + 2 <= limits.replyLineBytesMax, String(written.length));
      const row = replies[each.id];
      assert.ok(written.startsWith(`${row.code} ${row.enhanced} ${row.text.split("{")[0]}`));
      // What follows never costs the text anything.
      assert.ok(written.startsWith(line(each)));
    }),
    { numRuns: 2000 },
  );
});
