import assert from "node:assert/strict";
import { test } from "node:test";
import { inspectionWith, signature, spf } from "../../test/inspections.ts";
import type { Evidence } from "../evidence/evidence.ts";
import type { IprevResult } from "../evidence/iprev/result.ts";
import { formatReply, replyLine } from "../stamp/smtp-replies.ts";
import { type Ipv6Client, type Ipv6GatePolicy, stageAtData, stageAtRcpt } from "./ipv6-gate.ts";
import type { StageResult } from "./reply.ts";

const v6 = "2a01:111:f200:2004::240";
const noPtr = `450 4.7.25 Service unavailable, sending IPv6 address [${v6}] must have reverse DNS record.`;
const unauthenticated = `450 4.7.26 Service unavailable, message sent over IPv6 [${v6}] must pass either SPF or DKIM validation.`;
const notAccepted = "550 5.2.1 Service unavailable, [contoso.com] does not accept email over IPv6.";
const ptrTemporary = `451 4.4.3 Temporary DNS failure while looking up the reverse DNS record of [${v6}], please try again later.`;
const temporary = "451 4.7.24 Temporary DNS failure during SPF or DKIM validation, please try again later.";

const tls = { version: "TLSv1.3", cipher: null, subject: null };
const client: Ipv6Client = { ip: v6, tls: null, authenticatedAs: null, direction: "inbound", trustedHop: null };
const written = ({ reply }: StageResult) => (reply === null ? null : replyLine(formatReply(reply, { id: null, contact: null })));

const iprev = (changes: Partial<IprevResult>): IprevResult => ({
  result: "pass",
  reason: null,
  names: ["mail.contoso.com"],
  confirmed: 1,
  generic: false,
  ...changes,
});
const pass = iprev({});
const missing = iprev({ result: "permerror", reason: "no-ptr", names: [], confirmed: 0 });
const ptrs: Readonly<Record<string, readonly [IprevResult, valid: string | null, confirmed: string | null]>> = {
  confirmed: [pass, null, null],
  unconfirmed: [iprev({ result: "fail", reason: "not-confirmed", confirmed: 0 }), null, noPtr],
  generic: [iprev({ generic: true }), null, null],
  none: [missing, noPtr, noPtr],
  "no valid name": [iprev({ result: "fail", reason: "not-confirmed", names: [], confirmed: 0 }), noPtr, noPtr],
  "PTR question failed": [iprev({ result: "temperror", reason: "ptr-dns", names: [], confirmed: 0 }), ptrTemporary, ptrTemporary],
  "address question failed": [iprev({ result: "temperror", reason: "forward-dns", confirmed: 0 }), null, ptrTemporary],
};

type Evidenced = Pick<Evidence, "spf" | "dkim">;
const evidenceOf = (spfResult: (typeof spf)["result"], dkimResult: (typeof signature)["result"] | null): Evidenced => ({
  spf: [{ ...spf, result: spfResult }],
  dkim: dkimResult === null ? [] : [{ ...signature, result: dkimResult }],
});

/** Who the rules are for, by hand: address family, TLS, login. */
const concerned = (ip: string, hasTls: boolean, login: boolean, { gate }: Ipv6GatePolicy) =>
  ip.startsWith("2a01") && !login && (!hasTls || gate === "unauthenticated");

test("V6-18: every reply word for word, over IPv4 and IPv6, TLS and not, login and not, opted in and not, with every PTR", () => {
  let refused = 0;
  for (const ip of [v6, "2A01:0111:F200:2004:0:0:0:240", "192.0.2.1", "::ffff:192.0.2.1"]) {
    for (const hasTls of [false, true]) {
      for (const login of [false, true]) {
        for (const policy of [{}, { gate: "anonymous" }, { gate: "unauthenticated" }] satisfies Ipv6GatePolicy[]) {
          for (const ptr of ["named", "confirmed"] as const) {
            for (const acceptsIpv6 of [true, false, null]) {
              for (const [iprevResult, valid, confirmed] of Object.values(ptrs)) {
                const who = { ...client, ip, tls: hasTls ? tls : null, authenticatedAs: login ? "ada" : null };
                const recipient = { domain: "Contoso.com", acceptsIpv6 };
                const result = stageAtRcpt(who, { iprev: iprevResult, recipient }, { ...policy, ptr });
                const ofPtr = ptr === "named" ? valid : confirmed;
                const wanted = concerned(ip.toLowerCase(), hasTls, login, policy) ? (acceptsIpv6 === false ? notAccepted : ofPtr) : null;
                assert.equal(written(result), wanted);
                assert.ok(result.facts.length > 0);
                if (wanted !== null) refused++;
              }
            }
          }
        }
      }
    }
  }
  assert.ok(refused > 0);
});

