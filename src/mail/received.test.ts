import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseReceived } from "./received.ts";

type Row = readonly [server: string, value: string, helo: string | null, ip: string | null, by: string | null, tls?: string];

const rows: readonly Row[] = [
  [
    "Postfix",
    "from mail.evil.example (mail.evil.example [198.51.100.7]) by mx.contoso.com (Postfix) with ESMTP id 4F1B2 for <a@contoso.com>; Fri, 21 Nov 2025 10:00:00 +0000 (UTC)",
    "mail.evil.example",
    "198.51.100.7",
    "mx.contoso.com",
  ],
  [
    "Postfix, TLS, no PTR",
    "from a.example (unknown [192.0.2.9])\t(using TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits)\t key-exchange X25519 server-signature RSA-PSS (2048 bits) server-digest SHA256)\t(No client certificate requested)\tby mx.contoso.com (Postfix) with ESMTPS id 1; x",
    "a.example",
    "192.0.2.9",
    "mx.contoso.com",
    "TLSv1.3 TLS_AES_256_GCM_SHA384",
  ],
  [
    "Postfix, IPv6",
    "from a.example (a.example [IPv6:2001:DB8:0::5]) by mx.contoso.com with ESMTP; x",
    "a.example",
    "2001:db8::5",
    "mx.contoso.com",
  ],
  [
    "Postfix, HELO is an address",
    "from [192.168.1.2] (cpe.isp.example [203.0.113.8]) by mx.contoso.com; x",
    "[192.168.1.2]",
    "203.0.113.8",
    "mx.contoso.com",
  ],
  ["Postfix, local submission", "by host.contoso.com (Postfix, from userid 1000) id AB12; x", null, null, "host.contoso.com"],
  [
    "Sendmail",
    "from relay.example (IDENT:root@ptr.example [192.0.2.4] (may be forged)) by mx.contoso.com (8.17.1/8.17.1) with ESMTPS id x (version=TLSv1.2 cipher=ECDHE-RSA-AES256-GCM-SHA384 bits=256 verify=NO) for <a@b>; x",
    "relay.example",
    "192.0.2.4",
    "mx.contoso.com",
    "TLSv1.2 ECDHE-RSA-AES256-GCM-SHA384",
  ],
  ["Sendmail, local", "from root@localhost by h.example (8.14.4/8.14.4/Submit) id x; y", "root@localhost", null, "h.example"],
  [
    "Exim, PTR and other HELO",
    "from ptr.example ([192.0.2.5]:41234 helo=mail.example) by mx.contoso.com with esmtps (TLS1.3) tls TLS_AES_256_GCM_SHA384 (Exim 4.97) (envelope-from <a@b.example>) id 1abc-00; x",
    "mail.example",
    "192.0.2.5",
    "mx.contoso.com",
    "TLSv1.3 TLS_AES_256_GCM_SHA384",
  ],
  [
    "Exim, no PTR, HELO is an address",
    "from [192.0.2.6] (port=4123 helo=[10.0.0.1]) by mx.contoso.com with esmtpsa; x",
    "[10.0.0.1]",
    "192.0.2.6",
    "mx.contoso.com",
    "unknown unknown",
  ],
  [
    "Exim, claimed address inside the comment",
    "from ptr.example ([192.0.2.6] helo=[203.0.113.99]) by mx.contoso.com; x",
    "[203.0.113.99]",
    "192.0.2.6",
    "mx.contoso.com",
  ],
  [
    "Exim, HELO as verified",
    "from mail.example ([192.0.2.7]) by mx.contoso.com with smtp; x",
    "mail.example",
    "192.0.2.7",
    "mx.contoso.com",
  ],
  [
    "Exchange",
    "from AM0PR01MB1.eurprd01.prod.exchangelabs.com (2603:10a6:208:ab::12) by DB8PR01MB2.eurprd01.prod.exchangelabs.com (2603:10a6:10:1::13) with Microsoft SMTP Server (version=TLS1_2, cipher=TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384) id 15.20.1; x",
    "AM0PR01MB1.eurprd01.prod.exchangelabs.com",
    "2603:10a6:208:ab::12",
    "DB8PR01MB2.eurprd01.prod.exchangelabs.com",
    "TLSv1.2 TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
  ],
  [
    "Exchange, link-local with zone",
    "from EX1.contoso.local ([fe80::1c2%5]) by EX2.contoso.local ([10.1.2.3]) with mapi id 15; x",
    "EX1.contoso.local",
    "fe80::1c2",
    "EX2.contoso.local",
  ],
  [
    "Google",
    "from mail-x.example (mail-x.example. [192.0.2.20]) by mx.google.com with ESMTPS id x for <a@b> (version=TLS1_3 cipher=TLS_AES_128_GCM_SHA256 bits=128/128); x",
    "mail-x.example",
    "192.0.2.20",
    "mx.google.com",
    "TLSv1.3 TLS_AES_128_GCM_SHA256",
  ],
  ["Google, internal", "by 2002:a05:6512:1::2 with SMTP id x; y", null, null, "2002:a05:6512:1::2"],
  ["Google, API", "from 717234 named unknown by gmailapi.google.com with HTTPREST; x", "717234", null, "gmailapi.google.com"],
  ["qmail", "from unknown (HELO mail.example) (192.0.2.30) by 0 with SMTP; x", "mail.example", "192.0.2.30", "0"],
  ["qmail with user", "from ptr.example (HELO mail.example) (user@192.0.2.30) by mx with ESMTPA; x", "mail.example", "192.0.2.30", "mx"],
  ["qmail, no HELO shown", "from ptr.example (192.0.2.30) by mx with SMTP; x", "ptr.example", "192.0.2.30", "mx"],
  ["qmail, network invocation", "(qmail 1234 invoked from network); x", null, null, null],
  [
    "Yahoo",
    "from 192.0.2.31 (EHLO mail.example) by mta.example with SMTPs; x",
    "mail.example",
    "192.0.2.31",
    "mta.example",
    "unknown unknown",
  ],
  [
    "Courier, mapped address",
    "from a.example (a.example [::ffff:192.0.2.32]) by mx.example with ESMTP; x",
    "a.example",
    "192.0.2.32",
    "mx.example",
  ],
  [
    "Domino",
    "from a.example ([192.0.2.33]) by n.example (Lotus Domino Release 9.0.1) with ESMTP id 1-2; x",
    "a.example",
    "192.0.2.33",
    "n.example",
  ],
  [
    "Go servers",
    "from a.example ([192.0.2.34]) by mx.example ([192.0.2.35]) via tcp with ESMTPS id x (TLS1.3 TLS_AES_128_GCM_SHA256) for <a@b>; x",
    "a.example",
    "192.0.2.34",
    "mx.example",
    "TLSv1.3 TLS_AES_128_GCM_SHA256",
  ],
  [
    "filter on loopback",
    "from localhost (localhost [127.0.0.1]) by mx.example (amavis, port 10024); x",
    "localhost",
    "127.0.0.1",
    "mx.example",
  ],
  ["no by at all", "from a.example (a.example [192.0.2.36]); Fri, 21 Nov 2025", "a.example", "192.0.2.36", null],
  ["PowerMTA", "from a.example (192.0.2.37) by pmta.example (PowerMTA v5.0) id h; x", "a.example", "192.0.2.37", "pmta.example"],
  ["nothing", "", null, null, null],
];

