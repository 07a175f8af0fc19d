/**
 * What real mail and Microsoft's pages have of its stamps (reference: eop.md §2), byte for byte: the layout since December 2021 and
 * the older one, several signatures, IPv6, error words, and the seven wordings of Received-SPF. Folds are those of the samples;
 * where a sample is a copy under a longer field name, it is folded for that name.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { keySource } from "../../bench/keys.ts";
import { signDkim } from "../../bench/signer.ts";
import { inspect, type Policy, parseAuthenticationResults, zoneResolver } from "../../src/index.ts";
import { type EopOptions, eopResults } from "../../src/stamp/eop.ts";
import { foldedField } from "../../src/stamp/fold.ts";
import { receivedSpfField } from "../../src/stamp/received-spf.ts";
import { dkim, dmarc, type StampCase, spf, stampInput } from "../stamp-input.ts";

type Sample = StampCase & Partial<EopOptions> & { readonly signers?: readonly (string | null)[]; readonly field?: string };

/** The field, folded with line feeds. */
function stamped({ recipientDomain = null, compauth = true, signers = [], field = "Authentication-Results", ...input }: Sample): string {
  const value = eopResults({ ...stampInput(input), signers }, { recipientDomain, compauth });
  const text = foldedField(field, value);
  assert.equal(text.replaceAll("\r\n", ""), `${field}: ${value}`, "unfolding restores it");
  const read = parseAuthenticationResults(text);
  assert.equal(read?.authservId, null);
  assert.deepEqual(new Set(read.results.map(({ method }) => method)), new Set(["spf", "dkim", "dmarc", ...(compauth ? ["compauth"] : [])]));
  return text.replaceAll("\r\n", "\n");
}

const sender = (domain: string): Pick<StampCase, "mailFrom" | "fromDomain" | "fromAddress"> => ({
  mailFrom: `a@${domain}`,
  fromDomain: domain.toLowerCase(),
  fromAddress: `a@${domain}`,
});
const copied = "X-MS-Exchange-Authentication-Results";
const dmarcOf = (result: ReturnType<typeof dmarc>["result"], domain: string, action: ReturnType<typeof dmarc>["action"] = "none") =>
  dmarc({ result, domain, action });

describe("live samples", () => {
  test("2021-09-28, the older layout: asem.it to vger.kernel.org", () => {
    assert.equal(
      stamped({
        ...sender("asem.it"),
        field: copied,
        recipientDomain: "vger.kernel.org",
        compauth: false,
        ip: "151.1.184.193",
        spf: [spf({ result: "softfail", domain: "asem.it" })],
        dmarc: dmarcOf("fail", "asem.it"),
      }),
      `${copied}: spf=softfail (sender IP is\n 151.1.184.193) smtp.mailfrom=asem.it; vger.kernel.org; dkim=none (message not\n` +
        " signed) header.d=none;vger.kernel.org; dmarc=fail action=none\n header.from=asem.it;",
    );
  });
  test("2021-12-06, the layout since then: msn.com", () => {
    const text = stamped({
      ...sender("msn.com"),
      compauth: false,
      spf: [spf({ result: "fail", domain: "msn.com" })],
      dmarc: dmarcOf("fail", "msn.com"),
    });
    assert.ok(
      text.endsWith("\n smtp.mailfrom=msn.com; dkim=none (message not signed)\n header.d=none;dmarc=fail action=none header.from=msn.com;"),
      text,
    );
  });
  test("2026-04-01: several signatures", () => {
    const text = stamped({
      ...sender("mailersys.com"),
      mailFrom: "b@bounces.mail.goodchoicelending.com",
      spf: [spf({ result: "pass", domain: "bounces.mail.goodchoicelending.com" })],
      dkim: [dkim({ domain: "goodchoicelending.com" }), dkim({ domain: "mailersys.com" })],
      dmarc: dmarcOf("pass", "goodchoicelending.com"),
      verdict: { compauth: "pass", reason: "100" },
    });
    assert.ok(
      text.includes(
        "dkim=pass (signature was\n verified) header.d=goodchoicelending.com;dkim=pass (signature was verified)\n header.d=mailersys.com;dmarc=pass action=none",
      ),
      text,
    );
    assert.ok(text.endsWith(" header.from=goodchoicelending.com;compauth=pass reason=100"), text);
  });
  test("2025: IPv6 stands bare", () => {
    const input = { ...sender("cern.ch"), ip: "2001:1458:d00:65::100:ac", spf: [spf({ result: "neutral", domain: "cern.ch" })] };
    assert.ok(stamped({ ...input, field: copied }).startsWith(`${copied}: spf=neutral (sender IP is\n 2001:1458:d00:65::100:ac) smtp.`));
  });
  test("2019-2025: dmarc=temperror and dmarc=permerror, action none", () => {
    assert.match(stamped({ dmarc: dmarcOf("temperror", "example.com") }), /;dmarc=temperror action=none/);
    assert.match(stamped({ dmarc: dmarcOf("permerror", "example.com") }), /;dmarc=permerror action=none/);
  });
  test("2020-2026: dkim=timeout (key query timeout)", () => {
    assert.match(stamped({ dkim: [dkim({ result: "temperror", reason: "dns" })] }), / dkim=timeout \(key query timeout\)\s/);
  });
  for (const [reason, comment] of [
    ["body-hash", "body hash did not verify"],
    ["signature", "signature did not verify"],
  ] as const) {
    test(`dkim=fail (${comment})`, () => {
      const text = stamped({ dkim: [dkim({ result: "fail", reason, domain: "a.example" })] }).replaceAll("\n", "");
      assert.ok(text.includes(`; dkim=fail (${comment}) header.d=a.example;dmarc=`), text);
    });
  }
  test("dkim=fail (no key for signature)", () => {
    const text = stamped({ dkim: [dkim({ result: "permerror", reason: "no-key", domain: "a.example" })] }).replaceAll("\n", "");
    assert.ok(text.includes("; dkim=fail (no key for signature) header.d=a.example;dmarc="), text);
  });
  test("the case of d= is kept as it was sent", () => {
    for (const sent of ["HCL.COM", "Topcon.com"]) {
      assert.ok(stamped({ dkim: [dkim({ domain: sent.toLowerCase() })], signers: [sent] }).includes(`header.d=${sent};`), sent);
    }
  });
  test("2022 on: action=quarantine, and oreject for p=reject", () => {
    const failed = (action: "quarantine" | "reject") => stamped({ dmarc: dmarcOf("fail", "example.com", action) }).replaceAll("\n", "");
    assert.match(failed("quarantine"), /;dmarc=fail action=quarantine header\.from=example\.com;compauth=/);
    assert.match(failed("reject"), /;dmarc=fail action=oreject header\.from=example\.com;compauth=/);
  });
});

