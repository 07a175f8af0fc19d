/** What each rule of the house catches, and what it leaves alone, on small sources made for it. */
import assert from "node:assert/strict";
import test from "node:test";
import { importCircles, loadedBy } from "./circles.ts";
import { floorFaults } from "./floors.ts";
import { headerFaults, lengthFaults, nameFaults, parameterFaults, skipFaults } from "./form.ts";
import { functionsOf } from "./functions.ts";
import { masked } from "./masked.ts";
import { purityFaults } from "./purity.ts";
import { sourceOf } from "./sources.ts";

function importing(path: string, specifier: string, keyword = "import") {
  return sourceOf(path, `${keyword} { a } from "${specifier}";\n`);
}

const floorCases: [path: string, specifier: string, faults: number, keyword?: string][] = [
  ["src/mail/header.ts", "../base/limits.ts", 0],
  ["src/mail/header.ts", "./defect.ts", 0],
  ["src/mail/header.ts", "../dns/answer.ts", 1],
  ["src/mail/header.ts", "../dns/answer.ts", 1, "import type"],
  ["src/mail/header.ts", "../dns/answer.ts", 1, "export"],
  ["src/mail/header.test.ts", "../system/zone-resolver.ts", 0],
  ["src/mail/header.ts", "./header.test.ts", 1],
  ["src/mail/header.ts", "../../test/corpora.ts", 1],
  ["src/mail/header.ts", "../../bench/mail.ts", 1],
  ["src/doors/cli/program.ts", "../../system/resolver.ts", 1],
  ["src/system/resolver.ts", "../doors/cli/ports.ts", 1],
  ["src/doors/cli/program.ts", "../milter/listen.ts", 1],
  ["src/doors/cli/program.ts", "./render.ts", 0],
  ["src/gateway/inspect.ts", "../owner/posture.ts", 1],
  ["src/gateway/inspect.ts", "../verdict/decide.ts", 0],
  ["src/main.ts", "./doors/cli/program.ts", 0],
  ["src/main.ts", "./index.ts", 1],
  ["src/index.ts", "./system/resolver.ts", 0],
  ["src/index.ts", "./doors/cli/program.ts", 1],
  ["src/index.ts", "./config/schema.ts", 1],
  ["bench/inspect.ts", "../src/index.ts", 0],
  ["bench/hostile.ts", "../test/hostile/inputs.ts", 0],
  ["src/helpdesk/desk.ts", "../mail/header.ts", 1],
  ["src/evidence/dkim/verify.ts", "../signature/verify.ts", 0],
  ["src/evidence/arc/verify.ts", "../signature/verify.ts", 0],
  ["src/evidence/spf/check-host.ts", "../signature/verify.ts", 1],
  ["src/evidence/signature/verify.ts", "../dkim/record.ts", 1],
  ["src/evidence/dkim/verify.ts", "../arc/verify.ts", 1],
  ["src/evidence/arc/verify.ts", "../dkim/result.ts", 1, "import type"],
  ["src/evidence/dmarc/evaluate.ts", "../spf/result.ts", 0, "import type"],
  ["src/evidence/dmarc/evaluate.ts", "../dkim/result.ts", 1],
  ["src/evidence/dmarc/evaluate.ts", "../dkim/verify.ts", 1, "import type"],
  ["src/evidence/dmarc/evaluate.ts", "../arc/result.ts", 1, "import type"],
  ["src/evidence/infrastructure/implicit.ts", "../dmarc/result.ts", 0, "import type"],
  ["src/evidence/infrastructure/implicit.ts", "../spf/check-host.ts", 0],
  ["src/evidence/infrastructure/implicit.ts", "../dmarc/evaluate.ts", 1, "import type"],
  ["src/evidence/dmarc/evaluate.ts", "../infrastructure/result.ts", 1, "import type"],
  ["src/evidence/spf/check-host.ts", "../evidence.ts", 1, "import type"],
  ["src/evidence/evidence.ts", "./arc/result.ts", 0, "import type"],
  ["src/evidence/evidence.ts", "./arc/verify.ts", 1, "import type"],
  ["src/evidence/gather.ts", "./arc/verify.ts", 0],
];

