/** Replay: under the same policy a record is decided again to the last field; under another one, what the record tells, and no guess. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import fc from "fast-check";
import { requireCorpus } from "../../../test/corpora.ts";
import {
  type Case,
  client,
  dmarcFail,
  entryOf,
  established,
  historyOf,
  inputOf,
  signatureOf,
  spfOf,
  tokenOf,
} from "../../../test/decision-case.ts";
import { loadConfig } from "../../config/load.ts";
import type { Resolver } from "../../dns/resolver.ts";
import { inCoreMemory } from "../../memory/in-core.ts";
import type { Decision } from "../../memory/journal.ts";
import { parseZone, zoneResolver } from "../../system/zone-resolver.ts";
import type { History } from "../../verdict/history.ts";
import type { ListEntry } from "../../verdict/overrides/list-entry.ts";
import { decidedInspection } from "../decided.ts";
import { inspect } from "../inspect.ts";
import { type JudgePolicy, judge, type OverrideFacts } from "../judge.ts";
import { judgePolicyFor, judgePolicyOf } from "../judge-policy.ts";
import { version } from "../version.ts";
import { decisionOf } from "./decision-of.ts";
import { type Redecided, redecide } from "./redecide.ts";

const root = new URL("../../../", import.meta.url);

function policyOfText(text: string): JudgePolicy {
  const loaded = loadConfig(Buffer.from(text));
  assert.ok(loaded.ok, JSON.stringify(loaded));
  return judgePolicyOf(loaded.config);
}

/** A word for everything. */
const rich = policyOfText(`
domains = [{ name = "fabrikam.com" }, { name = "victim.com", ipv6 = true }]
[trust]
hops = ["192.0.2.128/25"]
sealers = ["list.example", { domain = "forwarder.example", for = ["contoso.com"] }]
gateways = [{ name = "scan", networks = ["203.0.113.0/24"] }]
forwarders = [{ name = "alumni", networks = ["198.51.100.0/24"] }]
[policy]
mode = "enforce"
from = "ambiguous"
null_mx_inbound = "mail-from-and-from"
local_suffixes = ["hosting.example"]
reply_contact = "https://fabrikam.com/help"
[[filters]]
name = "scanner"
header = "X-Scan"
networks = ["198.51.100.0/24"]
spam = ["spam*"]
[[rules]]
name = "invoices"
text = 'when header subject contains "invoice" and compauth is fail then stamp X-Note "check", junk'
[[rules]]
name = "partner"
text = 'when client in 203.0.113.0/24 then bypass authentication'
`);

const policies: Readonly<Record<string, JudgePolicy>> = {
  "the default policy": {},
  "an empty configuration": policyOfText(""),
  "a configuration with a word for everything": rich,
  "mode compare": policyOfText('[policy]\ndmarc_mode = "compare"\nmode = "enforce"\npreset = "strict"'),
};

type Inspected = Parameters<typeof inspect>[0];

/** Inspects with a store that records, and gives what it was left. */
async function recorded(input: Inspected, policy: JudgePolicy, resolver: Resolver): Promise<Decision> {
  const decisions: Decision[] = [];
  const memory = { ...inCoreMemory(), recordDecision: (decision: Decision) => void decisions.push(decision) };
  const clock = (): number => 1_780_000_000_000;
  await inspect(input, {
    resolver,
    clock,
    random: () => 0.5,
    authservId: "mx.example",
    policy,
    policyVersion: "p1",
    memory,
    journal: "without-subject",
  });
  const [decision] = decisions;
  assert.ok(decision !== undefined);
  return JSON.parse(JSON.stringify(decision));
}

function agrees(decision: Decision, redecided: Redecided): void {
  assert.equal(redecided.status, "decided", JSON.stringify(redecided));
  if (redecided.status === "decided") assert.deepEqual(JSON.parse(JSON.stringify(redecided.inspection)), decision.inspection);
}

