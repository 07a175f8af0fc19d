/**
 * The package as a user gets it: packed, installed into an empty folder without scripts and without what only we need, imported,
 * compiled against, started. It builds dist/ and asks the package registry for the dependencies.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import test, { after, before } from "node:test";
import { fileURLToPath } from "node:url";

const projectRoot = fileURLToPath(new URL("../..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "assay-package-"));
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`, NODE_OPTIONS: "" };

function run(command: string, args: readonly string[], cwd = folder) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: "utf8" });
  if (error) throw error;
  return { status, stdout, stderr };
}

function succeed(command: string, args: readonly string[], cwd = folder): string {
  const { status, stdout, stderr } = run(command, args, cwd);
  assert.equal(status, 0, `${command} ${args.join(" ")}\n${stdout}\n${stderr}`);
  return stdout;
}

let packed: readonly string[] = [];

before(() => {
  succeed("npm", ["pack", "--loglevel=error", "--pack-destination", folder], projectRoot);
  const tarball = readdirSync(folder).find((name) => name.endsWith(".tgz"));
  assert.ok(tarball !== undefined);
  packed = succeed("tar", ["-tzf", tarball])
    .trim()
    .split("\n")
    .map((name) => name.replace(/^package\//, ""));
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }');
  const options = ["--ignore-scripts", "--omit=dev", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"];
  succeed("npm", ["install", ...options, `./${tarball}`]);
});

after(() => rmSync(folder, { recursive: true, force: true }));

test("package: it holds the compiled product with its types, and nothing else", () => {
  for (const name of ["dist/index.js", "dist/index.d.ts", "dist/main.js", "bin/assay.js", "README.md", "LICENSE", "CHANGELOG.md"]) {
    assert.ok(packed.includes(name), name);
  }
  assert.ok(packed.includes("schema/inspection.schema.json"));
  const foreign = packed.filter(
    (name) => !/^(dist\/.*\.(js|d\.ts)|bin\/assay\.js|schema\/.*\.json|deploy\/[a-z]+\/[a-z.]+|[A-Z]+(\.md)?|package\.json)$/.test(name),
  );
  assert.deepEqual(foreign, []);
  assert.deepEqual(
    packed.filter((name) => name.includes(".test.")),
    [],
  );
});

test("package: no install script, nothing that compiles, nothing native", () => {
  const files = readdirSync(join(folder, "node_modules"), { recursive: true, encoding: "utf8" });
  assert.deepEqual(
    files.filter((name) => /\.node$|(^|\/)binding\.gyp$/.test(name)),
    [],
  );
  for (const name of files.filter((file) => /(^|\/)package\.json$/.test(file))) {
    const { scripts = {} } = JSON.parse(readFileSync(join(folder, "node_modules", name), "utf8")) as { scripts?: Record<string, string> };
    const atInstall = ["preinstall", "install", "postinstall"].filter((script) => script in scripts);
    assert.deepEqual(atInstall, [], name);
  }
});

const consumer = `
import { registerHooks } from "node:module";
const loaded = [];
registerHooks({ load(url, context, next) { loaded.push(url); return next(url, context); } });
const { inspect, zoneResolver } = await import("assay");
const resolver = zoneResolver({ "contoso.com": [{ TXT: "v=spf1 ip4:192.0.2.10 -all" }], "_dmarc.contoso.com": [{ TXT: "v=DMARC1; p=reject" }] });
const message = Buffer.from("From: Ann <ann@contoso.com>\\r\\nSubject: Hello\\r\\n\\r\\nHello.\\r\\n");
const envelope = { message, ip: "192.0.2.10", helo: "mail.contoso.com", mailFrom: "ann@contoso.com" };
const { verdict } = await inspect(envelope, { resolver, authservId: "mx.example.net" });
console.log(JSON.stringify({ verdict: [verdict.compauth, verdict.reason], loaded }));
`;

test("package: imported, it decides, and loads no door, no configuration and none of what only they need", () => {
  writeFileSync(join(folder, "consumer.js"), consumer);
  const { verdict, loaded } = JSON.parse(succeed(process.execPath, ["consumer.js"])) as { verdict: string[]; loaded: string[] };
  assert.deepEqual(verdict, ["pass", "100"]);
  assert.ok(loaded.some((url) => url.endsWith("/assay/dist/index.js")));
  assert.deepEqual(
    loaded.filter((url) =>
      /\/assay\/dist\/(main|doors|config|memory)\b|\/node_modules\/(commander|zod|smol-toml|kysely|pg[a-z-]*)\//.test(url),
    ),
    [],
  );
  assert.deepEqual(
    loaded.filter((url) => /^node:(http|https|http2|sqlite|child_process|worker_threads)$/.test(url)),
    [],
  );
});

const typedConsumer = `
import { type Inspection, inspect, type Resolver, zoneResolver } from "assay";
const resolver: Resolver = zoneResolver({});
const inspection: Inspection = await inspect({ message: new Uint8Array(), ip: null, helo: "", mailFrom: "" }, { resolver });
export const word: "pass" | "softpass" | "fail" | "none" = inspection.verdict.compauth;
// @ts-expect-error: the types are real, not any.
export const wrong: number = inspection.verdict.compauth;
`;

test("package: its types compile in a strict project, library checks on", () => {
  writeFileSync(join(folder, "consumer.ts"), typedConsumer);
  const compilerOptions = {
    target: "es2024",
    module: "nodenext",
    strict: true,
    noEmit: true,
    skipLibCheck: false,
    exactOptionalPropertyTypes: true,
  };
  const types = { types: ["node"], typeRoots: [join(projectRoot, "node_modules/@types")] };
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ compilerOptions: { ...compilerOptions, ...types }, files: ["consumer.ts"] }),
  );
  succeed(process.execPath, [join(projectRoot, "node_modules/typescript/bin/tsc"), "-p", "."]);
});

test("package: the command starts and checks a message", () => {
  const { version } = JSON.parse(readFileSync(join(projectRoot, "package.json"), "utf8")) as { version: string };
  const assay = join(folder, "node_modules/.bin/assay");
  assert.equal(succeed(assay, ["--version"]).trim(), `assay ${version}`);
  const examples = join(projectRoot, "examples");
  const message = join(examples, "mail/newsletter-signed-by-its-domain.eml");
  const json = succeed(assay, ["check", "--zone", join(examples, "zone.yaml"), "--json", message]);
  assert.equal((JSON.parse(json) as { verdict: { compauth: string } }).verdict.compauth, "pass");
});
