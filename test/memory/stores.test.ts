/** The suite of every store (store-suite.ts), on those that need nothing but this process and its disk. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after } from "node:test";
import { inCoreMemory } from "../../src/memory/in-core.ts";
import { openSqliteMemory } from "../../src/system/sqlite-memory.ts";
import { describeStore } from "./store-suite.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-stores-"));
after(() => rmSync(folder, { recursive: true, force: true }));

describeStore("in memory", () => Promise.resolve(inCoreMemory()));
describeStore("on disk", () => openSqliteMemory(join(folder, "assay.db")));