describe("an unchanged policy agrees with the record to the last field", () => {
  const zone = parseZone(readFileSync(new URL("examples/zone.yaml", root), "utf8"));
  assert.ok(zone.ok);
  const resolver = zoneResolver(zone.zone);
  const folder = new URL("examples/mail/", root);
  const envelopes: readonly Omit<Inspected, "message">[] = [
    { ip: "198.51.100.7", helo: "mail.evil.example", mailFrom: "bob@evil.example", rcptTo: ["ben@fabrikam.com"] },
    { ip: "2001:db8::7", helo: "mail.contoso.com", mailFrom: "", rcptTo: ["ben@fabrikam.com", "vi@victim.com"] },
    { ip: "192.0.2.200", helo: "gw.fabrikam.com", mailFrom: "ada@contoso.com", rcptTo: [] },
    { ip: null, authenticatedAs: "ada@fabrikam.com", mailFrom: "ada@fabrikam.com", rcptTo: ["x@contoso.com"] },
  ];
  for (const [name, policy] of Object.entries(policies)) {
    test(`the examples: ${name}`, async () => {
      for (const file of readdirSync(folder)) {
        for (const envelope of envelopes) {
          const message = readFileSync(new URL(file, folder));
          const decision = await recorded({ message, ...envelope }, policy, resolver);
          agrees(decision, await redecide(decision, policy));
        }
      }
    });

    test(`the corpora of signatures and of attacks: ${name}`, async (t) => {
      const dkim = requireCorpus(t, "dkim");
      const attacks = requireCorpus(t, "attacks/espoofer.jsonl");
      if (dkim === null || attacks === null) return;
      const messages = readdirSync(dkim).map((one) => readFileSync(`${dkim}/${one}`));
      for (const line of readFileSync(attacks, "utf8").split("\n").filter(Boolean))
        messages.push(Buffer.from(JSON.parse(line).data_b64, "base64"));
      for (const message of messages) {
        const envelope = { message, ip: client, helo: "mail.attack.example", mailFrom: "x@partner.example", rcptTo: ["a@victim.com"] };
        const decision = await recorded(envelope, policy, zoneResolver({}));
        agrees(decision, await redecide(decision, policy));
      }
    });
  }

  test("made by chance: findings, histories, entries and policies", () => {
    fc.assert(
      fc.property(anyCase, anyOverrides, fc.constantFrom(...Object.values(policies)), (one, overrides, policy) => {
        const decision = made(one, overrides, policy);
        const redecided = redecide(decision, policy);
        assert.ok(!(redecided instanceof Promise));
        agrees(decision, redecided);
      }),
      { numRuns: 2000, seed: 9989 },
    );
  });
});

/** As inspect records it, of a case made by hand. */
function made(one: Case, overrides: OverrideFacts | null, policy: JudgePolicy): Decision {
  const input = inputOf(one);
  const { from } = input;
  const facts = { ...input, from: { ...from, domains: from.domains ?? [] }, history: one.history ?? null, overrides };
  const identity = { id: "0199c0ffee000123456789abcdef", at: "2026-05-28T20:26:40.000Z", version, policyVersion: null, removals: [] };
  const inspection = decidedInspection(identity, { ...facts, judgement: judge(facts, policy) }, policy);
  const answers = { 'header subject contains "invoice"': true, ...overrides?.answers };
  const matched =
    overrides === null
      ? { lists: [], filters: [], answers, nullMx: nullMxOf(policy) }
      : { ...overrides, answers, nullMx: nullMxOf(policy) };
  const again = decidedInspection(
    identity,
    { ...facts, judgement: judge({ ...facts, overrides: matched, nullMx: matched.nullMx }, policy) },
    policy,
  );
  assert.equal(inspection.id, again.id);
  return JSON.parse(JSON.stringify(decisionOf(again, { tenant: "", subject: null, matched, questions: [], policy })));
}

function nullMxOf({ gates }: JudgePolicy) {
  return gates === undefined || gates.nullMx.inbound === "off" ? null : ({ mailFrom: "other", from: "null-mx" } as const);
}

const listed: ListEntry = {
  ...{ id: "41", kind: "ip-allow", action: "allow", recipient: null, needsAuthentication: false, note: null, by: "ada" },
  ...{
    subject: { kind: "network", network: "198.51.100.0/24" },
    scopes: ["authentication"],
    madeDay: 20_000,
    matchedDay: null,
    expiry: { kind: "never" },
  },
};

const anyOverrides: fc.Arbitrary<OverrideFacts | null> = fc.option(
  fc.record({
    lists: fc.constantFrom<readonly ListEntry[]>([], [listed], [{ ...listed, id: "42", kind: "ip-block", action: "block", scopes: [] }]),
    filters: fc.constantFrom<OverrideFacts["filters"]>([], [{ filter: "scanner", verdict: "malware", seen: "x" }]),
    answers: fc.constant({}),
  }),
);

