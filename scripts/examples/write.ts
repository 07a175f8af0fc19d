/**
 * Writes examples/mail and examples/zone.yaml anew: `node scripts/examples/write.ts`. Keys are made for the run, the private ones are
 * never written: messages and zone belong together and are committed together.
 */
import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { keys, messages } from "./messages.ts";

function write(): void {
  const folder = new URL("../../examples/", import.meta.url);
  const mail = new URL("mail/", folder);
  mkdirSync(mail, { recursive: true });
  for (const name of readdirSync(mail)) rmSync(new URL(name, mail));
  for (const [name, text] of Object.entries(messages())) writeFileSync(new URL(name, mail), text);
  writeFileSync(new URL("zone.yaml", folder), zone());
}

function zone(): string {
  const published = Object.values(keys).map((key) => `${key.selector}._domainkey.${key.domain}:\n  - TXT:\n${strings(key.record)}`);
  return `${records.trim()}\n\n# Public keys of the signatures in examples/mail.\n${published.join("\n")}\n`;
}

/** RFC 1035 §3.3.14: strings of at most 255 octets; a long record is several. */
function strings(record: string): string {
  return (record.match(/.{1,200}/g) ?? []).map((part) => `      - "${part}"`).join("\n");
}

const records = `
# The DNS of examples/mail: \`assay check --zone examples/zone.yaml examples/mail\`. Made by scripts/examples/write.ts.
# A name that is not here does not exist. Addresses are from the ranges for documentation.

# contoso.com publishes nothing about mail: no SPF, no DKIM, no DMARC.
contoso.com:
  - A: 192.0.2.1
  - MX: [10, mx.contoso.com]

# northwind.example sends through a mail service and signs with a key of its own.
northwind.example:
  - TXT: v=spf1 -all
_dmarc.northwind.example:
  - TXT: v=DMARC1; p=reject
bulkmail.example:
  - TXT: v=spf1 ip4:192.0.2.80/28 -all
out3.bulkmail.example:
  - A: 192.0.2.80
80.2.0.192.in-addr.arpa:
  - PTR: out3.bulkmail.example

# adatum.example lists its server in SPF and signs nothing.
adatum.example:
  - TXT: v=spf1 mx -all
  - MX: [10, mail.adatum.example]
_dmarc.adatum.example:
  - TXT: v=DMARC1; p=quarantine
mail.adatum.example:
  - A: 192.0.2.25
25.2.0.192.in-addr.arpa:
  - PTR: mail.adatum.example

# woodgrove.example has SPF for a subdomain, and no DMARC.
woodgrove.example:
  - A: 192.0.2.40
mail.woodgrove.example:
  - TXT: v=spf1 ip4:192.0.2.40 -all
smtp.woodgrove.example:
  - A: 192.0.2.40
40.2.0.192.in-addr.arpa:
  - PTR: smtp.woodgrove.example

# lamna.example and margies.example publish nothing about mail. One has a host of its own, the other shares the network of its hoster.
lamna.example:
  - MX: [10, mail.lamna.example]
mail.lamna.example:
  - A: 192.0.2.161
161.2.0.192.in-addr.arpa:
  - PTR: mail.lamna.example
margies.example:
  - A: 192.0.2.170
  - MX: [10, mx.hoster.example]
mx.hoster.example:
  - A: 192.0.2.171
web7.hoster.example:
  - A: 192.0.2.175
175.2.0.192.in-addr.arpa:
  - PTR: web7.hoster.example

# wingtip.example lives on IPv6.
wingtip.example:
  - TXT: v=spf1 ip6:2001:db8:25::/48 -all
_dmarc.wingtip.example:
  - TXT: v=DMARC1; p=reject; adkim=s; aspf=s
mx6.wingtip.example:
  - AAAA: 2001:db8:25::25
5.2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.5.2.0.0.8.b.d.0.1.0.0.2.ip6.arpa:
  - PTR: mx6.wingtip.example

# müller.example, as DNS sees it.
xn--mller-kva.example:
  - TXT: v=spf1 a:mail.xn--mller-kva.example -all
_dmarc.xn--mller-kva.example:
  - TXT: v=DMARC1; p=reject
mail.xn--mller-kva.example:
  - A: 192.0.2.77
77.2.0.192.in-addr.arpa:
  - PTR: mail.xn--mller-kva.example

# tailspin.example: its server may bounce in its name.
tailspin.example:
  - TXT: v=spf1 a:mail.tailspin.example -all
_dmarc.tailspin.example:
  - TXT: v=DMARC1; p=none
mail.tailspin.example:
  - A: 192.0.2.60
  - TXT: v=spf1 a -all
60.2.0.192.in-addr.arpa:
  - PTR: mail.tailspin.example

# litware.example asks for quarantine; a mailing list and a forwarder stand between.
litware.example:
  - TXT: v=spf1 ip4:192.0.2.200 -all
_dmarc.litware.example:
  - TXT: v=DMARC1; p=quarantine
lists.example:
  - A: 192.0.2.90
  - TXT: v=spf1 a -all
90.2.0.192.in-addr.arpa:
  - PTR: lists.example
forwarder.example:
  - TXT: v=spf1 ip4:192.0.2.95 -all
out.forwarder.example:
  - A: 192.0.2.95
95.2.0.192.in-addr.arpa:
  - PTR: out.forwarder.example

# proseware.example signs with l=, which covers only a part of the body.
_dmarc.proseware.example:
  - TXT: v=DMARC1; p=reject

# slow.example: nobody answers for its DMARC record.
slow.example:
  - TXT: v=spf1 ip4:192.0.2.67 -all
_dmarc.slow.example:
  - TIMEOUT
mail.slow.example:
  - A: 192.0.2.66
66.2.0.192.in-addr.arpa:
  - PTR: mail.slow.example

# A bank that asks to reject what is not its own, and a freemail service.
bank.example:
  - TXT: v=spf1 ip4:192.0.2.150 -all
_dmarc.bank.example:
  - TXT: v=DMARC1; p=reject
freemail.example:
  - TXT: v=spf1 ip4:192.0.2.128/26 -all
_dmarc.freemail.example:
  - TXT: v=DMARC1; p=none; sp=quarantine
out.freemail.example:
  - A: 192.0.2.130
130.2.0.192.in-addr.arpa:
  - PTR: out.freemail.example

# The attackers: a domain that is in order, but nobody's friend, and a dial-up line.
evil.example:
  - TXT: v=spf1 a:mail.evil.example -all
mail.evil.example:
  - A: 198.51.100.7
7.100.51.198.in-addr.arpa:
  - PTR: mail.evil.example
dsl-203-0-113-66.isp.example:
  - A: 203.0.113.66
66.113.0.203.in-addr.arpa:
  - PTR: dsl-203-0-113-66.isp.example
`;

write();
