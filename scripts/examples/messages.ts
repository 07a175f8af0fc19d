/**
 * The stories of examples/mail: who sends what to ben@fabrikam.com, and from where. Domains are invented, addresses are from the
 * ranges for documentation (RFC 5737, RFC 3849). Each is written so that one thing decides.
 */
import { type Key, makeKey, withArc, withDkim } from "./sign.ts";

const at = 1748937600; // 2025-06-03 08:00 UTC
const date = "Tue, 03 Jun 2025 08:00:00 +0000";
const names = ["From", "To", "Subject", "Date", "Message-ID"];

export const keys = {
  northwind: makeKey("northwind.example", "june"),
  litware: makeKey("litware.example", "k1"),
  wingtip: makeKey("wingtip.example", "ed", "ed25519-sha256"),
  forwarder: makeKey("forwarder.example", "arc"),
  freemail: makeKey("freemail.example", "s2025"),
  tailspin: makeKey("tailspin.example", "old"),
  proseware: makeKey("proseware.example", "bulk"),
  mueller: makeKey("xn--mller-kva.example", "post"),
} as const satisfies Record<string, Key>;

type Letter = {
  readonly from: readonly string[];
  readonly to?: string;
  readonly subject: string;
  readonly id: string;
  readonly body: readonly string[];
  readonly more?: readonly string[];
};

/** What the author's own server hands over: header and body, nothing signed. */
function letter({ from, to = "Ben Hale <ben@fabrikam.com>", subject, id, body, more = [] }: Letter): string {
  const header = [
    ...from.map((one) => `From: ${one}`),
    `To: ${to}`,
    `Subject: ${subject}`,
    `Date: ${date}`,
    `Message-ID: <${id}>`,
    "MIME-Version: 1.0",
    "Content-Type: text/plain; charset=utf-8",
  ];
  return `${[...header, ...more].join("\n")}\n\n${body.join("\n")}\n`;
}

type Delivery = { readonly ip: string; readonly helo: string; readonly name?: string; readonly returnPath: string };

/** What the receiving server writes on top: Return-Path and Received, an internal hop above the one that matters. */
function delivered(message: string, { ip, helo, name = helo, returnPath }: Delivery): string {
  const client = ip.includes(":") ? `IPv6:${ip}` : ip;
  return [
    `Return-Path: <${returnPath}>`,
    "Received: from mx.fabrikam.com (mx.fabrikam.com [10.0.0.25])",
    `\tby store.fabrikam.com (Postfix) with LMTP id 5C0FFEE01; ${date}`,
    `Received: from ${helo} (${name} [${client}])`,
    "\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits))",
    `\tby mx.fabrikam.com (Postfix) with ESMTPS id 4BEEF0001`,
    `\tfor <ben@fabrikam.com>; ${date}`,
    message,
  ].join("\n");
}

/** File name → message. */
export function messages(): Readonly<Record<string, string>> {
  return { ...honest(), ...implicit(), ...broken(), ...forged() };
}

function honest(): Record<string, string> {
  const newsletter = letter({
    from: ["Northwind Traders <news@northwind.example>"],
    subject: "The June catalogue",
    id: "june.1@northwind.example",
    body: ["Dear Ben,", "", "the new catalogue is here.", "", "Northwind Traders"],
  });
  const invoice = letter({
    from: ["Ada Lind <ada@adatum.example>"],
    subject: "Minutes of Monday",
    id: "min.7@adatum.example",
    body: ["Hello Ben,", "", "as agreed: the minutes.", "", "Ada"],
  });
  const order = letter({
    from: ["Wood Grove <orders@woodgrove.example>"],
    subject: "Your order 4711",
    id: "4711@woodgrove.example",
    body: ["Your order is on its way."],
  });
  const v6 = letter({
    from: ["Wing Tip <hello@wingtip.example>"],
    subject: "Greetings over IPv6",
    id: "v6.1@wingtip.example",
    body: ["No IPv4 was harmed."],
  });
  const idn = letter({
    from: ["Jörg Müller <post@müller.example>"],
    subject: "Grüße",
    id: "gruss.1@xn--mller-kva.example",
    body: ["Schöne Grüße aus Köln!"],
  });
  const bounce = letter({
    from: ["Mail Delivery System <mailer-daemon@tailspin.example>"],
    subject: "Undelivered Mail Returned to Sender",
    id: "dsn.9@tailspin.example",
    body: ["Your message to nobody@tailspin.example could not be delivered."],
    more: ["Auto-Submitted: auto-replied"],
  });
  return {
    "newsletter-signed-by-its-domain.eml": delivered(withDkim(newsletter, keys.northwind, { names, at }), {
      ip: "192.0.2.80",
      helo: "out3.bulkmail.example",
      returnPath: "bounce-881@bulkmail.example",
    }),
    "colleague-spf-only.eml": delivered(invoice, { ip: "192.0.2.25", helo: "mail.adatum.example", returnPath: "ada@adatum.example" }),
    "small-shop-without-dmarc.eml": delivered(order, {
      ip: "192.0.2.40",
      helo: "smtp.woodgrove.example",
      returnPath: "bounce@mail.woodgrove.example",
    }),
    "over-ipv6-ed25519.eml": delivered(withDkim(v6, keys.wingtip, { names, at }), {
      ip: "2001:db8:25::25",
      helo: "mx6.wingtip.example",
      returnPath: "hello@wingtip.example",
    }),
    "idn-sender.eml": delivered(withDkim(idn, keys.mueller, { names, at }), {
      ip: "192.0.2.77",
      helo: "mail.xn--mller-kva.example",
      returnPath: "post@xn--mller-kva.example",
    }),
    "bounce-with-null-sender.eml": delivered(bounce, { ip: "192.0.2.60", helo: "mail.tailspin.example", returnPath: "" }),
  };
}