for (const [path, specifier, faults, keyword] of floorCases) {
  test(`floors: ${path} ${faults === 0 ? "may" : "may not"} ${keyword ?? "import"} ${specifier}`, () => {
    assert.equal(floorFaults(importing(path, specifier, keyword)).length, faults);
  });
}

test("imports: every form is seen, none inside comments and strings", () => {
  const text = [
    'import a, { type B, c as d } from "./one.ts";',
    'import * as all from "./two.ts";',
    'export * from "./three.ts";',
    'import "./four.ts";',
    'const five = await import("./five.ts");',
    'type Six = import("./six.ts").Six;',
    'export {\n  seven,\n} from "./seven.ts";',
    '// import { x } from "./comment.ts";',
    "const text = 'import { x } from \"./string.ts\"';",
  ].join("\n");
  const targets = sourceOf("src/mail/a.ts", text).imports.map(({ target }) => target.replace("src/mail/", ""));
  assert.deepEqual(targets.sort(), ["five.ts", "four.ts", "one.ts", "seven.ts", "six.ts", "three.ts", "two.ts"]);
});

test("circles: found through types, and once", () => {
  const sources = [
    importing("src/mail/a.ts", "./b.ts"),
    importing("src/mail/b.ts", "./c.ts", "import type"),
    importing("src/mail/c.ts", "./a.ts"),
    importing("src/mail/d.ts", "./a.ts"),
  ];
  assert.deepEqual(importCircles(sources), ["src/mail/a.ts → src/mail/b.ts → src/mail/c.ts → src/mail/a.ts"]);
  assert.deepEqual([...loadedBy("src/mail/d.ts", sources)], ["src/mail/d.ts", "src/mail/a.ts", "src/mail/b.ts"]);
});

const purity: [code: string, verdict: "pure" | "impure"][] = [
  ["const t = Date.now();", "impure"],
  ["const t = new Date();", "impure"],
  ["const t = new Date;", "impure"],
  ["const t = new Date(seconds * 1000);", "pure"],
  ["const t: Date = parse(text);", "pure"],
  ["const t = Date();", "impure"],
  ["const r = Math.random();", "impure"],
  ["const p = performance.now();", "impure"],
  ["setTimeout(done, 10);", "impure"],
  ["setImmediate(done);", "pure"],
  ["AbortSignal.timeout(10);", "impure"],
  ["process.env.X;", "impure"],
  ["console.log(1);", "impure"],
  ["await fetch(url);", "impure"],
  ["globalThis.crypto.randomUUID();", "impure"],
  ['import { connect } from "node:net";', "impure"],
  ['import { isIP } from "node:net";', "pure"],
  ['import { readFileSync } from "node:fs";', "impure"],
  ['import { setTimeout as sleep } from "node:timers/promises";', "impure"],
  ['import { isUtf8 } from "node:buffer";', "pure"],
  ['import { createHash } from "node:crypto";', "impure"],
  ['// Date.now() in a comment\nconst s = "Math.random()";', "pure"],
];

for (const [code, verdict] of purity) {
  test(`purity: mail/ ${verdict === "pure" ? "may" : "may not"}: ${code.replaceAll("\n", " ")}`, () => {
    assert.equal(purityFaults(sourceOf("src/mail/a.ts", code)).length === 0, verdict === "pure");
  });
}

test("purity: evidence/ hashes and verifies, and draws no random numbers; system/ and tests may do all", () => {
  assert.equal(purityFaults(sourceOf("src/evidence/dkim/a.ts", 'import { verify } from "node:crypto";')).length, 0);
  assert.equal(purityFaults(sourceOf("src/evidence/dkim/a.ts", 'import { randomBytes } from "node:crypto";')).length, 1);
  assert.equal(purityFaults(sourceOf("src/evidence/dkim/a.ts", 'import crypto from "node:crypto";')).length, 1);
  assert.equal(purityFaults(sourceOf("src/system/clock.ts", "Date.now();")).length, 0);
  assert.equal(purityFaults(sourceOf("src/mail/a.test.ts", "Date.now();")).length, 0);
});

