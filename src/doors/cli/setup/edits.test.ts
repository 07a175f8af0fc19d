/** Marked blocks and whole files: written once, taken out without a trace, left alone where somebody changed them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fakeMachine } from "../../../../test/setup-machine.ts";
import { applyEdits, type Edit, ownFile, undoEdits } from "./edits.ts";

const block: Edit = { kind: "block", path: "/a", comment: "#", lines: ["x", "y"], at: { side: "before", patterns: [/^nowhere/, /^two/] } };
const file: Edit = { kind: "file", path: "/b", comment: "#", text: "z\n" };

test("a block stands where it is to, once, and goes without a trace", () => {
  const m = fakeMachine({ "/a": "one\ntwo\nthree\n" });
  assert.deepEqual(applyEdits([block, file], m), ["/a", "/b"]);
  assert.match(m.files.get("/a") ?? "", /^one\n# BEGIN assay setup [0-9a-f]{12}\nx\ny\n# END assay setup\ntwo\nthree\n$/);
  assert.equal(ownFile(m.files.get("/b") ?? "", file), "z\n");
  assert.deepEqual(applyEdits([block, file], m), []);
  assert.deepEqual(undoEdits([block, file], m), ["/a", "/b"]);
  assert.deepEqual([...m.files], [["/a", "one\ntwo\nthree\n"]]);
  assert.deepEqual(undoEdits([block, file], m), []);
});

test("other lines, below, at the end, and a file without a last line end", () => {
  for (const text of ["one\ntwo\n", "one\ntwo", "two\n", "", "two"]) {
    for (const at of [null, { side: "below", patterns: [/^two/] } as const, { side: "before", patterns: [/^two/] } as const]) {
      const m = fakeMachine({ "/a": text });
      if (at !== null && !text.includes("two")) continue;
      applyEdits([{ ...block, at }], m);
      applyEdits([{ ...block, at, lines: ["other"] }], m);
      assert.match(m.files.get("/a") ?? "", /other/);
      assert.doesNotMatch(m.files.get("/a") ?? "", /\nx\n/);
      undoEdits([block], m);
      assert.equal(m.files.get("/a"), text);
    }
  }
});

test("changes of others around the block stay; one within it, or to a file of ours, stops everything", () => {
  const m = fakeMachine({ "/a": "one\ntwo\n" });
  applyEdits([block, file], m);
  m.files.set("/a", `zero\n${m.files.get("/a") ?? ""}four\n`);
  m.files.set("/b", `${m.files.get("/b") ?? ""}more\n`);
  const before = [...m.files];
  assert.throws(() => undoEdits([block, file], m), /somebody else has changed.*\n {2}\/b\n/);
  assert.deepEqual([...m.files], before);
  assert.throws(() => applyEdits([block, file], m), /\/b/);
  assert.deepEqual(undoEdits([block], m), ["/a"]);
  assert.equal(m.files.get("/a"), "zero\none\ntwo\nfour\n");
  applyEdits([block], m);
  m.files.set("/a", (m.files.get("/a") ?? "").replace("\nx\n", "\nX\n"));
  assert.throws(() => undoEdits([block], m), /\/a, between/);
});

test("no file, or no line to stand by: told, and nothing is written", () => {
  assert.throws(() => applyEdits([block], fakeMachine({})), /there is no \/a/);
  const m = fakeMachine({ "/a": "one\n" });
  assert.throws(() => applyEdits([file, block], m), /\/a has no line/);
  assert.equal(m.files.has("/b"), false);
});
