import assert from "node:assert/strict";
import test from "node:test";
import { inCoreMemory } from "../../memory/in-core.ts";
import type { Inspection } from "../../stamp/inspection.ts";
import type { History, HistoryQuestion, Lesson, Token } from "../../verdict/history.ts";
import { memoryRow } from "./memory-row.ts";

const day = 20_700;
const dkim: Token = { kind: "dkim", value: "contoso.com" };
const prefix: Token = { kind: "prefix", value: "192.0.2.0/24" };

function lessons(count: number, given: Partial<Lesson> = {}): readonly Lesson[] {
  const one: Lesson = {
    ...{ tenant: "", day, organization: "contoso.com", kind: "authenticated", signed: true, failed: false, answered: false },
    ...{ tokens: [dkim], carriers: [], carrier: null, recipients: [] },
  };
  return Array.from({ length: count }, (_, i) => ({ ...one, day: day - (i % 3), ...given }));
}

function historyAfter(taught: readonly Lesson[], asked: Partial<HistoryQuestion> = {}): History {
  const memory = inCoreMemory();
  for (const lesson of taught) memory.record(lesson);
  memory.recordSent({ tenant: "", day, sender: "ada@fabrikam.com", messageId: null, recipients: ["ben@adatum.example"] });
  const question = {
    tenant: "",
    day,
    organization: "contoso.com",
    carrier: null,
    tokens: [dkim, prefix],
    recipients: ["ada@fabrikam.com"],
  };
  return memory.recall({ ...question, returned: null, references: [], ...asked });
}

const cases: [what: string, history: Inspection["history"], result: string, detail: string][] = [
  ["no store", null, "–", "no store configured"],
  ["a store that could not be read", { status: "unavailable" }, "none", "the store could not be read, and the verdict does without it"],
  ["no author", historyAfter([], { organization: null }), "none", "no author to look up"],
  ["never seen", historyAfter([]), "new", "nothing has been learnt yet"],
  ["seen and failed", historyAfter(lessons(5, { kind: "seen" })), "new", "nothing has been learnt yet"],
  ["once", historyAfter(lessons(1)), "known", "about 1 authenticated message, on 1 day; about 1 by contoso.com"],
  ["often", historyAfter(lessons(30)), "known", "about 29 authenticated messages, on 3 days; about 29 by contoso.com"],
  ["another way", historyAfter(lessons(30), { tokens: [prefix] }), "known", "about 29 authenticated messages, on 3 days; none by this way"],
  [
    "never authenticated",
    historyAfter(lessons(2, { kind: "unauthenticated", day })),
    "known",
    "about 2 messages, none authenticated; about 2 by contoso.com",
  ],
  [
    "a contact",
    historyAfter([], { organization: "adatum.example" }),
    "new",
    "nothing has been learnt yet; the recipient has written there",
  ],
  [
    "heard from",
    historyAfter(lessons(1, { recipients: ["ada@fabrikam.com"] })),
    "known",
    "about 1 authenticated message, on 1 day; about 1 by contoso.com; the recipient has heard from there",
  ],
];

for (const [what, history, result, detail] of cases) {
  test(`memory row: ${what}`, () => {
    const row = memoryRow({ history } as Inspection);
    assert.deepEqual([row.label, row.result, row.detail], ["memory", result, detail]);
  });
}
