/**
 * The four examples of Microsoft's article "Email authentication in EOP" (reference: eop.md §2b, rows 1-4) as whole messages:
 * what SPF, DKIM, DMARC and composite authentication say of each, and the article's own bytes where we stamp in that shape, for
 * recipients at contoso.com. And its advice on `?all`, from both kinds of source.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { keySource } from "../../bench/keys.ts";
import { signDkim } from "../../bench/signer.ts";
import { type Inspection, inspect, zoneResolver } from "../../src/index.ts";

const key = keySource()("rsa-sha256");
const clock = () => Date.UTC(2026, 10, 21, 12);
const record = { TXT: key.record };

type Case = {
  /** Hosts of the From domain stand in other networks than the client: a neighbour would be evidence (row 17), which the article has not. */
  readonly zone: Parameters<typeof zoneResolver>[0];
  readonly ip: string;
  readonly mailFrom: string;
  readonly from: string;
  readonly signedBy?: string;
};

async function inspected({ zone, ip, mailFrom, from, signedBy }: Case): Promise<Inspection> {
  const plain = Buffer.from(
    `From: ${from}\r\nTo: you@contoso.com\r\nSubject: hello\r\nDate: Sat, 21 Nov 2026 11:00:00 +0000\r\n\r\nHello.\r\n`,
  );
  const message =
    signedBy === undefined
      ? plain
      : signDkim(
          plain,
          { domain: signedBy, selector: "s1", key },
          { headers: ["From", "To", "Subject", "Date"], signedAt: 1795248000, canonicalization: "relaxed/relaxed" },
        );
  return inspect(
    { message, ip, helo: `mail.${mailFrom}`, mailFrom: `sender@${mailFrom}` },
    {
      resolver: zoneResolver(zone),
      clock,
      authservId: "mx.contoso.com",
      policy: { stampFormat: "eop", stampEopRecipientDomain: "contoso.com" },
    },
  );
}

/** The value of Authentication-Results, unfolded (RFC 5322 §2.2.3). */
function stamped({ headers }: Inspection): string | undefined {
  const [first = ""] = headers;
  for (const line of first.split("\r\n")) assert.ok(line.length <= 78, line);
  return /^Authentication-Results: (.*)$/.exec(first.replaceAll("\r\n", ""))?.[1];
}

function words(inspection: Inspection): string {
  const { evidence, verdict } = inspection;
  const spf = evidence.spf.find((one) => one.identity === "mailfrom");
  return `spf=${spf?.result} dkim=${evidence.dkim[0]?.result ?? "none"} dmarc=${evidence.dmarc.result} compauth=${verdict.compauth} reason=${verdict.reason}`;
}

test("article example 1: fabrikam.com publishes nothing", async () => {
  const found = await inspected({
    zone: { "fabrikam.com": [{ A: "10.9.8.7" }] },
    ip: "10.2.3.4",
    mailFrom: "fabrikam.com",
    from: "chris@fabrikam.com",
  });
  assert.equal(words(found), "spf=none dkim=none dmarc=none compauth=fail reason=001");
  assert.equal(
    stamped(found),
    "spf=none (sender IP is 10.2.3.4) smtp.mailfrom=fabrikam.com; contoso.com; " +
      "dkim=none (message not signed) header.d=none; contoso.com; dmarc=none action=none header.from=fabrikam.com; compauth=fail reason=001",
  );
});

test("article example 2: SPF of fabrikam.com passes, no DMARC record", async () => {
  const found = await inspected({
    zone: { "fabrikam.com": [{ TXT: "v=spf1 ip4:10.2.3.4 -all" }] },
    ip: "10.2.3.4",
    mailFrom: "fabrikam.com",
    from: "chris@fabrikam.com",
  });
  assert.equal(words(found), "spf=pass dkim=none dmarc=bestguesspass compauth=pass reason=109");
  assert.equal(
    stamped(found),
    "spf=pass (sender IP is 10.2.3.4) smtp.mailfrom=fabrikam.com; contoso.com; " +
      "dkim=none (message not signed) header.d=none; contoso.com; dmarc=bestguesspass action=none header.from=fabrikam.com; compauth=pass reason=109",
  );
});

test("article example 3: signed by outbound.fabrikam.com, no SPF, no DMARC record", async () => {
  const found = await inspected({
    zone: { "s1._domainkey.outbound.fabrikam.com": [record], "fabrikam.com": [{ A: "10.9.8.7" }] },
    ip: "10.2.3.4",
    mailFrom: "fabrikam.com",
    from: "chris@fabrikam.com",
    signedBy: "outbound.fabrikam.com",
  });
  assert.equal(words(found), "spf=none dkim=pass dmarc=bestguesspass compauth=pass reason=109");
  assert.equal(
    stamped(found),
    "spf=none (sender IP is 10.2.3.4) smtp.mailfrom=fabrikam.com; contoso.com; " +
      "dkim=pass (signature was verified) header.d=outbound.fabrikam.com; contoso.com; dmarc=bestguesspass action=none header.from=fabrikam.com; compauth=pass reason=109",
  );
});

test("article example 4: maliciousdomain.com signs, From says contoso.com", async () => {
  const found = await inspected({
    zone: {
      "s1._domainkey.maliciousdomain.com": [record],
      "maliciousdomain.com": [{ A: "192.168.1.8" }],
      "contoso.com": [{ A: "10.9.8.7" }],
    },
    ip: "192.168.1.8",
    mailFrom: "maliciousdomain.com",
    from: "chris@contoso.com",
    signedBy: "maliciousdomain.com",
  });
  assert.equal(words(found), "spf=none dkim=pass dmarc=none compauth=fail reason=001");
  assert.equal(
    stamped(found),
    "spf=none (sender IP is 192.168.1.8) smtp.mailfrom=maliciousdomain.com; contoso.com; " +
      "dkim=pass (signature was verified) header.d=maliciousdomain.com; contoso.com; dmarc=none action=none header.from=contoso.com; compauth=fail reason=001",
  );
});

const softened = {
  "contoso.com": [{ TXT: "v=spf1 include:spf.fabrikam.com ?all" }],
  "spf.fabrikam.com": [{ TXT: "v=spf1 ip4:198.51.100.0/24 -all" }],
};

test("article: v=spf1 include:spf.fabrikam.com ?all, from an included source", async () => {
  const found = await inspected({ zone: softened, ip: "198.51.100.7", mailFrom: "contoso.com", from: "chris@contoso.com" });
  assert.equal(words(found), "spf=pass dkim=none dmarc=bestguesspass compauth=pass reason=109");
});

test("article: v=spf1 include:spf.fabrikam.com ?all, from a foreign source: a neutral SPF vouches for nobody", async () => {
  const found = await inspected({ zone: softened, ip: "203.0.113.9", mailFrom: "contoso.com", from: "chris@contoso.com" });
  assert.equal(words(found), "spf=neutral dkim=none dmarc=none compauth=fail reason=001");
});