test("masked: templates, nested templates, regular expressions and escapes keep their lines and hide their text", () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the text of a template.
  const text = 'a(`x${b({ c: `y${d}` })}z`); // }\nconst e = /["`{]/g.test("\\"{");\nconst f = 4 / 2; /* { */ g({});';
  const code = masked(text);
  assert.equal(code.length, text.length);
  assert.equal(code.split("\n").length, 3);
  assert.deepEqual(code.match(/[{}]/g), ["{", "}", "{", "}"]);
  assert.match(code, /b\(\{ c: `.*d.*` \}\)/);
});

test("functions: bodies are told from types, calls and signatures", () => {
  const text = [
    "export function one(a: string, { b, c }: { b: number; c: boolean }): { at: number; next: number } {",
    "  return two((x) => {",
    "    return x;",
    "  });",
    "}",
    "declare function gone(a: string): void;",
    "class A {",
    "  async method<T>(t: T, cb: (a: number, b: number) => void): Promise<{ x: T }> {",
    "    if (t) {",
    "      call(t);",
    "    }",
    "  }",
    "}",
    "function is(value: unknown): value is { a: string } {",
    "  return true;",
    "}",
  ].join("\n");
  const shapes = functionsOf(sourceOf("src/mail/a.ts", text)).map(({ name, line, lines, parameters }) => [
    name,
    line,
    lines,
    parameters.length,
  ]);
  assert.deepEqual(shapes, [
    ["one", 1, 5, 2],
    ["method", 8, 5, 2],
    ["is", 14, 3, 1],
    ["", 2, 3, 1],
  ]);
});

test("form: names, header, lengths", () => {
  assert.equal(nameFaults(sourceOf("src/mail/tag-list.ts", "")).length, 0);
  assert.equal(nameFaults(sourceOf("src/mail/tagList.ts", "")).length, 1);
  assert.equal(nameFaults(sourceOf("src/mail/mail-utils.ts", "")).length, 1);
  assert.equal(headerFaults(sourceOf("src/mail/a.ts", "/** What it is. */\n")).length, 0);
  assert.equal(headerFaults(sourceOf("src/mail/a.ts", 'import "./b.ts";\n/** Late. */\n')).length, 1);
  const body = (lines: number): string => `function f() {\n${"  g();\n".repeat(lines - 2)}}\n`;
  assert.equal(lengthFaults(sourceOf("src/mail/a.ts", body(70))).length, 0);
  assert.equal(lengthFaults(sourceOf("src/mail/a.ts", body(71))).length, 1);
  assert.equal(lengthFaults(sourceOf("src/mail/a.ts", "g();\n".repeat(400))).length, 0);
  assert.equal(lengthFaults(sourceOf("src/mail/a.ts", "g();\n".repeat(401))).length, 1);
});

const parameterCases: [code: string, faults: number][] = [
  ["export function f(a: string, b: number, c: X) {}", 0],
  ["export function f(a: string, b: number, c: X, d: Y) {}", 1],
  ["function f(a: string, b: number, c: X, d: Y) {}", 0],
  ["function f(a: string, b: number, c: X, d: Y, e: Z) {}", 1],
  ["function f(a: string, b: boolean) {}", 1],
  ["function f(a: string, b = false) {}", 1],
  ["function f(a: string, { b }: { b: boolean }) {}", 0],
  ["function f(a: boolean | null) {}", 0],
  ["function f(test: (x: string) => boolean) {}", 0],
  ["function f(a: boolean, what: string): asserts a {}", 0],
];

for (const [code, faults] of parameterCases) {
  test(`form: parameters of ${code} ${faults === 0 ? "pass" : "are too many or a flag"}`, () => {
    assert.equal(parameterFaults(sourceOf("src/mail/a.ts", code)).length, faults);
  });
}

test("tests: a skip gives its reason", () => {
  const faults = (code: string): number => skipFaults(sourceOf("src/mail/a.test.ts", code)).length;
  assert.equal(faults('test("x", { skip: path === null && missing("a") }, () => {});'), 0);
  assert.equal(faults('t.skip("no corpus");'), 0);
  assert.equal(faults("t.skip();"), 1);
  assert.equal(faults('test.skip("x", () => {});'), 1); // a text, which the rule has to find: nothing is skipped
  assert.equal(faults('test("x", { skip: true }, () => {});'), 1); // a text as well
  assert.equal(faults('test.only("x", () => {});'), 1);
});