describe("complete headers of Microsoft's pages, unfolded", () => {
  const pages: readonly (readonly [row: number, Sample, string])[] = [
    [
      6,
      {
        ...sender("example.com"),
        ip: "1.2.3.4",
        recipientDomain: "office365.contoso.net",
        spf: [spf({ result: "fail", domain: "example.com" })],
        dkim: [dkim({ result: "fail", reason: "body-hash", domain: "simple.example.com" })],
        verdict: { compauth: "fail", reason: "001" },
      },
      "spf=fail (sender IP is 1.2.3.4) smtp.mailfrom=example.com; office365.contoso.net; dkim=fail (body hash did not verify) " +
        "header.d=simple.example.com; office365.contoso.net; dmarc=none action=none header.from=example.com; compauth=fail reason=001",
    ],
    [
      7,
      {
        ...sender("contoso.com"),
        ip: "10.10.10.10",
        spf: [spf({ result: "fail", domain: "contoso.com" })],
        dkim: [dkim({ result: "fail", reason: "body-hash", domain: "contoso.com" })],
        dmarc: dmarcOf("fail", "contoso.com"),
        verdict: { compauth: "pass", reason: "130" },
      },
      "spf=fail (sender IP is 10.10.10.10) smtp.mailfrom=contoso.com; dkim=fail (body hash did not verify) " +
        "header.d=contoso.com;dmarc=fail action=none header.from=contoso.com;compauth=pass reason=130",
    ],
  ];
  for (const [row, sample, value] of pages) {
    test(`§2b, row ${row}`, () => assert.equal(stamped(sample).replaceAll("\n", ""), `Authentication-Results: ${value}`));
  }
});

