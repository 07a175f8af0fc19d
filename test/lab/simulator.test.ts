import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { test } from "node:test";
import { interval } from "../../lab/confidence.ts";
import { generate } from "../../lab/generator.ts";
import type { Inbound } from "../../lab/message.ts";
import { changedMix, defaultMix, drawnMix, evaluationSeeds, mixNames, ranges } from "../../lab/mix.ts";
import { plot } from "../../lab/plot.ts";
import { outcomeOf, sum } from "../../lab/tally.ts";
import { runTrial } from "../../lab/trial.ts";
import { isInNetwork, parseIpAddress, parseIpNetwork } from "../../src/mail/ip-address.ts";

const seed = 7; // none of the evaluation's

test("the generator does not know the model: nothing it imports, or they import, is verdict, memory or gateway", () => {
  const seen = new Set<string>();
  const follow = (path: string): void => {
    if (seen.has(path)) return;
    seen.add(path);
    for (const [, target = ""] of readFileSync(path, "utf8").matchAll(/from "(\.[^"]+)"/g)) follow(resolve(dirname(path), target));
  };
  follow(resolve("lab/generator.ts"));
  const model = [...seen].filter((path) => /\/src\/(?:verdict|stamp|memory|config|gateway|owner|system|doors)\//.test(path));
  assert.deepEqual(model, []);
  assert.ok(seen.size > 15, "the walk has seen the generator's files");
});

function inboundOf(messages: number): readonly Inbound[] {
  return [...generate({ seed, mix: defaultMix, messages }).events].filter((event) => event.kind === "inbound");
}

test("the same seed gives the same mail, another seed other mail", () => {
  const digest = (from: number): string =>
    JSON.stringify(
      [...generate({ seed: from, mix: defaultMix, messages: 300 }).events].map((event) => [
        event.day,
        "from" in event ? event.from.domain : event.messageId,
      ]),
    );
  assert.equal(digest(seed), digest(seed));
  assert.notEqual(digest(seed), digest(seed + 1));
});

test("what the generator says was found is consistent, and is what the mechanisms' types mean", () => {
  for (const { evidence, transaction, from, truth } of inboundOf(1500)) {
    const { dmarc, spf, dkim, infrastructure } = evidence;
    const passing = [...spf.filter(({ identity }) => identity === "mailfrom" && transaction.mailFrom !== ""), ...dkim].filter(
      ({ result, aligned }) => result === "pass" && aligned,
    );
    assert.equal(dmarc.result === "pass" || dmarc.result === "bestguesspass", passing.length > 0 && dmarc.result !== "temperror");
    assert.equal(dmarc.result === "bestguesspass" || dmarc.result === "none", dmarc.policy === null && dmarc.result !== "temperror");
    if (dmarc.result === "fail") assert.equal(dmarc.action, truth.policy);
    const envelope = spf.find(({ identity }) => identity === "mailfrom");
    if (transaction.mailFrom !== "") assert.equal(transaction.mailFrom?.endsWith(`@${envelope?.domain}`), true);
    const [address, network] = [parseIpAddress(transaction.ip ?? ""), parseIpNetwork(infrastructure.prefix ?? "")];
    assert.ok(address !== null && network !== null && isInNetwork(address, network.address, network.bits));
    assert.equal(infrastructure.confirmed, transaction.ptr !== null);
    assert.equal(from.result, "valid");
    if (dmarc.result === "pass" || dmarc.result === "bestguesspass") assert.equal(infrastructure.fromMxHosts, null);
  }
});

test("every kind of mail that the ranges name is there, and the shares are those of the mix", () => {
  const mail = inboundOf(20_000);
  const share = (fits: (message: Inbound) => boolean): number => mail.filter(fits).length / mail.length;
  const spoofs = share(({ truth }) => truth.word === "spoof");
  assert.ok(Math.abs(spoofs - defaultMix["spoof-rate"]) < 0.005, `${spoofs}`);
  for (const attack of ["fresh", "own-domain", "provider", "patient", "volume"])
    assert.ok(share(({ truth }) => truth.attack === attack) > 0, attack);
  for (const route of ["direct", "stray", "forwarder", "list", "bounce"]) assert.ok(share(({ truth }) => truth.route === route) > 0, route);
  const authenticated = share(
    ({ evidence: { dmarc }, truth }) => truth.word === "legitimate" && (dmarc.result === "pass" || dmarc.result === "bestguesspass"),
  );
  assert.ok(authenticated > 0.9, "most legitimate mail authenticates");
});

test("ranges: defaults and draws lie within, and a value outside is refused", () => {
  const drawn = drawnMix(seed);
  for (const name of mixNames) {
    const { low, high, default: value } = ranges[name];
    assert.ok(low <= value && value <= high && low <= drawn[name] && drawn[name] <= high, name);
  }
  assert.equal(typeof changedMix(defaultMix, "spoof-rate=0.03,lists=0.02"), "object");
  assert.match(String(changedMix(defaultMix, "spoof-rate=0.5")), /must be from 0\.005 to 0\.05/);
  assert.match(String(changedMix(defaultMix, "spoofs=1")), /no share is called/);
  assert.equal(evaluationSeeds.length, 3);
  assert.ok(!evaluationSeeds.includes(seed));
});

test("a small simulation: the same seed, the same counts; spoofs fail; week one acts on nobody without records", () => {
  const plan = { seed, mix: defaultMix, messages: 6000 };
  const tally = runTrial(plan);
  assert.deepEqual(runTrial(plan), tally);
  const spoofs = outcomeOf(tally, "assay", "spoofs, unprotected");
  assert.ok(spoofs.messages > 60 && spoofs.failed / spoofs.messages >= 0.95, `${spoofs.failed} of ${spoofs.messages} fail`);
  const weekOne = outcomeOf(tally, "assay", "week one, without records");
  assert.ok(weekOne.messages > 100);
  assert.equal(weekOne.acted, 0);
  const legitimate = outcomeOf(tally, "assay", "legitimate");
  assert.equal(legitimate.messages, 6000);
  assert.ok(legitimate.acted <= 6, `${legitimate.acted} of 6000 legitimate messages are acted on`);
  const enforced = outcomeOf(tally, "assay", "spoofs, enforced");
  assert.ok(enforced.failed >= 0.9 * enforced.messages);
  const twice = sum([tally, tally]);
  assert.equal(outcomeOf(twice, "assay", "legitimate").messages, 12_000);
  assert.match(plot({ title: "default", tally }), /^<svg [\s\S]*<\/svg>\n$/);
});

test("confidence: Clopper-Pearson intervals agree with published values", () => {
  const rounded = (count: number, total: number): readonly number[] => {
    const { low, high } = interval(count, total);
    return [Number(low.toFixed(4)), Number(high.toFixed(4))];
  };
  assert.deepEqual(rounded(0, 10), [0, 0.3085]); // 1 - 0.025 ** (1 / 10)
  assert.deepEqual(rounded(10, 10), [0.6915, 1]);
  assert.deepEqual(rounded(5, 10), [0.1871, 0.8129]);
  assert.deepEqual(rounded(1, 100), [0.0003, 0.0545]);
  assert.ok(Math.abs(interval(0, 1_000_000).high - 3.69e-6) < 1e-8);
});

test("npm run simulate: JSON with its bounds; a wrong share is a usage error", () => {
  const run = spawnSync(process.execPath, ["lab/simulate.ts", "--seed", "7", "--mix", "default", "--messages", "600", "--json"], {
    encoding: "utf8",
  });
  assert.ok(run.status === 0 || run.status === 1, run.stderr);
  const [part] = JSON.parse(run.stdout);
  assert.equal(part.outcomes["assay/legitimate"].messages, 600);
  assert.equal(part.bounds.length, 9);
  const wrong = spawnSync(process.execPath, ["lab/simulate.ts", "--mix", "lists=0.9"], { encoding: "utf8" });
  assert.equal(wrong.status, 2);
  assert.match(wrong.stderr, /lists must be from 0\.005 to 0\.02/);
});
