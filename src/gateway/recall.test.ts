import assert from "node:assert/strict";
import test from "node:test";
import { inCoreMemory } from "../memory/in-core.ts";
import type { Memory } from "../memory/memory.ts";
import { zoneResolver } from "../system/zone-resolver.ts";
import type { HistoryQuestion, Lesson } from "../verdict/history.ts";
import { type InspectDeps, type InspectInput, inspect } from "./inspect.ts";

const resolver = zoneResolver({
  "adatum.example": [{ TXT: "v=spf1 ip4:192.0.2.7 -all" }],
  "mail.adatum.example": [{ A: "192.0.2.7" }],
  "7.2.0.192.in-addr.arpa": [{ PTR: "mail.adatum.example" }],
  "broken.example": ["TIMEOUT"],
  "_dmarc.broken.example": ["TIMEOUT"],
});
const now = Date.UTC(2026, 5, 1, 12);
const day = now / 86_400_000 - 0.5;
const deps: InspectDeps = { resolver, clock: () => now, random: () => 0.5, authservId: "mx.fabrikam.com" };

function message(given: Partial<InspectInput> = {}, fields: readonly string[] = []): InspectInput {
  const header = ["From: Ada <ada@adatum.example>", "To: ben@fabrikam.com", "Message-ID: <1@adatum.example>", ...fields];
  return {
    ...{ ip: "192.0.2.7", helo: "mail.adatum.example", mailFrom: "ada@adatum.example", rcptTo: ["ben@fabrikam.com", "eve@fabrikam.com"] },
    message: Buffer.from(`${header.join("\r\n")}\r\n\r\nhello\r\n`),
    ...given,
  };
}

/** A store that notes what it is asked and told. */
function noting(memory: Memory = inCoreMemory()): { memory: Memory; questions: HistoryQuestion[]; lessons: Lesson[] } {
  const questions: HistoryQuestion[] = [];
  const lessons: Lesson[] = [];
  const noted: Memory = {
    ...memory,
    history: (question) => {
      questions.push(question);
      return memory.history(question);
    },
    record: (lesson) => {
      lessons.push(lesson);
      memory.record(lesson);
    },
  };
  return { memory: noted, questions, lessons };
}

test("memory: read once before the decision and written once after it; the next message sees what the first taught", async () => {
  const { memory, questions, lessons } = noting();
  const first = await inspect(message(), { ...deps, memory });
  assert.equal(questions.length, 1);
  assert.deepEqual(
    lessons.map(({ kind, organization, tenant, day }) => ({ kind, organization, tenant, day })),
    [{ kind: "authenticated", organization: "adatum.example", tenant: "", day }],
  );
  assert.ok(first.history?.status === "known" && first.history.from.authenticated === 0);
  const second = await inspect(message(), { ...deps, memory });
  assert.ok(second.history?.status === "known");
  assert.equal(second.history.from.authenticated, 1);
  assert.equal(second.history.contact.heardFrom, 1);
});

test("memory: the question names the author's organization, the infrastructure, all recipients, and the Message-IDs it answers", async () => {
  const { memory, questions } = noting();
  await inspect(message({}, ["References: <0@fabrikam.com>", "In-Reply-To: <9@fabrikam.com>"]), { ...deps, memory, tenant: "blue" });
  const [question] = questions;
  assert.deepEqual(question?.recipients, ["ben@fabrikam.com", "eve@fabrikam.com"]);
  assert.deepEqual([question?.tenant, question?.day, question?.organization, question?.returned], ["blue", day, "adatum.example", null]);
  assert.deepEqual([...(question?.references ?? [])].sort(), ["0@fabrikam.com", "9@fabrikam.com"]);
  const kinds = new Set(question?.tokens.map(({ kind }) => kind));
  for (const kind of ["spf", "prefix", "ptr", "helo"] as const) assert.ok(kinds.has(kind), kind);
});

test("memory: tenants are apart", async () => {
  const { memory } = noting();
  await inspect(message(), { ...deps, memory, tenant: "blue" });
  const { history } = await inspect(message(), { ...deps, memory, tenant: "green" });
  assert.ok(history?.status === "known" && history.from.authenticated === 0);
});

test("memory: a store that cannot answer is a fact, and the verdict is that without a store", async () => {
  const unavailable = noting({ ...inCoreMemory(), history: () => Promise.resolve({ status: "unavailable" }) });
  for (const given of [message(), message({ ip: "198.51.100.9", helo: "x.evil.example", mailFrom: "a@evil.example" })]) {
    const inspection = await inspect(given, { ...deps, memory: unavailable.memory });
    const without = await inspect(given, deps);
    assert.deepEqual(inspection.history, { status: "unavailable" });
    assert.equal(without.history, null);
    assert.deepEqual([inspection.verdict.compauth, inspection.verdict.reason], [without.verdict.compauth, without.verdict.reason]);
    assert.equal(inspection.action.kind, without.action.kind);
  }
});

test("memory: nothing is learnt where a temporary error left the evidence open, or From names no author", async () => {
  const { memory, lessons, questions } = noting();
  await inspect(message({ mailFrom: "ada@broken.example", message: Buffer.from("From: a@broken.example\r\n\r\nx\r\n") }), {
    ...deps,
    memory,
  });
  await inspect(message({ message: Buffer.from("Subject: no author\r\n\r\nx\r\n") }), { ...deps, memory });
  assert.deepEqual(lessons, []);
  assert.deepEqual(
    questions.map(({ organization }) => organization),
    ["broken.example", null],
  );
});
