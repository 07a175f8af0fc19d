/**
 * An Inspection says all that its verdict rests on: compauth and reason come again from its JSON alone. Whole messages (the examples, the
 * corpora of signatures and attacks) under a policy that has a word for everything, real verdicts, and a walk at random over findings,
 * histories and policies. Tests of single rows do the same for each of their verdicts (test/decision-case.ts).
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { readVerdictRow } from "../../lab/verdict-row.ts";
import { type Inspection, inspect, type Policy, zoneResolver } from "../../src/index.ts";
import { inspectionSchema } from "../../src/stamp/inspection-schema.ts";
import { decide } from "../../src/verdict/decide.ts";
import { decisivePolicy } from "../../src/verdict/decisive-policy.ts";
import { requireCorpus } from "../corpora.ts";
import {
  type Case,
  changedBody,
  client,
  dmarcFail,
  entryOf,
  established,
  historyOf,
  signatureOf,
  spfOf,
  tokenOf,
  verdictOf,
} from "../decision-case.ts";
import { recompute } from "../recompute.ts";

const root = new URL("../../", import.meta.url);

/** A word for everything: what does not concern a message must not be missed when it is left out. */
const rich: Policy = {
  localSuffixes: ["hosting.example"],
  trustedSealers: ["list.example", { domain: "microsoft.com", for: ["contoso.com"] }],
  bypasses: [
    { id: "1", kind: "ip-allow", client: ["198.51.100.128/25"], by: "ada" },
    { id: "2", kind: "rule", recipient: ["victim.com"], mailFrom: ["partner.example"], by: "ada" },
  ],
  trustedHops: ["192.0.2.128/25"],
  gateways: [{ name: "scan", networks: ["203.0.113.0/24"] }],
  acceptedDomains: ["fabrikam.com", "victim.com"],
  tenants: [{ id: "t2", domains: ["contoso.com"] }],
  submittedBy: "t2",
  senderHistory: { high: 3.5 },
};

function again(inspection: Inspection): void {
  const json = JSON.stringify(inspection);
  const { compauth, reason } = inspection.verdict;
  assert.deepEqual(recompute(json), { compauth, reason });
  inspectionSchema.parse(JSON.parse(json));
}