/** Their domains publish nothing about mail: names and addresses of their hosts speak. */
function implicit(): Record<string, string> {
  const museum = letter({
    from: ["Lamna Museum <visit@lamna.example>"],
    subject: "Open on Whit Monday",
    id: "open.1@lamna.example",
    body: ["We are open from 10 to 6."],
  });
  const bakery = letter({
    from: ["Margie's Bakery <hello@margies.example>"],
    subject: "Your cake is ready",
    id: "cake.2@margies.example",
    body: ["You can fetch it from noon."],
  });
  return {
    "museum-from-its-own-host.eml": delivered(museum, { ip: "192.0.2.161", helo: "mail.lamna.example", returnPath: "visit@lamna.example" }),
    "bakery-at-a-hoster.eml": delivered(bakery, {
      ip: "192.0.2.175",
      helo: "web7.hoster.example",
      returnPath: "www-data@web7.hoster.example",
    }),
  };
}

function broken(): Record<string, string> {
  const post = letter({
    from: ["Lea Berg <lea@litware.example>"],
    to: "gardeners@lists.example",
    subject: "Tomatoes",
    id: "tom.1@litware.example",
    body: ["When do you plant them?", "", "Lea"],
  });
  const list = [
    "List-Id: Gardeners <gardeners.lists.example>",
    `${withDkim(post, keys.litware, { names, at })}`,
    "_______________________________________________",
    "Gardeners mailing list: https://lists.example/gardeners",
    "",
  ].join("\n");
  const memo = letter({
    from: ["Lea Berg <lea@litware.example>"],
    subject: "The contract",
    id: "con.1@litware.example",
    body: ["Signed, see below.", "", "Lea"],
  });
  const sealed = withArc(`${withDkim(memo, keys.litware, { names, at })}\nForwarded by forwarder.example\n`, keys.forwarder, {
    names,
    at,
    results: "mx.forwarder.example; dkim=pass header.d=litware.example; dmarc=pass header.from=litware.example",
  });
  const late = letter({
    from: ["Tailspin Toys <sales@tailspin.example>"],
    subject: "Last week's offer",
    id: "offer.3@tailspin.example",
    body: ["Only until Friday!"],
  });
  const partly = letter({
    from: ["Proseware <team@proseware.example>"],
    subject: "Our new terms",
    id: "terms.1@proseware.example",
    body: ["The terms have not changed.", "PS: please pay to the account below from now on."],
  });
  const slow = letter({
    from: ["Slow Office <office@slow.example>"],
    subject: "Are you there?",
    id: "slow.1@slow.example",
    body: ["Our name servers are having a day off."],
  });
  return {
    "mailing-list-changed-the-body.eml": delivered(list, {
      ip: "192.0.2.90",
      helo: "lists.example",
      returnPath: "gardeners-bounces@lists.example",
    }),
    "forwarded-with-arc.eml": delivered(sealed, {
      ip: "192.0.2.95",
      helo: "out.forwarder.example",
      returnPath: "srs0=x=litware.example=lea@forwarder.example",
    }),
    "signature-expired.eml": delivered(withDkim(late, keys.tailspin, { names, at: at - 14 * 86_400, expires: at - 7 * 86_400 }), {
      ip: "198.51.100.99",
      helo: "replay.evil.example",
      name: "unknown",
      returnPath: "x@evil.example",
    }),
    "body-only-partly-signed.eml": delivered(
      withDkim(partly, keys.proseware, { names, at, bodyBytes: "The terms have not changed.\r\n".length }),
      { ip: "198.51.100.99", helo: "replay.evil.example", name: "unknown", returnPath: "x@evil.example" },
    ),
    "dns-did-not-answer.eml": delivered(slow, { ip: "192.0.2.66", helo: "mail.slow.example", returnPath: "office@slow.example" }),
  };
}

function forged(): Record<string, string> {
  const evil = { ip: "198.51.100.7", helo: "mail.evil.example", returnPath: "billing@evil.example" };
  const ceo = letter({
    from: ["Carla Mendes <ceo@contoso.com>"],
    subject: "Invoice, please pay today",
    id: "inv.1@evil.example",
    body: ["Ben,", "", "please settle this invoice today and tell nobody yet.", "", "Carla"],
  });
  const bank = letter({
    from: ["Relecloud Bank <security@bank.example>"],
    subject: "Your account is locked",
    id: "lock.1@evil.example",
    body: ["Confirm your password within 24 hours."],
  });
  const two = letter({
    from: ["Relecloud Bank <security@bank.example>", "Evil <billing@evil.example>"],
    subject: "Which one do you see?",
    id: "two.1@evil.example",
    body: ["Some mail programs show the first From, some the last."],
  });
  const display = letter({
    from: ['"Carla Mendes ceo@contoso.com" <carla.m.7731@freemail.example>'],
    subject: "Are you at your desk?",
    id: "desk.1@freemail.example",
    body: ["I need a favour."],
  });
  return {
    "invoice-from-the-ceo.eml": delivered(ceo, evil),
    "bank-with-p-reject.eml": delivered(bank, {
      ip: "203.0.113.66",
      helo: "dsl-203-0-113-66.isp.example",
      returnPath: "security@bank.example",
    }),
    "two-from-fields.eml": delivered(two, evil),
    "name-shows-another-address.eml": delivered(withDkim(display, keys.freemail, { names, at }), {
      ip: "192.0.2.130",
      helo: "out.freemail.example",
      returnPath: "carla.m.7731@freemail.example",
    }),
  };
}