describe("Received fields as servers write them (RFC 5321 §4.4)", () => {
  for (const [server, value, helo, ip, by, tls] of rows) {
    test(server, () => {
      const read = parseReceived(value);
      assert.deepEqual(
        {
          helo: read.helo,
          ip: read.ip,
          by: read.by,
          tls: read.tls === null ? undefined : `${read.tls.version ?? "unknown"} ${read.tls.cipher ?? "unknown"}`,
          broken: read.broken,
        },
        { helo, ip, by, tls, broken: false },
      );
    });
  }
});

describe("attack: a HELO that would pass for the address the server saw", () => {
  test("HELO with `by`: the real comment still decides", () => {
    const read = parseReceived("from x by y ([203.0.113.1]) (real.example [198.51.100.7]) by mx.contoso.com with SMTP; x");
    assert.deepEqual([read.ip, read.by], ["198.51.100.7", "mx.contoso.com"]);
  });
  test("HELO with a comment of its own", () => {
    assert.equal(parseReceived("from x (y [203.0.113.1]) (real.example [198.51.100.7]) by mx; x").ip, "198.51.100.7");
  });
  test("qmail HELO that holds an address", () => {
    assert.equal(parseReceived("from unknown (HELO [203.0.113.1]) (198.51.100.7) by mx; x").ip, "198.51.100.7");
  });
  for (const helo of ["x(", "x)", "x([203.0.113.1]", "x([203.0.113.1]))"]) {
    test(`unbalanced HELO ${helo}: no client, and marked as broken`, () => {
      const read = parseReceived(`from ${helo} (real.example [198.51.100.7]) by mx.contoso.com; x`);
      assert.deepEqual([read.ip, read.helo, read.broken], [null, null, true]);
    });
  }
});

describe("bounded", () => {
  test("a field of 10 MB is read up to the limit", () => {
    assert.equal(parseReceived(`from a (${"(".repeat(10_000_000)}`).broken, true);
    assert.equal(parseReceived(`from ${"[".repeat(10_000_000)}`).ip, null);
    assert.equal(parseReceived(`from a (${"[".repeat(4000)}) by b`).ip, null);
    assert.equal(parseReceived(`from a ${"(x) ".repeat(1_000_000)}`).ip, null);
  });
});