test("the examples, as the command line prints them", () => {
  const args = ["src/main.ts", "check", "--json", "--zone", "examples/zone.yaml", "examples/mail"];
  let lines: string;
  try {
    lines = execFileSync(process.execPath, args, { cwd: fileURLToPath(root), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch (error) {
    lines = String((error as { stdout: unknown }).stdout); // some of them fail, so does the exit status
  }
  const inspections = lines.split("\n").filter(Boolean);
  assert.ok(inspections.length >= 15);
  for (const line of inspections) {
    const { verdict } = JSON.parse(line);
    assert.deepEqual(recompute(line), { compauth: verdict.compauth, reason: verdict.reason });
  }
});

test("the corpora of signatures and of attacks, with and without policy and history", async (t) => {
  const dkim = requireCorpus(t, "dkim");
  const attacks = requireCorpus(t, "attacks/espoofer.jsonl");
  if (dkim === null || attacks === null) return;
  const messages = readdirSync(dkim).map((name) => readFileSync(`${dkim}/${name}`));
  for (const line of readFileSync(attacks, "utf8").split("\n").filter(Boolean))
    messages.push(Buffer.from(JSON.parse(line).data_b64, "base64"));
  for (const message of messages) {
    const envelope = { message, ip: client, helo: "mail.attack.example", mailFrom: "x@partner.example", rcptTo: ["a@victim.com"] };
    for (const policy of [{}, rich]) {
      for (const history of [null, historyOf({ entries: [entryOf("confirmed")] })]) {
        again(
          await inspect(envelope, {
            resolver: zoneResolver({}),
            policy,
            history,
            authservId: "mx.example",
            clock: () => 1_780_000_000_000,
          }),
        );
      }
    }
  }
});

test("real verdicts", (t) => {
  const path = requireCorpus(t, "m365-verdicts/dev.jsonl");
  if (path === null) return;
  const policy = { trustedSealers: ["microsoft.com", "google.com"] };
  let rows = 0;
  for (const line of readFileSync(path, "utf8").split("\n").filter(Boolean)) {
    const row = readVerdictRow(line);
    assert.notEqual(typeof row, "string");
    if (typeof row === "string") continue;
    const { compauth, reason } = decide(row.input, null, policy);
    const json = JSON.stringify({ ...row.input, history: null, policy: decisivePolicy(policy, row.input) });
    assert.deepEqual(recompute(json), { compauth, reason });
    rows += 1;
  }
  assert.ok(rows > 3000);
});

/** Any mixture of findings, history and policy; verdictOf computes each verdict twice. */
const anyCase: fc.Arbitrary<Case> = fc.record({
  dmarc: fc.constantFrom<NonNullable<Case["dmarc"]>>(
    {},
    { result: "pass", reason: "aligned" },
    { result: "permerror", reason: "record" },
    { result: "temperror", reason: "identifier-dns" },
    { result: "temperror", reason: "record-timeout" },
    dmarcFail("none"),
    dmarcFail("quarantine"),
    dmarcFail("reject"),
  ),
  spf: fc.constantFrom(
    [],
    [spfOf({})],
    [spfOf({ domain: "service.example", aligned: false, alignedBestGuess: false })],
    [spfOf({ result: "fail" })],
  ),
  dkim: fc.constantFrom([], [changedBody], [signatureOf({})], [signatureOf({ domain: "contoso.com", alignedBestGuess: true })]),
  ptr: fc.constantFrom("out.service.example", "mail.contoso.com", "printer.fabrikam.com"),
  infrastructure: fc.constantFrom(
    {},
    { fromMxHosts: ["mx.hoster.example"] },
    { fromNeighbours: ["contoso.com"], fromSpf: "softfail" as const },
  ),
  bounceOf: fc.constantFrom(null, "<1@fabrikam.com>"),
  from: fc.constantFrom({}, { domains: ["contoso.com", "evil.example"] }, { domain: "a.hosting.example", domains: ["a.hosting.example"] }),
  transaction: fc.constantFrom(
    {},
    { mailFrom: "" },
    { ip: "203.0.113.9" },
    { ip: null, trustedHop: "192.0.2.200" },
    { authenticatedAs: "me" },
  ),
  history: fc.oneof(
    fc.constantFrom(null, { status: "unavailable" as const }),
    fc
      .record({
        authenticated: fc.integer({ min: 0, max: 60 }),
        organizations: fc.constantFrom(1, 5, 6, 20, 21),
        days: fc.constantFrom(0, 4, 5, 9),
        relayed: fc.constantFrom(0, 0, 3),
        entry: fc.constantFrom(null, "allow" as const, "block" as const, "confirmed" as const),
        returnsOurs: fc.boolean(),
      })
      .map(({ authenticated, organizations, days, relayed, entry, returnsOurs }) => {
        const seen = { authenticated, signed: authenticated / 2, organizations, days, recipients: days, answered: true, relayed };
        const tokens = [
          tokenOf({ kind: "prefix", value: `${client}/32` }, seen),
          tokenOf({ kind: "dkim", value: "service.example" }, seen),
          tokenOf({ kind: "ptr", value: "out.service.example" }, { ...seen, authenticated: 0 }),
          tokenOf({ kind: "mx", value: "mx.hoster.example" }, { organizations }),
        ];
        return historyOf({ from: established({ authenticated }), tokens, returnsOurs, entries: entry === null ? [] : [entryOf(entry)] });
      }),
  ),
  policy: fc.constantFrom<Policy>(
    {},
    rich,
    { ...rich, profile: "consumer" },
    { senderHistory: { vouchByPtr: true, vouchMessages: 3 } },
    {
      gateways: [{ name: "scan", networks: ["198.51.100.0/24"] }],
      gatewayResult: { gateway: "scan", result: "pass", from: "contoso.com" },
    },
  ),
});

test("a walk at random over findings, histories and policies reaches most codes, and each verdict comes again", () => {
  const codes = new Set<string>();
  fc.assert(
    fc.property(anyCase, (one) => {
      codes.add(verdictOf(one).reason);
    }),
    { numRuns: 4000, seed: 9989 },
  );
  assert.ok(codes.size >= 18, [...codes].toSorted().join(" "));
});
