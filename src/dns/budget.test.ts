import assert from "node:assert/strict";
import { test } from "node:test";
import { limits } from "../base/limits.ts";
import type { Answer } from "./answer.ts";
import { laneQuotas, messageDns, type Question } from "./budget.ts";
import type { Resolver } from "./resolver.ts";

function counting(answer: Answer = { status: "nxdomain" }): { resolver: Resolver; asked: string[] } {
  const asked: string[] = [];
  const resolver: Resolver = {
    query: (name, type) => {
      asked.push(`${name} ${type}`);
      return Promise.resolve(answer);
    },
  };
  return { resolver, asked };
}

test("the lanes of a message add up to its DNS limit", () => {
  const sum = Object.values(laneQuotas).reduce((total, quota) => total + quota, 0);
  assert.equal(sum, limits.messageDnsQueriesMax);
});

test("an identical question is asked once a message, whatever its case and lane", async () => {
  const { resolver, asked } = counting();
  const lane = messageDns(resolver, { clock: () => 0 });
  await Promise.all([
    lane("mailfrom").query("Example.COM", "TXT"),
    lane("helo").query("example.com", "TXT"),
    lane("author").query("example.com", "A"),
  ]);
  assert.deepEqual(asked, ["example.com TXT", "example.com A"]);
});

test("attack: a lane that is used up gets time-outs and cannot starve the From domain's walk", async () => {
  const { resolver, asked } = counting();
  const lane = messageDns(resolver, { clock: () => 0 });
  const spf = lane("mailfrom");
  for (let i = 0; i < laneQuotas.mailfrom; i++) assert.equal((await spf.query(`h${i}.evil.example`, "A")).status, "nxdomain");
  assert.equal(spf.left, 0);
  assert.deepEqual(await spf.query("one-more.evil.example", "A"), { status: "timeout", withheld: "budget" });
  assert.equal((await lane("author").query("_dmarc.contoso.com", "TXT")).status, "nxdomain");
  assert.equal(asked.length, laneQuotas.mailfrom + 1);
});

test("a question that another lane asked already is charged all the same: no lane depends on the others' timing", async () => {
  const { resolver } = counting();
  const lane = messageDns(resolver, { clock: () => 0, quotas: { helo: 1 } });
  await lane("mailfrom").query("a.example", "TXT");
  const helo = lane("helo");
  await helo.query("a.example", "TXT");
  assert.deepEqual(await helo.query("b.example", "TXT"), { status: "timeout", withheld: "budget" });
});

test("past the message's deadline nothing is asked any more", async () => {
  const { resolver, asked } = counting();
  let now = 1000;
  const lane = messageDns(resolver, { clock: () => now });
  now += limits.messageDnsMs + 1;
  assert.deepEqual(await lane("dkim").query("s._domainkey.example.com", "TXT"), { status: "timeout", withheld: "deadline" });
  assert.deepEqual(asked, []);
});

test("the trace sees every question, its answer, its time and what is left", async () => {
  const { resolver } = counting({ status: "nodata" });
  const seen: Question[] = [];
  let now = 5;
  const lane = messageDns(resolver, { clock: () => now++, onQuestion: (question) => seen.push(question), quotas: { iprev: 1 } });
  const iprev = lane("iprev");
  await iprev.query("7.100.51.198.in-addr.arpa", "PTR");
  await iprev.query("7.100.51.198.in-addr.arpa", "PTR");
  await iprev.query("host.example", "A");
  assert.deepEqual(
    seen.map((question) => [question.name, question.answer.status, question.left, question.repeated]),
    [
      ["7.100.51.198.in-addr.arpa", "nodata", 0, false],
      ["7.100.51.198.in-addr.arpa", "nodata", 0, true],
      ["host.example", "timeout", 0, false],
    ],
  );
});
