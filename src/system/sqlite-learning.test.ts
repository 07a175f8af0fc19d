import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { after, test } from "node:test";
import { limits } from "../base/limits.ts";
import { dayOf } from "../memory/decay.ts";
import { type Learnable, LearningFault } from "../memory/learning.ts";
import type { HistoryQuestion } from "../verdict/history.ts";
import { openSqliteLearning } from "./sqlite-learning.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-learning-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const today = dayOf(Date.now());
const token = { kind: "dkim", value: "adatum.example" } as const;

function lesson(id: string): Learnable {
  return {
    ...{ id, day: today },
    lesson: {
      ...{ tenant: "", day: today, organization: "adatum.example", kind: "authenticated", signed: true, failed: false, answered: false },
      ...{ tokens: [token], carriers: [], carrier: null, recipients: ["ben@fabrikam.com"] },
    },
  };
}

function sent(id: string, messageId: string): Learnable {
  return { id, day: today, sent: { tenant: "", day: today, sender: "ben@fabrikam.com", messageId, recipients: ["ada@adatum.example"] } };
}

const question: HistoryQuestion = {
  ...{ tenant: "", day: today, organization: "adatum.example", carrier: null, tokens: [token], recipients: ["ben@fabrikam.com"] },
  ...{ returned: null, references: ["1@fabrikam.com"] },
};

test("what was learnt is there, as a live message would have left it", async () => {
  const path = join(folder, "there.db");
  const store = openSqliteLearning({ path });
  await store.learn(lesson("in 1"));
  await store.learn(sent("out 1", "1@fabrikam.com"));
  await store.flush();
  const history = await store.history(question);
  assert.deepEqual(
    [history.tokens[0]?.authenticated, history.from.authenticated, history.contact.wroteTo, history.contact.heardFrom, history.answersOurs],
    [1, 1, 1, 1, true],
  );
  await store.close();
});

test("a message is learnt once: within a batch, in the next, and in another run", async () => {
  const path = join(folder, "once.db");
  for (let run = 0; run < 3; run++) {
    const store = openSqliteLearning({ path });
    assert.equal(await store.isLearnt("in 1"), run > 0);
    await store.learn(lesson("in 1"));
    assert.equal(await store.isLearnt("in 1"), true);
    await store.learn(lesson("in 1"));
    await store.flush();
    await store.learn(lesson("in 1"));
    await store.flush();
    assert.equal((await store.history(question)).tokens[0]?.authenticated, 1);
    await store.close();
  }
});

test("limit: a full batch is written by itself, a smaller one waits for the flush", async () => {
  const path = join(folder, "batch.db");
  const store = openSqliteLearning({ path });
  for (let i = 0; i < limits.learnBatch - 1; i++) await store.learn(lesson(`in ${i}`));
  assert.equal((await store.history(question)).messages, 0);
  await store.learn(lesson("in last"));
  assert.equal(Math.round((await store.history(question)).messages), limits.learnBatch);
  await store.close();
});

test("a run that is killed and begun again has learnt each message once", async () => {
  const path = join(folder, "killed.db");
  const script = join(folder, "killed.ts");
  const learning = new URL("./sqlite-learning.ts", import.meta.url).href;
  const count = 3 * limits.learnBatch;
  writeFileSync(
    script,
    `import { openSqliteLearning } from ${JSON.stringify(learning)};
const store = openSqliteLearning({ path: ${JSON.stringify(path)} });
for (let i = 0; i < ${count}; i++) {
  if (i === Number(process.argv[2])) process.kill(process.pid, "SIGKILL");
  await store.learn({ id: "in " + i, day: ${today}, lesson: ${JSON.stringify({ ...(lesson("") as { lesson: object }).lesson })} });
}
await store.flush();
await store.close();`,
  );
  for (const killedAt of [10, limits.learnBatch + 10, limits.learnBatch * 2 + 499, count]) {
    const { signal, status } = spawnSync(process.execPath, [script, String(killedAt)], { encoding: "utf8" });
    assert.deepEqual([signal, status], killedAt < count ? ["SIGKILL", null] : [null, 0]);
    const db = new DatabaseSync(path, { readOnly: true });
    const marks = Number(Object.values(db.prepare("SELECT count(*) FROM learnt").get() ?? {})[0]);
    db.close();
    const store = openSqliteLearning({ path });
    assert.equal(Math.round((await store.history(question)).messages), marks);
    assert.equal(marks, Math.floor(killedAt / limits.learnBatch) * limits.learnBatch);
    await store.close();
  }
});

test("marks of messages long past are forgotten", async () => {
  const path = join(folder, "marks.db");
  const store = openSqliteLearning({ path });
  await store.learn({ ...lesson("in old"), day: today - limits.learntDays - 1 });
  await store.learn({ ...lesson("in new"), day: today - limits.learntDays });
  await store.flush();
  await store.close();
  const again = openSqliteLearning({ path });
  assert.deepEqual([await again.isLearnt("in old"), await again.isLearnt("in new")], [false, true]);
  await again.close();
});

test("what is no store of ours is left alone, with a reason and what to do", () => {
  const path = join(folder, "notes.db");
  writeFileSync(path, "These are notes, and no database. ".repeat(100));
  assert.throws(
    () => openSqliteLearning({ path }),
    (error) => error instanceof LearningFault && error.message.includes("notes.db"),
  );
});
