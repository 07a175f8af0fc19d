import assert from "node:assert/strict";
import test from "node:test";
import { effectiveKeys, printEffective } from "./effective.ts";
import { allKeys } from "./known-keys.ts";
import { loadConfig } from "./load.ts";
import { sampleText } from "./sample.ts";

function loaded(toml: string): unknown {
  const found = loadConfig(Buffer.from(toml));
  assert.ok(found.ok, JSON.stringify(found));
  return found.config;
}

function printed(toml: string): string {
  const effective = effectiveKeys(Buffer.from(toml));
  assert.ok(effective.ok, JSON.stringify(effective));
  return printEffective(effective.keys);
}

/** Every line that is a setting, and not help. */
const filled = sampleText().replaceAll(/^#(?=[^ ])/gm, "");

test("sample: as it stands it is the defaults; with every # taken away it holds every key", () => {
  assert.deepEqual(loaded(sampleText()), loaded(""));
  const found = loadConfig(Buffer.from(filled));
  assert.ok(found.ok, JSON.stringify(found));
  const names = allKeys
    .filter(({ kind, path }) => kind === "value" && !/^listen\.(?:submission_)?smtp\.|sealers\[\]/.test(path))
    .map(({ path }) => path.split(".").at(-1));
  const written = [...filled.matchAll(/^([a-z0-9_]+) = /gm)].map(([, name]) => name);
  assert.deepEqual(written.toSorted(), names.toSorted());
});

test("sample: no line is long", () => {
  for (const line of sampleText().split("\n")) assert.ok(line.length <= 120, line);
});

test("print: what is printed reads as the same configuration, for the defaults, a small file and every key", () => {
  for (const toml of ["", "[[domains]]\nname = 'a.example'\n[[domains]]\nname = 'b.example'\nipv6 = true\n", filled])
    assert.deepEqual(loaded(printed(toml)), loaded(toml));
});

test("print: where each value comes from", () => {
  const lines = printed('[policy]\nmode = "enforce"\n[[domains]]\nname = "Contoso.com"\n').split("\n");
  const line = (start: string): string | undefined => lines.find((one) => one.startsWith(start));
  assert.match(line("mode =") ?? "", /^mode = "enforce" +# line 2$/);
  assert.match(line("preset =") ?? "", /^preset = "standard" +# default$/);
  assert.match(line("name =") ?? "", /^name = "Contoso\.com" +# line 4$/);
  assert.match(line("ipv6 =") ?? "", /^ipv6 = false +# default$/);
  assert.equal(line("# url:"), "# url: not set");
  assert.equal(line("# spoof:"), "# spoof: as policy.mode");
});

test("print: a password of the store is not printed", () => {
  for (const url of ["postgres://assay:secret@db/assay", "postgres://db/assay?user=a&password=secret"])
    assert.doesNotMatch(printed(`memory.url = "${url}"`), /secret/);
});

test("print: a file with a mistake is told of as by check", () => {
  const effective = effectiveKeys(Buffer.from("[policy]\nmod = 1\n"));
  assert.ok(!effective.ok);
  assert.equal(effective.errors[0]?.path, "policy.mod");
});
