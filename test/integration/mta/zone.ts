/**
 * The world of the tests with real mail servers: who publishes what, one client address for each case. It is given to `assay serve` as its
 * zone; nothing else is asked.
 */
import { rsaTestKey, signed, written } from "../../signer.ts";

export const key = rsaTestKey(2048);

/** Clients, by what is to be said of them. Documentation addresses alone (RFC 5737, RFC 3849). */
export const clients = {
  good: "192.0.2.1",
  stranger: "203.0.113.9",
  /** Its reverse name is another host's. */
  forger: "203.0.113.10",
  /** IPv6 with a reverse name, covered by the SPF record of good.example. */
  six: "2001:db8::1",
  sixWithoutPtr: "2001:db8::3",
  sixBrokenPtr: "2001:db8::4",
} as const;

export const zone = {
  "good.example": [{ TXT: `v=spf1 ip4:${clients.good} ip4:127.0.0.0/24 ip6:${clients.six} -all` }, { MX: [10, "mx.good.example"] }],
  "mx.good.example": [{ A: "192.0.2.10" }],
  "mail.good.example": [{ A: clients.good }, { AAAA: clients.six }],
  "_dmarc.good.example": [{ TXT: "v=DMARC1; p=reject" }],
  "signed.example": [{ TXT: "v=spf1 -all" }],
  "_dmarc.signed.example": [{ TXT: "v=DMARC1; p=reject; adkim=s; aspf=s" }],
  "sel._domainkey.signed.example": [{ TXT: key.record.match(/.{1,200}/g) ?? [] }],
  "nothing.example": [{ A: "192.0.2.20" }],
  "noreply.example": [{ MX: [0, "."] }, { TXT: `v=spf1 ip4:${clients.good} -all` }],
  "partner.example": [{ MX: [10, "mx.partner.example"] }],
  "mx.partner.example": [{ A: "192.0.2.30" }],
  "broken.example": ["TIMEOUT"],
  "_dmarc.broken.example": ["TIMEOUT"],
  "1.2.0.192.in-addr.arpa": [{ PTR: "mail.good.example" }],
  "10.113.0.203.in-addr.arpa": [{ PTR: "mail.good.example" }],
  [reverse6(1)]: [{ PTR: "mail.good.example" }],
  [reverse6(4)]: ["TIMEOUT"],
} as const;

function reverse6(last: number): string {
  return `${last}${".0".repeat(23)}.8.b.d.0.1.0.0.2.ip6.arpa`;
}

export type Letter = {
  readonly from?: string;
  readonly id?: string;
  /** Complete fields, with their line ends, above all others. */
  readonly above?: string;
  readonly body?: string;
};

/** From may be "" for a message without the field. Lines end with CRLF. */
export function letter({ from = "ada@good.example", id = unique("m"), above = "", body = "body\r\n" }: Letter = {}): string {
  const author = from === "" ? "" : `From: ${from}\r\n`;
  return `${above}${author}To: bob@inbound.test\r\nSubject: a test\r\nX-Test-Id: ${id}\r\nMessage-ID: <${id}@good.example>\r\n\r\n${body}`;
}

let count = 0;

export function unique(prefix: string): string {
  count += 1;
  return `${prefix}-${process.pid}-${count}`;
}

/** A message that is signed simple/simple, with white space that any carrier that tidies up would break. */
export function signedLetter(id: string): string {
  const headers = [
    "From:  Ada  <ada@signed.example>",
    "To:bob@inbound.test",
    "Subject: \t white space that matters \r\n\t folded with a tab\r\n  and with two spaces",
    "X-Odd:",
    `X-Test-Id: ${id}`,
    `Message-ID: <${id}@signed.example>`,
  ];
  const message = { headers, body: "first line\r\n\r\n.dot at the start, and trailing spaces   \r\n\r\n\r\n" };
  const options = { key, domain: "signed.example", canonicalization: "simple/simple", h: "from:to:subject:x-odd:x-test-id:message-id" };
  return written(signed(message, options)).toString("latin1");
}

/** Rules that a header field asks for, so that each action can be had from any sender. */
export const rules = `
[[rules]]
name = "percent"
text = 'when header x-test-rule contains "percent" then reject "100% sure: %s, %d and %% are only text"'
[[rules]]
name = "hold"
text = 'when header x-test-rule contains "hold" then quarantine'
[[rules]]
name = "junk"
text = 'when header x-test-rule contains "junk" then junk'
`;