const outcomes: readonly (readonly [string, Evidenced, string | null])[] = [
  ["SPF passes, no signature", evidenceOf("pass", null), null],
  ["SPF passes, DKIM temporary", evidenceOf("pass", "temperror"), null],
  ["SPF fails, DKIM passes", evidenceOf("fail", "pass"), null],
  ["SPF temporary, DKIM passes", evidenceOf("temperror", "pass"), null],
  ["neither: SPF none, no signature", evidenceOf("none", null), unauthenticated],
  ["neither: SPF softfail, DKIM fail", evidenceOf("softfail", "fail"), unauthenticated],
  ["neither: SPF neutral, a weak key", evidenceOf("neutral", "policy"), unauthenticated],
  ["neither: SPF permerror, DKIM permerror", evidenceOf("permerror", "permerror"), unauthenticated],
  ["SPF temporary, no signature", evidenceOf("temperror", null), temporary],
  ["SPF fail, DKIM temporary", evidenceOf("fail", "temperror"), temporary],
  ["no SPF result at all", { spf: [], dkim: [] }, unauthenticated],
  ["a second signature passes", { ...evidenceOf("none", "fail"), dkim: [{ ...signature, result: "fail" }, signature] }, null],
  [
    "SPF of the HELO name alone",
    {
      spf: [
        { ...spf, result: "none" },
        { ...spf, identity: "helo" },
      ],
      dkim: [],
    },
    unauthenticated,
  ],
  [
    "SPF of the HELO name temporary",
    {
      spf: [
        { ...spf, result: "none" },
        { ...spf, identity: "helo", result: "temperror" },
      ],
      dkim: [],
    },
    unauthenticated,
  ],
  ["another organization's SPF and signature", { spf: [{ ...spf, domain: "fabrikam.com", aligned: false }], dkim: [] }, null],
];
for (const [name, evidence, wanted] of outcomes) {
  test(`V6-18, RFC 7372 §3.2: at the end of DATA: ${name}`, () => {
    assert.equal(written(stageAtData(client, evidence, {})), wanted);
    assert.equal(written(stageAtData({ ...client, ip: "192.0.2.1" }, evidence, {})), null);
    assert.equal(written(stageAtData({ ...client, tls }, evidence, {})), null);
    assert.equal(written(stageAtData({ ...client, tls }, evidence, { gate: "unauthenticated" })), wanted);
    assert.equal(written(stageAtData({ ...client, tls, authenticatedAs: "ada" }, evidence, { gate: "unauthenticated" })), null);
  });
}

test("several recipients: the reply at RCPT is each one's own", () => {
  const ask = (domain: string, acceptsIpv6: boolean) =>
    written(stageAtRcpt(client, { iprev: pass, recipient: { domain, acceptsIpv6 } }, {}));
  assert.deepEqual([ask("contoso.com", false), ask("fabrikam.com", true)], [notAccepted, null]);
});

test("not opted in comes before the PTR: DNS that is slow or broken changes no permanent answer", () => {
  for (const [iprevResult] of Object.values(ptrs)) {
    const recipient = { domain: "contoso.com", acceptsIpv6: false };
    assert.equal(written(stageAtRcpt(client, { iprev: iprevResult, recipient }, {})), notAccepted);
  }
});

test("mail of ours and mail through a hop of ours is not anonymous mail from outside", () => {
  const recipient = { domain: "contoso.com", acceptsIpv6: false };
  for (const who of [
    { ...client, direction: "outbound" as const },
    { ...client, trustedHop: "2001:db8::7" },
    { ...client, ip: null },
  ]) {
    assert.equal(stageAtRcpt(who, { iprev: missing, recipient }, {}).reply, null);
    assert.equal(stageAtData(who, evidenceOf("fail", null), {}).reply, null);
  }
});

test("compauth.md: no override waives these rules: an inspection full of entries gets the same reply", () => {
  const { transaction, evidence } = inspectionWith({
    transaction: { ip: v6, tls: null },
    evidence: evidenceOf("fail", "fail"),
  });
  assert.equal(written(stageAtData(transaction, evidence, {})), unauthenticated);
  assert.equal(stageAtData.length, 3, "client, evidence and policy are all it is given");
});

test("the facts say what was seen, in order", () => {
  const recipient = { domain: "contoso.com", acceptsIpv6: true };
  const { facts } = stageAtRcpt(client, { iprev: pass, recipient }, {});
  assert.deepEqual(
    facts.map(({ id, value }) => [id, value]),
    [
      ["ipv6-client", true],
      ["ipv6-opt-in", true],
      ["ipv6-ptr", "mail.contoso.com"],
    ],
  );
  assert.deepEqual(
    stageAtData(client, evidenceOf("fail", "temperror"), {}).facts.map(({ id, value, source }) => [id, value, source]),
    [
      ["ipv6-client", true, "transaction"],
      ["ipv6-authentication", "temporary", "evidence.dkim"],
    ],
  );
});
