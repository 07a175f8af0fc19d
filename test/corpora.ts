/**
 * Where the test material written by others lies: outside the project, at `../shared/corpora` beside it or wherever
 * ASSAY_CORPORA points. Nothing of it is copied into the project. With CI=true a missing corpus is a failure, so that a
 * suite cannot vanish unseen; elsewhere it is a skip that says what was missing.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";

const projectRoot = fileURLToPath(new URL("..", import.meta.url));
const corporaRoot = resolve(projectRoot, process.env["ASSAY_CORPORA"] ?? "../shared/corpora");

/** Absolute path of a file or folder of the corpora; null where it is missing. With CI=true a missing one throws. */
export function corpusPath(relative: string): string | null {
  const path = resolve(corporaRoot, relative);
  if (existsSync(path)) return path;
  assert.notEqual(process.env["CI"], "true", missing(relative));
  return null;
}

/** The same inside a test: where the corpus is missing, the test is marked as skipped with the reason and the caller returns on null. */
export function requireCorpus(t: TestContext, relative: string): string | null {
  const path = corpusPath(relative);
  if (path === null) t.skip(missing(relative));
  return path;
}

/** The reason a suite gives when it is skipped: `test("…", { skip: path === null && missing("spf/x.yml") }, …)`. */
export function missing(relative: string): string {
  return `corpus ${relative} is missing (looked in ${corporaRoot}; set ASSAY_CORPORA)`;
}
