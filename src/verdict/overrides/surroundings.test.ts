/** What of a message's surroundings overrides read: fields of other filters, and the client behind a trusted hop. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { messageOf } from "../../../test/override-message.ts";
import { type Header, scanHeader } from "../../mail/header.ts";
import { decide } from "../decide.ts";
import { type Filter, readFilters } from "./filters.ts";
import { behindHop, trueClient } from "./trusted-hop.ts";

function header(...lines: readonly string[]): Header {
  return scanHeader(Buffer.from(`${lines.join("\r\n")}\r\n`), "crlf");
}

const gate: Filter = {
  name: "gate",
  header: "x-gate-verdict",
  networks: ["198.51.100.0/24"],
  words: { malware: ["*malware*"], "high-confidence-phish": ["*CAT:HPHSH*"], phish: ["*CAT:PHSH*"], spam: ["spam*"], clean: ["clean*"] },
};

test("a listed filter's field is believed from its networks alone, the topmost, and the gravest word counts", () => {
  const fields = header("X-Gate-Verdict: spam; CAT:HPHSH", "X-Gate-Verdict: clean", "Subject: malware");
  const { verdicts, removals } = readFilters(fields, [gate], messageOf({}).transaction);
  assert.deepEqual(verdicts, [{ filter: "gate", verdict: "high-confidence-phish", seen: "spam; CAT:HPHSH" }]);
  assert.deepEqual(removals, []);
});

test("on everyone else's mail the field is stripped, all of them, and says nothing (attack: a forged clean verdict)", () => {
  const fields = header("X-Gate-Verdict: clean", "Subject: x", "X-Gate-Verdict : malware");
  const { verdicts, removals } = readFilters(fields, [gate], messageOf({ ip: "203.0.113.9" }).transaction);
  assert.deepEqual(verdicts, []);
  assert.deepEqual(
    removals.map(({ name, index }) => [name, index]),
    [
      ["x-gate-verdict", 2],
      ["x-gate-verdict", 1],
    ],
  );
});

test("a filter that is a trusted hop is believed by its own address, not the client's", () => {
  const transaction = { ...messageOf({ ip: "203.0.113.9" }).transaction, trustedHop: "198.51.100.7" };
  assert.equal(readFilters(header("X-Gate-Verdict: malware"), [gate], transaction).verdicts[0]?.verdict, "malware");
  assert.deepEqual(readFilters(header("X-Gate-Verdict: words nobody listed"), [gate], transaction).verdicts, []);
});

const hops = { hops: ["198.51.100.0/24"], networks: ["203.0.113.0/28"] };
const by = (from: string): string => `Received: ${from} by gw.example with ESMTP; Sat, 1 Aug 2026 10:00:00 +0000`;

const clients: readonly (readonly [string, readonly string[], string | null, unknown])[] = [
  ["not from a hop", [by("from a (a [192.0.2.1])")], "192.0.2.9", "direct"],
  ["no client address", [by("from a (a [192.0.2.1])")], null, "direct"],
  [
    "the first address that is not trusted",
    [by("from a (a [192.0.2.1])"), by("from forged (x [203.0.113.77])")],
    "198.51.100.7",
    "192.0.2.1",
  ],
  [
    "over another hop, a relay of ours and a private address",
    [by("from h (h [198.51.100.8])"), by("from r (r [203.0.113.3])"), by("from p (p [10.0.0.1])"), by("from a (a [192.0.2.1])")],
    "198.51.100.7",
    "192.0.2.1",
  ],
  ["IPv6", [by("from a (a [IPv6:2001:db8::5])")], "198.51.100.7", "2001:db8::5"],
  [
    "a handover within the hop is passed over",
    ["Received: by gw.example (Postfix, from userid 99) id 1; Sat, 1 Aug 2026 10:00:00 +0000", by("from a (a [192.0.2.1])")],
    "198.51.100.7",
    "192.0.2.1",
  ],
  ["no Received at all", ["Subject: x"], "198.51.100.7", "no-received"],
  [
    "a field that names nobody: what lies below is anybody's",
    [by("from a.example"), by("from victim (v [192.0.2.1])")],
    "198.51.100.7",
    "no-address",
  ],
  [
    "comments that do not close (attack: HELO with a parenthesis)",
    [by("from x) (h [192.0.2.1])"), by("from v (v [192.0.2.2])")],
    "198.51.100.7",
    "broken",
  ],
  ["trusted throughout", [by("from p (p [10.0.0.1])")], "198.51.100.7", "all-trusted"],
];
for (const [name, fields, peer, expected] of clients) {
  test(`trusted hop: ${name}`, () => {
    const client = trueClient(peer, header(...fields), hops);
    assert.equal(client.status === "found" ? client.ip : client.status === "unknown" ? client.why : client.status, expected);
  });
}

test("behind a hop every row runs on the true client; where it is unknown and DMARC would be enforced: none 905", () => {
  const message = messageOf({ dmarc: { result: "fail", policy: "reject", reason: "not-aligned" } });
  const found = trueClient("198.51.100.7", header(by("from mail.example (x [192.0.2.1])")), hops);
  const { ip, helo, trustedHop } = behindHop(message.transaction, found);
  assert.deepEqual([ip, helo, trustedHop], ["192.0.2.1", "mail.example", "198.51.100.7"]);
  const reason = (lines: readonly string[]): string => {
    const transaction = behindHop(message.transaction, trueClient("198.51.100.7", header(...lines), hops));
    return decide({ ...message, transaction }, null, { trustedHops: hops.hops }).reason;
  };
  assert.equal(reason([by("from mail.example (x [192.0.2.1])")]), "000");
  assert.equal(reason(["Subject: x"]), "905");
  assert.equal(behindHop(message.transaction, { status: "direct" }), message.transaction);
});

test("Received fields past the limit name nobody", () => {
  const many = Array.from({ length: 150 }, () => by("from p (p [10.0.0.1])"));
  const client = trueClient("198.51.100.7", header(...many, by("from a (a [192.0.2.1])")), hops);
  assert.deepEqual(client, { status: "unknown", why: "all-trusted" });
});