const anyCase: fc.Arbitrary<Case> = fc.record({
  dmarc: fc.constantFrom<NonNullable<Case["dmarc"]>>(
    {},
    { result: "pass", reason: "aligned" },
    { result: "temperror", reason: "record-dns", policy: "reject" },
    dmarcFail("quarantine"),
    dmarcFail("reject"),
  ),
  spf: fc.constantFrom([], [spfOf({})], [spfOf({ result: "fail" })]),
  dkim: fc.constantFrom([], [signatureOf({})], [signatureOf({ domain: "contoso.com", alignedBestGuess: true })]),
  ptr: fc.constantFrom("out.service.example", "mail.contoso.com"),
  from: fc.constantFrom(
    {},
    { reason: "several-fields" as const, result: "invalid" as const },
    { domains: ["contoso.com", "evil.example"] },
  ),
  transaction: fc.constantFrom({}, { mailFrom: "" }, { rcptTo: ["a@victim.com", "b@fabrikam.com"] }, { ip: "2001:db8::7", tls: null }),
  history: fc.constantFrom<History | null>(
    null,
    { status: "unavailable" },
    historyOf(),
    historyOf({
      from: established({ authenticated: 7.123456789 }),
      tokens: [tokenOf({ kind: "dkim", value: "service.example" }, { authenticated: 3.3 })],
    }),
    historyOf({ entries: [entryOf("allow")] }),
    historyOf({ entries: [entryOf("block", { evenIfAuthenticated: true })] }),
  ),
});

describe("another policy", () => {
  const decide = (one: Case, policy: JudgePolicy, then: JudgePolicy = {}) =>
    redecide(made({ history: historyOf(), ...one }, null, then), policy);
  const actionOf = (redecided: Redecided | Promise<Redecided>): string => {
    assert.ok(!(redecided instanceof Promise) && redecided.status === "decided", JSON.stringify(redecided));
    const { kind, withheld } = redecided.inspection.action;
    return `${redecided.inspection.verdict.reason} ${kind}${withheld ? ", withheld" : ""}`;
  };
  const why = async (redecided: Redecided | Promise<Redecided>): Promise<string> => {
    const found = await redecided;
    return found.status === "decided" ? "decided" : found.why;
  };

  test("mode, preset, rules and numbers of history are read anew", () => {
    const failed: Case = { dmarc: dmarcFail("quarantine") };
    assert.equal(actionOf(decide(failed, {})), "000 junk, withheld");
    assert.equal(actionOf(decide(failed, { mode: "enforce", quarantineAction: "quarantine" })), "000 quarantine");
    assert.equal(
      actionOf(decide(failed, policyOfText("[[rules]]\nname = 'r'\nmode = 'enforce'\ntext = 'when dmarc is fail then reject'"))),
      "000 reject",
    );
    assert.equal(
      actionOf(decide({ dkim: [signatureOf({})], history: historyOf({ entries: [entryOf("allow")] }) }, { profile: "consumer" })),
      "001 deliver, withheld",
    );
  });

  test("accepted domains are those of the decision's tenant", () => {
    const policy = policyOfText('tenants = [{ id = "a", domains = ["contoso.com"] }, { id = "b", domains = ["fabrikam.com"] }]');
    assert.equal(actionOf(decide({}, judgePolicyFor(policy, "a"))), "601 deliver, withheld");
    assert.equal(actionOf(decide({}, judgePolicyFor(policy, "b"))), "001 deliver, withheld");
  });

  test("a rule that asks for a field that was not looked at is not replayable where it matters", async () => {
    const asks = (text: string) => policyOfText(`[[rules]]\nname = 'r'\nmode = 'enforce'\ntext = '${text}'`);
    assert.equal(await why(decide({}, asks("when header x-new exists then junk"))), "header-test");
    const elsewhere = "when from is fabrikam.com and (header x-new exists or not header x-other exists) then junk";
    assert.equal(actionOf(decide({}, asks(elsewhere))), "001 deliver, withheld");
    const many = ["a", "b", "c", "d", "e"].map((name) => `header x-${name} exists`).join(" and ");
    assert.equal(await why(decide({}, asks(`when from is fabrikam.com and ${many} then junk`))), "header-test");
    assert.equal(actionOf(decide({}, asks('when header subject contains "invoice" then junk'))), "001 junk");
  });

  test("a filter is not replayable for mail that it handed over, and plays no part for other mail", async () => {
    const filters = 'filters = [{ name = "s", header = "X-S", networks = ["198.51.100.0/24"], spam = ["yes"] }]';
    assert.equal(await why(decide({}, policyOfText(filters))), "filter");
    assert.equal(await why(decide({ transaction: { ip: "203.0.113.5" } }, policyOfText(filters))), "decided");
    assert.equal(await why(decide({}, policyOfText(filters), policyOfText(filters))), "decided");
    assert.equal(await why(decide({}, policyOfText(filters.replace("yes", "no")), policyOfText(filters))), "filter");
  });

  test("hops that make another address the client are not replayable", async () => {
    assert.equal(await why(decide({}, { trustedHops: [`${client}/32`] })), "client");
    assert.equal(await why(decide({ transaction: { trustedHop: "192.0.2.200" } }, {}, rich)), "client");
    assert.equal(await why(decide({}, { trustedHops: ["203.0.113.9"] })), "decided");
  });

  test("null MX that nobody asked for is not replayable", async () => {
    assert.equal(await why(decide({}, policyOfText("[policy]\nnull_mx_inbound = true"))), "null-mx");
    assert.equal(await why(decide({ transaction: { mailFrom: "" } }, policyOfText("[policy]\nnull_mx_inbound = true"))), "decided");
  });

  test("local suffixes that make another organization of From are not replayable where history was asked", async () => {
    const from = { domain: "a.hosting.example", domains: ["a.hosting.example"] };
    const policy = { localSuffixes: ["hosting.example"] };
    assert.equal(await why(decide({ from, history: historyOf({ organization: "hosting.example" }) }, policy)), "organization");
  });
});

