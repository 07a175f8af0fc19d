/** The house as it stands: every rule over every file. What each rule catches is tested in rules.test.ts. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import test from "node:test";
import { importCircles, loadedBy } from "./circles.ts";
import { floorFaults } from "./floors.ts";
import { headerFaults, lengthFaults, nameFaults, parameterFaults, skipFaults } from "./form.ts";
import { purityFaults } from "./purity.ts";
import { projectRoot, type Source, sourcesIn } from "./sources.ts";

const house = sourcesIn("src", "lab", "bench");
const product = house.filter(({ path }) => path.startsWith("src/"));
const written = [...house, ...sourcesIn("test", "scripts")];

function none(faults: readonly string[]): void {
  assert.equal(faults.length, 0, `\n${faults.join("\n")}\n`);
}

function each(sources: readonly Source[], rule: (source: Source) => readonly string[]): void {
  none(sources.flatMap(rule));
}

test("floors: a room imports only from lower floors or itself", () => each(house, floorFaults));
test("floors: no import circles", () => none(importCircles(house)));
test("floors: only system/, doors/ and main.ts touch the outside", () => each(product, purityFaults));
test("names: kebab-case, and none that says nothing", () => each(written, nameFaults));
test("form: a file starts with what it is", () => each(written, headerFaults));
test("form: files under 400 lines, functions under 70", () => each(house, lengthFaults));
test("form: at most three positional parameters (four inside a file), none of them a boolean", () => each(product, parameterFaults));
test("tests: a skipped test says why", () => each(written, skipFaults));

test("library: index.ts loads no door, no configuration, no server, and none of what only they need", () => {
  const forbidden =
    /^(src\/(main\.ts|doors\/|config\/|memory\/|lab\/)|(zod|commander|smol-toml)(\/|$)|node:(http|https|http2|sqlite|child_process|worker_threads)$)/;
  none([...loadedBy("src/index.ts", house)].filter((name) => forbidden.test(name)));
});

test("toolchain: the version that the launcher reads is the one that is pinned", () => {
  const read = (name: string): string => readFileSync(`${projectRoot}toolchain/${name}`, "utf8");
  const version = read("node-version").trim();
  const { optionalDependencies } = JSON.parse(read("package.json")) as { optionalDependencies: Record<string, string> };
  assert.deepEqual(Object.values(optionalDependencies), [version, version]);
  const lock = JSON.parse(read("package-lock.json")) as { packages: Record<string, { version?: string; integrity?: string }> };
  for (const name of Object.keys(optionalDependencies)) {
    assert.equal(lock.packages[`node_modules/${name}`]?.version, version);
    assert.match(lock.packages[`node_modules/${name}`]?.integrity ?? "", /^sha512-/);
  }
});

test("lock files name no download address", () => {
  for (const name of ["package-lock.json", "toolchain/package-lock.json"]) {
    assert.doesNotMatch(readFileSync(projectRoot + name, "utf8"), /"resolved": "https?:/);
  }
});
