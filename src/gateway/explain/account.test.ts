/** Accounts of real-shape headers of each provider, of results that contradict each other, and of headers made to deceive. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { type Account, explainHeaders } from "./account.ts";

function explained(...lines: readonly string[]): Account {
  const account = explainHeaders(Buffer.from(`${lines.join("\r\n")}\r\n`));
  assert.ok(account !== null);
  return account;
}

function example(name: string): Account {
  const account = explainHeaders(readFileSync(new URL(`../../../examples/headers/${name}.txt`, import.meta.url)));
  assert.ok(account !== null);
  return account;
}

const ids = (account: Account): readonly string[] => account.notes.map(({ id }) => id);
const noteText = (account: Account, id: string): string => account.notes.find((note) => note.id === id)?.text ?? "";
const results = (account: Account, trust: string): readonly string[] =>
  account.results.filter((one) => one.trust === trust).map(({ method, result }) => `${method}=${result}`);

const eop = (rest: string): string => `Authentication-Results: ${rest}`;

// Reference: eop.md §2b, the documented headers, as data.
const documented: readonly [row: string, field: string, answer: string, reason: string | null, domain: string][] = [
  [
    "1",
    "spf=none (sender IP is 10.2.3.4) smtp.mailfrom=fabrikam.com; contoso.com; dkim=none (message not signed) header.d=none; contoso.com; dmarc=none action=none header.from=fabrikam.com; compauth=fail reason=001",
    "fail",
    "001",
    "fabrikam.com",
  ],
  [
    "2",
    "spf=pass (sender IP is 10.2.3.4) smtp.mailfrom=fabrikam.com; contoso.com; dkim=none (message not signed) header.d=none; contoso.com; dmarc=bestguesspass action=none header.from=fabrikam.com; compauth=pass reason=109",
    "pass",
    "109",
    "fabrikam.com",
  ],
  [
    "3",
    "spf=none (sender IP is 10.2.3.4) smtp.mailfrom=fabrikam.com; contoso.com; dkim=pass (signature was verified) header.d=outbound.fabrikam.com; contoso.com; dmarc=bestguesspass action=none header.from=fabrikam.com; compauth=pass reason=109",
    "pass",
    "109",
    "fabrikam.com",
  ],
  [
    "5, before compauth",
    "spf=pass (sender IP is 5.6.7.8) smtp.mailfrom=maliciousDomain.com; contoso.com; dkim=pass (signature was verified) header.d=maliciousDomain.com; contoso.com; dmarc=none action=none header.from=example.com;",
    "none",
    null,
    "example.com",
  ],
  [
    "7, an ARC sealer was believed",
    "spf=fail (sender IP is 10.10.10.10) smtp.mailfrom=contoso.com; dkim=fail (body hash did not verify) header.d=contoso.com;dmarc=fail action=none header.from=contoso.com;compauth=pass reason=130",
    "pass",
    "130",
    "contoso.com",
  ],
];

for (const [row, field, answer, reason, domain] of documented) {
  test(`Microsoft, documented header ${row}`, () => {
    const { verdict, results: told } = explained(eop(field));
    assert.deepEqual([verdict.answer, verdict.reason, verdict.from.domain], [answer, reason, domain]);
    assert.equal(verdict.decidedBy, "Microsoft 365");
    assert.ok(told.every(({ decisive }) => decisive));
  });
}

test("Microsoft, a mailbox copy: the border is the host that faced the client, and what stands below is a claim", () => {
  const account = example("microsoft-spoofed");
  assert.deepEqual(
    account.hops.map(({ number, side, ip }) => [number, side, ip]),
    [
      [1, "claim", "192.0.2.25"],
      [2, "edge", "198.51.100.7"],
      [3, "inside", "2603:10a6:10:4bd:cafe::d2"],
      [4, "inside", "2603:10a6:10:4bd::20"],
      [5, "inside", "2603:10a6:20b:3b4::9"],
    ],
  );
  assert.deepEqual([account.verdict.answer, account.verdict.reason, account.verdict.trust], ["fail", "000", "receiver"]);
  assert.deepEqual(results(account, "claim"), ["spf=pass", "dkim=pass", "dmarc=pass"]);
  assert.match(noteText(account, "oreject"), /asks to reject/);
  assert.match(noteText(account, "category"), /CAT:SPOOF/);
  assert.match(noteText(account, "safety-tip"), /9\.22/);
  assert.match(noteText(account, "honor-dmarc"), /honor DMARC/);
  assert.ok(account.cannotProve.some((text) => text.includes("may be forged")));
  assert.ok(!account.cannotProve.some((text) => text.includes("A pass says")));
});

test("Google: its field beneath its own Received counts, an ARC set below it is the forwarder's word", () => {
  const account = example("google-forwarded");
  assert.deepEqual([account.verdict.answer, account.verdict.decidedBy], ["fail", "Google (mx.google.com)"]);
  assert.deepEqual(results(account, "sealed"), ["spf=pass", "dkim=pass", "dmarc=pass"]);
  assert.equal(account.results.find(({ trust }) => trust === "sealed")?.sealer, "forwarder.example");
  assert.match(noteText(account, "arc-forwarded"), /^forwarder\.example says/);
  assert.match(noteText(account, "dkim-body"), /changed the body/);
  assert.ok(!ids(account).includes("foreign-pass"), "the forwarder's SPF pass is not the sender's to mend");
});

test("Yahoo: comments without a space, the edge on a private address", () => {
  const account = example("yahoo-pass");
  assert.deepEqual([account.verdict.answer, account.verdict.reason], ["pass", null]);
  assert.match(account.verdict.decidedBy ?? "", /^Yahoo/);
  assert.deepEqual(
    account.hops.map(({ side, ip }) => [side, ip]),
    [
      ["edge", "192.0.2.81"],
      ["inside", "127.0.0.1"],
    ],
  );
  assert.ok(account.cannotProve.some((text) => text.includes("does not say that the message is safe")));
});

test("Yahoo's own words: success, dkim_pass, unknown", () => {
  const of = (rest: string) => explained(`Authentication-Results: atlas122.free.mail.gq1.yahoo.com; ${rest}`);
  const pass = of(
    "dkim=dkim_pass header.i=@news.contoso.com header.s=@june; spf=pass smtp.mailfrom=news.contoso.com; dmarc=success(p=REJECT) header.from=news.contoso.com;",
  );
  assert.equal(pass.verdict.answer, "pass");
  assert.match(pass.results.find(({ method }) => method === "dmarc")?.meaning ?? "", /p=reject/);
  const none = of("dkim=unknown; spf=none smtp.mailfrom=contoso.com; dmarc=unknown header.from=contoso.com;");
  assert.equal(none.verdict.answer, "none");
  assert.ok(ids(none).includes("dmarc-publish"));
});

test("RFC 8601: our own field with its authserv-id; 300 there is Assay's number", () => {
  const account = explained(
    "Authentication-Results: mx.contoso.com; spf=pass smtp.mailfrom=contoso.com; compauth=none reason=300",
    "Received: from laptop ([192.0.2.9]) by mx.contoso.com with ESMTPSA id 1",
    "From: a@contoso.com",
  );
  assert.deepEqual([account.verdict.answer, account.verdict.documented], ["none", "assay"]);
  assert.match(account.verdict.cause ?? "", /logged in/);
});

test("a number of ours in Microsoft's field is told by its family alone", () => {
  const { verdict } = explained(eop("spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.example; compauth=none reason=300"));
  assert.equal(verdict.known, "family");
});

test("RFC 8601 §2.2: none, and filters that write one field a method", () => {
  const split = explained(
    "Authentication-Results: mx.contoso.com; dmarc=pass (p=none) header.from=adatum.example",
    "Authentication-Results: mx.contoso.com; dkim=pass header.d=adatum.example",
    "Authentication-Results: mx.contoso.com; spf=none smtp.mailfrom=adatum.example",
    "Received: from mail.adatum.example (mail.adatum.example [192.0.2.25]) by mx.contoso.com (Postfix)",
    "From: ada@adatum.example",
  );
  assert.equal(split.verdict.answer, "pass");
  assert.ok(!ids(split).includes("dmarc-pass-without"));
  const none = explained("Authentication-Results: mx.contoso.com; none", "From: ada@adatum.example");
  assert.equal(none.verdict.answer, "unknown");
});

// Reference: eop.md §2d, the seven wordings.
const receivedSpf: readonly [field: string, result: string, domain: string][] = [
  [
    "Pass (protection.outlook.com: domain of arm.com designates 4.158.2.129 as permitted sender) receiver=protection.outlook.com; client-ip=4.158.2.129; helo=outbound.example; pr=C",
    "pass",
    "arm.com",
  ],
  [
    "Fail (protection.outlook.com: domain of cirrus.com does not designate 84.19.233.75 as permitted sender) receiver=protection.outlook.com; client-ip=84.19.233.75; helo=edirelay1.ad.cirrus.com;",
    "fail",
    "cirrus.com",
  ],
  [
    "SoftFail (protection.outlook.com: domain of transitioning phytec.de discourages use of 91.26.50.189 as permitted sender)",
    "softfail",
    "phytec.de",
  ],
  ["Neutral (protection.outlook.com: 193.240.239.45 is neither permitted nor denied by domain of diasemi.com)", "neutral", "diasemi.com"],
  ["None (protection.outlook.com: amd.com does not designate permitted sender hosts)", "none", "amd.com"],
  ["TempError (protection.outlook.com: error in processing during lookup of arm.com: DNS Timeout)", "temperror", "arm.com"],
  ["PermError (protection.outlook.com: domain of sony.com used an invalid SPF mechanism)", "permerror", "sony.com"],
  [
    "pass (google.com: domain of ada@adatum.example designates 192.0.2.25 as permitted sender) client-ip=192.0.2.25;",
    "pass",
    "adatum.example",
  ],
  [
    "softfail (domain of transitioningcontoso.com does not designate 192.0.2.25 as permitted sender)",
    "softfail",
    "transitioningcontoso.com",
  ],
];

for (const [field, result, domain] of receivedSpf) {
  test(`Received-SPF: ${result} of ${domain}`, () => {
    const [told] = explained(`Received-SPF: ${field}`).results;
    assert.deepEqual([told?.method, told?.result, told?.domain], ["spf", result, domain]);
    assert.notEqual(told?.meaning, null);
  });
}

const oddities: readonly [name: string, field: string, ...expected: string[]][] = [
  [
    "dkim passed for the From domain itself, yet dmarc=fail (a published example)",
    "spf=fail (sender IP is 203.0.113.50) smtp.mailfrom=contoso.com; dkim=pass (signature was verified) header.d=contoso.com; dmarc=fail action=quarantine header.from=contoso.com; compauth=fail reason=000",
    "dmarc-contradiction",
  ],
  [
    "strict alignment",
    "spf=pass (sender IP is 203.0.113.50) smtp.mailfrom=bounce.contoso.com; dkim=none (message not signed) header.d=none; dmarc=fail action=quarantine header.from=contoso.com; compauth=fail reason=000",
    "strict-alignment",
  ],
  [
    "compauth=fail reason=100",
    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.example;dmarc=pass header.from=a.example;compauth=fail reason=100",
    "reason-mismatch",
    "compauth-contradiction",
  ],
  [
    "softpass reason=002",
    "spf=none smtp.mailfrom=a.example;dmarc=none action=none header.from=a.example;compauth=softpass reason=002",
    "reason-mismatch",
  ],
  [
    "dmarc=pass without a pass that belongs to it",
    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=evil.example;dmarc=pass action=none header.from=contoso.com;compauth=pass reason=100",
    "dmarc-pass-without",
  ],
  [
    "reason 000 without dmarc=fail",
    "spf=none smtp.mailfrom=a.example;dmarc=none action=none header.from=a.example;compauth=fail reason=000",
    "reason-dmarc",
  ],
  [
    "bestguesspass",
    "spf=pass smtp.mailfrom=a.example;dmarc=bestguesspass action=none header.from=a.example;compauth=pass reason=109",
    "bestguesspass",
    "dmarc-publish",
  ],
  [
    "bestguesspass with a policy",
    "spf=pass smtp.mailfrom=a.example;dmarc=bestguesspass (p=none) action=none header.from=a.example;compauth=pass reason=109",
    "bestguesspass-policy",
  ],
  [
    "an undocumented code, 451",
    "spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=a.example;dmarc=fail action=oreject header.from=a.example;compauth=none reason=451",
    "undocumented",
    "oreject",
    "enhanced-filtering",
  ],
  [
    "an undocumented code, 604",
    "spf=fail smtp.mailfrom=a.example;dmarc=fail action=none header.from=a.example;compauth=fail reason=604",
    "undocumented",
    "own-domain",
  ],
  [
    "a code of a known family, 608",
    "spf=fail smtp.mailfrom=a.example;dmarc=fail action=none header.from=a.example;compauth=fail reason=608",
    "undocumented",
  ],
  [
    "a code of no family, 888",
    "spf=fail smtp.mailfrom=a.example;dmarc=fail action=none header.from=a.example;compauth=fail reason=888",
    "undocumented",
  ],
  [
    "dkim=timeout",
    "spf=fail smtp.mailfrom=a.example;dkim=timeout (key query timeout) header.d=a.example;dmarc=fail action=none header.from=a.example;compauth=fail reason=001",
    "dkim-timeout",
    "dkim-dns",
  ],
  [
    "no key",
    "spf=none smtp.mailfrom=a.example;dkim=fail (no key for signature) header.d=a.example;dmarc=none action=none header.from=a.example;compauth=fail reason=001",
    "dkim-key",
    "spf-none",
  ],
  ["pct", "spf=fail smtp.mailfrom=a.example;dmarc=fail action=pct.reject header.from=a.example;compauth=fail reason=000", "pct"],
  [
    "spf permerror",
    "spf=permerror (sender IP is 192.0.2.1) smtp.mailfrom=a.example;dmarc=none action=none header.from=a.example;compauth=fail reason=001",
    "spf-record",
  ],
  [
    "dmarc permerror",
    "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.example;dmarc=permerror action=none header.from=a.example;compauth=pass reason=111",
    "dmarc-record",
  ],
];

for (const [name, field, ...expected] of oddities) {
  test(`told: ${name}`, () => {
    const found = ids(explained(eop(field)));
    for (const id of expected) assert.ok(found.includes(id), `${id} not in ${found.join(" ")}`);
  });
}

test("a whole and consistent pass has nothing to tell, and nothing to mend", () => {
  const account = explained(
    eop(
      "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=a.example;dkim=pass (signature was verified) header.d=a.example;dmarc=pass action=none header.from=a.example;compauth=pass reason=100",
    ),
  );
  assert.deepEqual(ids(account), []);
});

const filterFields: readonly [fields: string, id: string, text: RegExp][] = [
  ["SCL:-1;SFV:SKN;CAT:NONE", "filter-skipped", /mail-flow rule/],
  ["SCL:-1;SFV:SKA;CAT:NONE", "filter-skipped", /allow list/],
  ["SCL:1;SFV:SFE;CAT:NONE", "filter-skipped", /safe senders/],
  ["SCL:1;IPV:CAL;SFV:NSPM;CAT:NONE", "ip-allowed", /IP allow list/],
  ["SCL:5;SFV:SPM;CAT:PHSH", "category", /phishing/],
  ["SCL:5;SFV:SPM;CAT:XYZ", "category", /nobody documents/],
  ["SCL:1;SFV:NSPM;CAT:NONE;SFTY:9.25", "safety-tip", /first contact/],
  ["SCL:1;SFV:NSPM;CAT:NONE", "not-acted", /compauth=fail alone moves nothing/],
];

for (const [fields, id, text] of filterFields) {
  test(`X-Forefront-Antispam-Report: ${fields}`, () => {
    const account = explained(
      eop(
        "spf=none (sender IP is 192.0.2.1) smtp.mailfrom=a.example;dmarc=none action=none header.from=a.example;compauth=fail reason=001",
      ),
      `X-Forefront-Antispam-Report: CIP:192.0.2.1;CTRY:NL;LANG:en;${fields};H:mail.a.example;PTR:InfoDomainNonexistent;SFS:(1)(2);DIR:INB;`,
    );
    assert.match(noteText(account, id), text);
    assert.equal(account.filter.find(({ key }) => key === "PTR")?.meaning, "the address has no reverse name");
  });
}

test("skip listing: the client behind the gateway is named", () => {
  const account = explained(
    eop(
      "spf=pass (sender IP is 213.95.148.172) smtp.mailfrom=a.example;dmarc=pass action=none header.from=a.example;compauth=pass reason=100",
    ),
    "X-MS-Exchange-SkipListedInternetSender: ip=[213.95.148.172];domain=mail.a.example",
  );
  assert.match(noteText(account, "skip-listed"), /213\.95\.148\.172/);
});

const aar = (oda: number): readonly string[] => [
  "ARC-Seal: i=2; a=rsa-sha256; s=arcselector10001; d=microsoft.com; cv=pass; b=AAAA",
  `ARC-Authentication-Results: i=2; mx.microsoft.com 1; spf=fail (sender ip is 192.0.2.1) smtp.rcpttodomain=fabrikam.com smtp.mailfrom=a.example; dmarc=fail (p=none sp=none pct=100) action=none header.from=a.example; dkim=none (message not signed); arc=pass (0 oda=${oda} ltdi=1 spf=[1,1,smtp.mailfrom=a.example] dkim=[1,1,header.d=a.example] dmarc=[1,1,header.from=a.example])`,
  eop(
    `spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=a.example; dkim=none (message not signed) header.d=none;dmarc=fail action=none header.from=a.example;compauth=${oda === 1 ? "pass reason=130" : "fail reason=001"}`,
  ),
  "Received: from lists.forwarder.example (192.0.2.1) by DB1PEPF000509F4.mail.protection.outlook.com (10.167.242.150) with Microsoft SMTP Server",
  "ARC-Seal: i=1; a=rsa-sha256; s=arc; d=forwarder.example; cv=none; b=AAAA",
  "ARC-Authentication-Results: i=1; forwarder.example; dmarc=pass header.from=a.example",
  "From: ada@a.example",
];

test("arc=pass oda=1: the sealer is on the receiver's list", () => {
  const account = explained(...aar(1));
  assert.equal(account.verdict.reason, "130");
  assert.ok(ids(account).includes("arc-trusted"));
});

test("arc=pass oda=0: it is not, and that is what can be mended", () => {
  const found = ids(explained(...aar(0)));
  assert.ok(found.includes("arc-untrusted"));
  assert.ok(found.includes("trust-sealer"));
});

const edge = "Received: from mail.evil.example (unknown [198.51.100.7]) by mx.contoso.com (Postfix) with ESMTP id 1";
const ours = "Authentication-Results: mx.contoso.com; dmarc=pass header.from=bank.example; compauth=pass reason=100";

test("attack: our own field below the border is a claim, and named as forged beside a real one", () => {
  const real = "Authentication-Results: mx.contoso.com; dmarc=fail (p=none) header.from=bank.example; compauth=fail reason=001";
  const account = explained(real, edge, "X-Mailer: x", ours, "From: a@bank.example");
  assert.deepEqual([account.verdict.answer, account.verdict.trust], ["fail", "receiver"]);
  assert.deepEqual(results(account, "claim"), ["dmarc=pass", "compauth=pass"]);
  assert.ok(ids(account).includes("forged-copy"));
});

test("attack: our own field below the border, and no real one: nobody says", () => {
  const account = explained(edge, "X-Mailer: x", ours, "From: a@bank.example");
  assert.deepEqual([account.verdict.answer, account.verdict.decidedBy], ["unknown", null]);
  assert.ok(ids(account).includes("forged-copy"));
  assert.ok(account.cannotProve.some((text) => text.includes("may be forged")));
  const stranger = explained(edge, "X-Mailer: x", ours.replace("mx.contoso.com", "mx.adatum.example"), "From: a@bank.example");
  assert.ok(ids(stranger).includes("only-claims") && !ids(stranger).includes("forged-copy"));
});

test("attack: directly beneath the border a field in our name is told with its doubt", () => {
  const account = explained(edge, ours, "From: a@bank.example");
  assert.equal(account.verdict.trust, "beneath");
  assert.ok(account.cannotProve.some((text) => text.includes("a sender can write too")));
});

test("attack: a forged Received field in our name below the border does not move it", () => {
  const forged = "Received: from bank.example (bank.example [192.0.2.99]) by mx.contoso.com (Postfix) with ESMTP id 2";
  const account = explained(edge, "X-Mailer: x", ours, forged, "From: a@bank.example");
  assert.deepEqual(
    account.hops.map(({ side }) => side),
    ["claim", "edge"],
  );
  assert.equal(account.verdict.answer, "unknown");
});

test("attack: a HELO in our name, or in Microsoft's, does not move the border", () => {
  for (const helo of ["mx1.contoso.com", "DB6PR07CA0019.eurprd07.prod.outlook.com", "localhost", "x by mx.contoso.com"]) {
    const first = `Received: from ${helo} (unknown [198.51.100.7]) by mx.contoso.com (Postfix) with ESMTP id 1`;
    const second = "Received: from bank.example (bank.example [192.0.2.99]) by mx1.contoso.com (Postfix)";
    const account = explained(first, "X-Mailer: x", ours, second, "From: a@bank.example");
    assert.equal(account.verdict.answer, "unknown", helo);
  }
});

test("attack: a comment in the HELO is not the name that the server looked up", () => {
  const first = "Received: from a (mx1.contoso.com [198.51.100.7]) (unknown [198.51.100.7]) by mx.contoso.com (Postfix)";
  const second = "Received: from bank.example (bank.example [192.0.2.99]) by mx1.contoso.com (Postfix)";
  assert.equal(explained(first, "X-Mailer: x", ours, second, "From: a@bank.example").hops[1]?.side, "edge");
});

test("attack: a client of the receiver's provider has the provider's reverse name, and is a stranger all the same", () => {
  const first = "Received: from h77.isp.example (h77.isp.example [198.51.100.7]) by mx.isp.example (Postfix)";
  const forged = "Authentication-Results: mx.isp.example; dmarc=pass header.from=bank.example";
  const second = "Received: from bank.example (bank.example [192.0.2.99]) by mx2.isp.example (Postfix)";
  const account = explained(first, "X-Mailer: x", forged, second, "From: a@bank.example");
  assert.equal(account.verdict.answer, "unknown");
});

test("attack: Microsoft's form, which names nobody, below the border of another receiver", () => {
  const account = explained(
    edge,
    eop("spf=pass smtp.mailfrom=bank.example;dmarc=pass action=none header.from=bank.example;compauth=pass reason=100"),
  );
  assert.deepEqual([account.verdict.answer, results(account, "claim").length], ["unknown", 3]);
});

test("Microsoft: mail within one organization has its results beneath all hops; they are told with their doubt", () => {
  const account = explained(
    "Received: from AM9PR04MB8212.eurprd04.prod.outlook.com (2603:10a6:20b:3b4::9) by DB9PR04MB9377.eurprd04.prod.outlook.com with HTTPS",
    "Received: from AM9PR04MB8212.eurprd04.prod.outlook.com ([fe80::1]) by AM9PR04MB8212.eurprd04.prod.outlook.com ([fe80::1%5]) with mapi id 15.20",
    "From: a@contoso.com",
    "Subject: x",
    eop("dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=contoso.com;"),
  );
  assert.deepEqual([account.verdict.trust, account.verdict.decidedBy], ["beneath", "Microsoft 365"]);
  assert.ok(account.cannotProve.some((text) => text.includes("one organization")));
});

test("attack: a machine in Microsoft's cloud is no server of Exchange Online", () => {
  const account = explained(
    "Received: from DB6PR07CA0019.eurprd07.prod.outlook.com (2603:1030:b:3::152) by DB1PEPF000509F4.mail.protection.outlook.com (10.167.242.150) with Microsoft SMTP Server",
    eop("spf=pass smtp.mailfrom=bank.example;dmarc=pass action=none header.from=bank.example;compauth=pass reason=100"),
    "Received: from bank.example (192.0.2.99) by DB6PR07CA0019.outlook.office365.com (2603:10a6:6:2d::29) with Microsoft SMTP Server",
    "From: a@bank.example",
  );
  assert.equal(account.verdict.answer, "unknown");
});

test("attack: a second field in Google's name beneath the real one", () => {
  const account = explained(
    "Received: from mail.evil.example (mail.evil.example. [198.51.100.7]) by mx.google.com with ESMTPS id 1",
    "Authentication-Results: mx.google.com; dmarc=fail (p=REJECT dis=QUARANTINE) header.from=bank.example",
    "Authentication-Results: mx.google.com; dmarc=pass (p=REJECT dis=NONE) header.from=bank.example",
    "From: a@bank.example",
  );
  assert.equal(account.verdict.answer, "fail");
  assert.ok(ids(account).includes("forged-copy"));
});

test("attack: a sender's own ARC chain in a provider's name: who sealed it is told", () => {
  const account = explained(
    "Received: from mail.evil.example (mail.evil.example. [198.51.100.7]) by mx.google.com with ESMTPS id 1",
    "Authentication-Results: mx.google.com; arc=pass (i=1); dmarc=fail (p=NONE) header.from=bank.example",
    "ARC-Seal: i=1; a=rsa-sha256; d=evil.example; s=arc; cv=none; b=AAAA",
    "ARC-Authentication-Results: i=1; mx.google.com; dmarc=pass header.from=bank.example",
    "From: a@bank.example",
  );
  assert.equal(account.verdict.answer, "fail");
  assert.match(noteText(account, "arc-forwarded"), /^evil\.example says/);
});

test("attack: an ARC set below the border without arc=pass by the receiver is a claim", () => {
  const account = explained(
    edge,
    "ARC-Authentication-Results: i=1; mx.google.com; dmarc=pass header.from=bank.example",
    "From: a@bank.example",
  );
  assert.deepEqual([account.verdict.answer, results(account, "claim")], ["unknown", ["dmarc=pass"]]);
});

test("attack: Microsoft's filter fields in mail to another receiver are claims", () => {
  const account = explained(
    "Authentication-Results: mx.contoso.com; dmarc=fail (p=none) header.from=bank.example",
    edge,
    "From: a@bank.example",
    "X-Forefront-Antispam-Report: CIP:192.0.2.99;SCL:-1;SFV:SKN;CAT:NONE;",
  );
  assert.ok(ids(account).includes("filter-claim"));
  assert.ok(!ids(account).includes("filter-skipped"));
});

test("a field above every hop that names a stranger is told with its doubt", () => {
  const account = explained("Authentication-Results: mx.google.com; dmarc=pass header.from=bank.example", edge, "From: a@bank.example");
  assert.equal(account.verdict.trust, "nameless");
  assert.ok(ids(account).includes("no-hop-vouches"));
});

test("copies kept under other names are claims wherever they stand", () => {
  for (const name of ["Authentication-Results-Original", "X-MS-Exchange-Authentication-Results", "X-Original-Authentication-Results"]) {
    const account = explained(`${name}: mx.google.com; dmarc=pass header.from=bank.example`, edge, "From: a@bank.example");
    assert.equal(account.verdict.answer, "unknown", name);
    assert.ok(ids(account).includes("kept-copy"), name);
  }
});

test("the author in From is compared with the author the results are about", () => {
  const account = explained("Authentication-Results: mx.contoso.com; dmarc=pass header.from=adatum.example", edge, "From: a@bank.example");
  assert.equal(account.verdict.from.domain, "bank.example");
  assert.ok(ids(account).includes("author-differs"));
});

test("signatures: one that the results do not know of, and a result without its signature", () => {
  const added = explained(
    eop(
      "spf=none smtp.mailfrom=a.example;dkim=none (message not signed) header.d=none;dmarc=none action=none header.from=a.example;compauth=fail reason=001",
    ),
    "DKIM-Signature: v=1; a=rsa-sha256; d=a.example; s=x; h=from; bh=AAAA; b=AAAA",
  );
  assert.ok(ids(added).includes("unseen-signature"));
  const missing = explained(
    eop("dkim=pass (signature was verified) header.d=a.example;dmarc=pass action=none header.from=a.example;compauth=pass reason=100"),
    "DKIM-Signature: v=1; a=rsa-sha256; d=b.example; s=x; h=from; bh=AAAA; b=AAAA",
  );
  assert.ok(ids(missing).includes("missing-signature"));
  const google = explained(edge, "X-Google-DKIM-Signature: v=1; a=rsa-sha256; d=1e100.net; s=x; h=from; bh=AAAA; b=AAAA");
  assert.ok(ids(google).includes("google-signature"));
});

test("Assay's own report: the result where Authentication-Results does not carry it, and what was done", () => {
  const report =
    "X-Assay-Report: CIP:198.51.100.7;H:mail.evil.example;PTR:;DIR:INB;SFV:SPM;CAT:SPOOF;COMPAUTH:fail;REASON:001;STANDING:suspicious;SUSPICION:;ACTION:junk;MODE:enforce;WITHHELD:;POLICY:;REMOVED:0;ID:x;V:1;";
  const account = explained(
    "Authentication-Results: mx.contoso.com; dmarc=none header.from=bank.example",
    report,
    edge,
    "From: a@bank.example",
  );
  assert.deepEqual([account.verdict.answer, account.verdict.reason, account.verdict.trust], ["fail", "001", "receiver"]);
  assert.match(noteText(account, "acted"), /moved to junk/);
  const forged = explained(edge, "X-Mailer: x", report, "From: a@bank.example");
  assert.equal(forged.verdict.answer, "unknown");
  assert.ok(!ids(forged).includes("acted"));
});

test("a code of another result explains nothing: a failure is never told in the words of a pass", () => {
  const { verdict } = explained(
    eop(
      "spf=fail (sender IP is 192.0.2.1) smtp.mailfrom=a.example;dmarc=fail action=quarantine header.from=a.example;compauth=fail reason=100",
    ),
  );
  assert.deepEqual([verdict.answer, verdict.reason, verdict.senderCan], ["fail", "100", null]);
  assert.equal(verdict.meaning, "Nobody vouches for this sender.");
  assert.match(verdict.cause ?? "", /reason=100 belongs to compauth=pass/);
});

test("no result at all: says what is missing, and what verifies the message", () => {
  const account = explained("Received: from a.example (a.example [198.51.100.7]) by mx.contoso.com (Postfix)", "From: a@a.example");
  assert.deepEqual(ids(account), ["no-results"]);
  assert.match(noteText(account, "no-results"), /assay check/);
});

test("redacted: names that are blotted out belong to nobody, and a provider is known by what is left of its name", () => {
  const account = explained(
    "Received: from x.example (192.0.2.1) by [redacted].mail.protection.outlook.com (10.13.175.100) with Microsoft SMTP Server",
    eop(
      "spf=pass (sender IP is x) smtp.mailfrom=[redacted]; dkim=pass (signature was verified) header.d=***;dmarc=fail action=none header.from=****.com;compauth=none reason=405",
    ),
    "From: <john@****.com>",
  );
  assert.deepEqual(
    account.results.filter(({ method }) => method !== "dmarc").map(({ aligned }) => aligned),
    [null, null, null],
  );
  for (const id of ["foreign-pass", "dmarc-contradiction", "strict-alignment"]) assert.ok(!ids(account).includes(id), id);
  assert.equal(account.hops[0]?.provider, "Microsoft 365");
  const passed = explained(eop("spf=pass smtp.mailfrom=[redacted];dmarc=pass action=none header.from=a.example;compauth=pass reason=100"));
  assert.ok(!ids(passed).includes("dmarc-pass-without"));
});

test("redacted and cut off: what can be read is told, and what cannot is said", () => {
  const account = explained(
    eop(
      "spf=pass (sender IP is ***) smtp.mailfrom=***; dkim=*** header.d=***;dmarc=fail action=none header.from=[redacted domain];compauth=fail reason=001",
    ),
  );
  assert.deepEqual([account.verdict.answer, account.verdict.reason], ["fail", "001"]);
  assert.ok(ids(account).includes("unreadable"));
  const cutOff = explained("Authentication-Results: mx.contoso.com; spf=pass smtp.mailfrom=a.example; dmarc=pass (p=none");
  assert.equal(cutOff.verdict.answer, "pass");
});

test("unreadable clauses never become results", () => {
  const account = explained("Authentication-Results: mx.contoso.com; compauth pass; = ; ;;dmarc; pass (", "From: a@bank.example");
  assert.deepEqual(account.results, []);
  assert.equal(account.verdict.answer, "unknown");
});

test("limits: thousands of fields, results and hops give a bounded account", () => {
  const lines: string[] = [];
  for (let i = 0; i < 300; i += 1) lines.push(`Received: from a${i}.example ([10.0.0.${i % 250}]) by b${i}.example`);
  for (let i = 0; i < 300; i += 1) lines.push(`Authentication-Results: mx${i}.example; dmarc=pass header.from=a.example`);
  for (let i = 0; i < 300; i += 1) lines.push(`DKIM-Signature: v=1; d=a${i}.example; s=x`);
  const account = explained(...lines);
  assert.ok(account.hops.length <= 100);
  assert.ok(account.results.length <= 64);
  assert.ok(account.signatures.length <= 64);
  assert.ok(account.notes.length <= 24);
});

test("total: any bytes give an account or none", () => {
  const pieces = [
    "Authentication-Results:",
    "Received:",
    " from ",
    "((((",
    "))",
    "\0",
    "\r",
    "\n",
    "\xff\xfe",
    ";",
    "=",
    "dmarc=pass",
    "\u001b[2J",
    "i=1;",
    "spf=",
    '"',
  ];
  let seed = 7;
  const next = (max: number): number => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return seed % max;
  };
  for (let round = 0; round < 2000; round += 1) {
    let text = "";
    for (let i = next(20); i >= 0; i -= 1) text += pieces[next(pieces.length)] ?? "";
    const account = explainHeaders(Buffer.from(text, "latin1"));
    if (account !== null) JSON.stringify(account);
  }
});

test("time: a header full of openings is read in bounded time", () => {
  for (const filler of ["(", "((a", "spf=pass ", "domain of ", "d=x;", "[", "by ", "x@", "=", '"']) {
    const text = `Authentication-Results: ${filler.repeat(16_000 / filler.length)}\r\nReceived-SPF: pass ${filler.repeat(4000)}\r\nReceived: ${filler.repeat(4000)}\r\nDKIM-Signature: ${filler.repeat(2000)}\r\nX-Forefront-Antispam-Report: ${filler.repeat(4000)}\r\n`;
    const started = performance.now();
    explainHeaders(Buffer.from(text.repeat(10)));
    assert.ok(performance.now() - started < 1500, filler);
  }
});