describe("DMARC is evaluated again over the recorded answers", () => {
  const zone = {
    "_dmarc.a.example.com": [{ TXT: "v=DMARC1; p=none" }, { TXT: "v=DMARC1; p=reject" }],
    "_dmarc.example.com": [{ TXT: "v=DMARC1; p=quarantine" }],
  };
  const message = Buffer.from("From: ada@a.example.com\r\nTo: ben@fabrikam.com\r\n\r\nHi\r\n");
  const input = { message, ip: "198.51.100.7", helo: "x.example", mailFrom: "x@x.example", rcptTo: ["ben@fabrikam.com"] };
  const modes = ["rfc9989", "rfc7489", "compare"] as const;

  for (const then of modes) {
    for (const now of modes) {
      test(`recorded in mode ${then}, decided in mode ${now}: as if the message came now, or not replayable`, async () => {
        const decision = await recorded(input, { dmarcMode: then }, zoneResolver(zone));
        const redecided = await redecide(decision, { dmarcMode: now });
        if (redecided.status === "not-replayable") {
          // RFC 7489 §6.6.3 ends at several records, so the walk of RFC 9989 was not asked; and its permerror asked for hosts.
          assert.ok(["dmarc-answers", "from-hosts"].includes(redecided.why), redecided.why);
          assert.notEqual(then, now);
        } else {
          const { inspection } = await recorded(input, { dmarcMode: now }, zoneResolver(zone));
          assert.deepEqual(redecided.inspection.evidence.dmarc, inspection.evidence.dmarc);
          assert.deepEqual(redecided.inspection.verdict.reason, inspection.verdict.reason);
        }
      });
    }
  }

  test("from rfc9989 to compare all was asked", async () => {
    const decision = await recorded(input, {}, zoneResolver(zone));
    const redecided = await redecide(decision, { dmarcMode: "compare" });
    assert.ok(redecided.status === "decided");
    assert.deepEqual(redecided.inspection.evidence.dmarc.alternative, { mode: "rfc7489", result: "permerror", policy: null });
  });

  test("trusted sealers are read anew", async () => {
    const decision = await recorded(input, {}, zoneResolver(zone));
    const sealed = {
      ...decision.inspection.evidence.arc,
      result: "pass" as const,
      sets: [{ instance: 1, sealer: "list.example", cv: "none" as const, results: null, bound: true }],
    };
    const with_ = { ...decision, inspection: { ...decision.inspection, evidence: { ...decision.inspection.evidence, arc: sealed } } };
    const redecided = await redecide(with_, { trustedSealers: ["list.example"] });
    assert.ok(redecided.status === "decided" && redecided.inspection.evidence.arc.trusted);
  });
});