describe("Received-SPF, the seven wordings", () => {
  const ask = (result: ReturnType<typeof spf>["result"], domain: string, more: StampCase = {}) =>
    receivedSpfField(stampInput({ ...sender(domain), spf: [spf({ result, domain })], ...more }), "protection.outlook.com");
  const wordings: readonly (readonly [title: string, made: string, sample: string])[] = [
    [
      "Pass",
      ask("pass", "arm.com", { ip: "4.158.2.129", helo: "outbound-uk1.az.dlp.m.darktrace.com" }),
      "Received-SPF: Pass (protection.outlook.com: domain of arm.com designates 4.158.2.129 as permitted sender) receiver=protection.outlook.com; client-ip=4.158.2.129; helo=outbound-uk1.az.dlp.m.darktrace.com; pr=C",
    ],
    [
      "Fail",
      ask("fail", "cirrus.com", { ip: "84.19.233.75", helo: "edirelay1.ad.cirrus.com" }),
      "Received-SPF: Fail (protection.outlook.com: domain of cirrus.com does not designate 84.19.233.75 as permitted sender) receiver=protection.outlook.com; client-ip=84.19.233.75; helo=edirelay1.ad.cirrus.com;",
    ],
    [
      "SoftFail",
      ask("softfail", "phytec.de", { ip: "91.26.50.189" }),
      "Received-SPF: SoftFail (protection.outlook.com: domain of transitioning phytec.de discourages use of 91.26.50.189 as permitted sender)",
    ],
    [
      "Neutral",
      ask("neutral", "diasemi.com", { ip: "193.240.239.45" }),
      "Received-SPF: Neutral (protection.outlook.com: 193.240.239.45 is neither permitted nor denied by domain of diasemi.com)",
    ],
    ["None", ask("none", "amd.com"), "Received-SPF: None (protection.outlook.com: amd.com does not designate permitted sender hosts)"],
    [
      "TempError",
      ask("temperror", "arm.com"),
      "Received-SPF: TempError (protection.outlook.com: error in processing during lookup of arm.com: DNS Timeout)",
    ],
    [
      "PermError",
      ask("permerror", "sony.com"),
      "Received-SPF: PermError (protection.outlook.com: domain of sony.com used an invalid SPF mechanism)",
    ],
  ];
  for (const [title, made, sample] of wordings) test(title, () => assert.equal(made, sample));
});

describe("whole messages", () => {
  const key = keySource()("rsa-sha256");
  const inspected = async (policy: Policy, message: Uint8Array) =>
    inspect(
      { message, ip: "198.51.100.7", helo: "Mail.HCL.com", mailFrom: "a@Bounce.HCL.com" },
      {
        resolver: zoneResolver({
          "bounce.hcl.com": [{ TXT: "v=spf1 ip4:198.51.100.7 -all" }],
          "_dmarc.hcl.com": [{ TXT: "v=DMARC1; p=reject" }],
          "s1._domainkey.hcl.com": [{ TXT: key.record }],
        }),
        clock: () => Date.UTC(2026, 10, 21, 12),
        authservId: "protection.outlook.com",
        policy: { stampFormat: "eop", ...policy },
      },
    );
  const plain = Buffer.from("From: Ann <ann@HCL.com>\r\nSubject: hello\r\n\r\nHello.\r\n");
  const signed = signDkim(
    plain,
    { domain: "HCL.COM", selector: "s1", key },
    { headers: ["From", "Subject"], signedAt: 1795248000, canonicalization: "relaxed/relaxed" },
  );
  test("names are shown as they were sent: d=, MAIL FROM, From", async () => {
    const { headers } = await inspected({}, signed);
    assert.deepEqual(headers.slice(0, 2), [
      "Authentication-Results: spf=pass (sender IP is 198.51.100.7)\r\n smtp.mailfrom=Bounce.HCL.com; dkim=pass (signature was verified)\r\n" +
        " header.d=HCL.COM;dmarc=pass action=none header.from=HCL.com;compauth=pass\r\n reason=100",
      "Received-SPF: Pass (protection.outlook.com: domain of Bounce.HCL.com designates 198.51.100.7 as permitted sender) " +
        "receiver=protection.outlook.com; client-ip=198.51.100.7; helo=Mail.HCL.com; pr=C",
    ]);
  });
  test("our own stamps, coming in from outside, are removed in that form too", async () => {
    const { headers } = await inspected({}, signed);
    const again = Buffer.concat([Buffer.from(headers.map((field) => `${field}\r\n`).join("")), signed]);
    const { removals } = await inspected({}, again);
    assert.deepEqual(
      removals.map(({ name, index }) => `${name} ${index}`),
      ["x-assay-report 1", "received-spf 1", "authentication-results 1"],
    );
  });
  test("the same message in RFC 8601's form has an authserv-id, and no Received-SPF", async () => {
    const { headers } = await inspected({ stampFormat: "rfc8601" }, signed);
    assert.deepEqual(
      headers.map((field) => /^[^\s;]+(?: [\w.]+;)?/.exec(field)?.[0]),
      ["Authentication-Results: protection.outlook.com;", "X-Assay-Report:"],
    );
  });
});
