/**
 * ./assay and scripts/bootstrap.mjs, offline: a copy of the launcher in a folder of its own, an older Node.js and an npm played by
 * shell scripts. The real ones are fetched where .ci/run starts on a machine without Node.js 24.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const projectRoot = fileURLToPath(new URL("..", import.meta.url));
const platform = `node-${process.platform}-${process.arch}`;
const unsupported = /^node-linux-(x64|arm64)$/.test(platform) ? false : `no pinned Node.js for ${platform}`;
const lockText = '{ "lockfileVersion": 3, "packages": { "": {}, "node_modules/x": { "version": "1.0.0", "integrity": "sha512-x" } } }\n';

const pretendOld = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.20.2"}})`;
const oldNode = `#!/bin/sh
case $1 in
  -v) echo v20.20.2 ;;
  *) exec '${process.execPath}' --import '${pretendOld}' "$@" ;;
esac
`;
const npm = `#!/bin/sh
echo "$* global=\${npm_config_global-} registry=\${npm_config_registry-} node=$(node -v)" >>"$PLAYED_LOG"
if [ -n "\${PLAYED_SECONDS-}" ]; then sleep "$PLAYED_SECONDS"; fi
if [ -n "\${PLAYED_FAILURE-}" ]; then echo "npm error code EINTEGRITY" >&2; exit 1; fi
mkdir -p node_modules/x
case $PWD in
  */node) cp package-lock.json "$PLAYED_LOG.lock"; mkdir -p node_modules/${platform}/bin && ln -s '${process.execPath}' node_modules/${platform}/bin/node ;;
  *) cp package-lock.json node_modules/.package-lock.json && echo '{}' >node_modules/x/package.json ;;
esac
`;
const main = `
import { readFileSync } from "node:fs";
type Task = string | undefined;
const [task, argument]: Task[] = process.argv.slice(2);
if (task === "cat") process.stdout.write(readFileSync(0));
else if (task === "exit") process.exitCode = Number(argument);
else if (task === "wait") {
  process.on("SIGTERM", () => process.exit(7));
  setInterval(() => undefined, 1000);
  console.log(process.pid);
} else console.log(JSON.stringify({ cwd: process.cwd(), args: process.argv.slice(2), node: process.execPath }));
`;

type Place = { readonly root: string; readonly bin: string; readonly env: Record<string, string>; npmCalls(): readonly string[] };

/** A checkout with the launcher alone, and a PATH on which node is old and npm is ours. */
function checkout(t: TestContext): Place {
  const base = mkdtempSync(join(tmpdir(), "assay launcher-"));
  t.after(() => rmSync(base, { recursive: true, force: true, maxRetries: 5 }));
  const root = join(base, "assay");
  const bin = join(base, "bin");
  for (const folder of [`${root}/scripts`, `${root}/src`, `${root}/toolchain`, bin]) mkdirSync(folder, { recursive: true });
  for (const file of ["assay", "scripts/node.sh", "scripts/bootstrap.mjs"]) cpSync(projectRoot + file, join(root, file));
  const { node } = process.versions;
  writeFileSync(`${root}/toolchain/node-version`, `${node}\n`);
  writeFileSync(
    `${root}/toolchain/package-lock.json`,
    JSON.stringify({ packages: { [`node_modules/${platform}`]: { version: node, integrity: "sha512-n", optional: true } } }),
  );
  writeFileSync(`${root}/package.json`, '{ "type": "module" }');
  writeFileSync(`${root}/package-lock.json`, lockText);
  writeFileSync(`${root}/src/main.ts`, main);
  for (const [name, text] of [["node", oldNode] as const, ["npm", npm] as const]) {
    writeFileSync(join(bin, name), text);
    chmodSync(join(bin, name), 0o755);
  }
  const log = join(base, "npm.log");
  const npmCalls = (): readonly string[] => (existsSync(log) ? readFileSync(log, "utf8").trimEnd().split("\n") : []);
  return { root, bin, env: { PATH: `${bin}:/usr/bin:/bin`, PLAYED_LOG: log }, npmCalls };
}

/** What is in .toolchain, but for what Node.js itself keeps there. */
function leftIn({ root }: Place): readonly string[] {
  return readdirSync(join(root, ".toolchain")).filter((name) => name !== "compile-cache");
}

type Ended = { readonly status: number | null; readonly out: string; readonly err: string };

function start(place: Place, args: readonly string[], options: { env?: object; cwd?: string; command?: string; detached?: boolean } = {}) {
  const env = { ...place.env, ...options.env };
  const child = spawn(options.command ?? join(place.root, "assay"), args, { ...options, env, cwd: options.cwd ?? place.root });
  return { child, ended: ending(child) };
}

async function ending(child: ChildProcess): Promise<Ended> {
  let out = "";
  let err = "";
  child.stdout?.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr?.on("data", (chunk) => {
    err += chunk;
  });
  const [status] = (await once(child, "close")) as [number | null];
  return { status, out, err };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition(); tries += 1) {
    assert.ok(tries < 400, "waited for 20 seconds");
    await sleep(50);
  }
}

test("launcher: the first start fetches Node.js and the dependencies, the second nothing", { skip: unsupported }, async (t) => {
  const place = checkout(t);
  const first = await start(place, ["check", "a b", ""]).ended;
  assert.equal(first.status, 0, first.err);
  assert.deepEqual(JSON.parse(first.out), { cwd: place.root, args: ["check", "a b", ""], node: process.execPath });
  assert.match(first.err, /fetching .*once[\s\S]*in place[\s\S]*dependencies.*once[\s\S]*in place/);
  assert.equal(place.npmCalls().length, 2);
  for (const call of place.npmCalls()) assert.match(call, /^ci --ignore-scripts /);
  assert.deepEqual(leftIn(place), ["node_modules"]);

  const second = await start(place, []).ended;
  assert.equal(second.status, 0);
  assert.equal(second.err, "");
  assert.equal(place.npmCalls().length, 2);
});

test("launcher: npm runs under the Node.js it came with, so that its global npmrc (proxy, mirror, certificates) holds", {
  skip: unsupported,
}, async (t) => {
  const place = checkout(t);
  await start(place, []).ended;
  assert.equal(place.npmCalls().length, 2);
  for (const call of place.npmCalls()) assert.match(call, / node=v20\.20\.2$/);
});

test("launcher: npm gets the checksum of Node.js, and may not pass over a failure as it does for what is optional", {
  skip: unsupported,
}, async (t) => {
  const place = checkout(t);
  await start(place, []).ended;
  const { packages } = JSON.parse(readFileSync(`${place.env["PLAYED_LOG"]}.lock`, "utf8")) as { packages: Record<string, object> };
  assert.deepEqual(packages[`node_modules/${platform}`], { version: process.versions.node, integrity: "sha512-n" });
  assert.deepEqual(Object.keys(packages), ["", `node_modules/${platform}`]);
});

test("launcher: it becomes node: process id, signals, status, stdin, working folder, symbolic links", { skip: unsupported }, async (t) => {
  const place = checkout(t);
  assert.equal((await start(place, ["exit", "3"]).ended).status, 3);

  const waiting = start(place, ["wait"]);
  const [line] = (await once(waiting.child.stdout, "data")) as [Buffer];
  assert.equal(Number(line), waiting.child.pid);
  waiting.child.kill("SIGTERM");
  assert.equal((await waiting.ended).status, 7);

  const reading = start(place, ["cat"]);
  reading.child.stdin.end("from stdin");
  assert.equal((await reading.ended).out, "from stdin");

  const elsewhere = join(place.root, "..");
  symlinkSync(join(place.root, "assay"), join(elsewhere, "link"));
  symlinkSync("link", join(elsewhere, "link2"));
  for (const command of ["./assay/assay", "./link2", join(elsewhere, "link")]) {
    const { out, err } = await start(place, [], { command, cwd: elsewhere }).ended;
    assert.equal(err, "");
    assert.equal((JSON.parse(out) as { cwd: string }).cwd, elsewhere);
  }
});

test("launcher: two first starts at once install once; the second says that it waits", { skip: unsupported }, async (t) => {
  const place = checkout(t);
  const env = { PLAYED_SECONDS: "1" };
  const both = await Promise.all([start(place, ["one"], { env }).ended, start(place, ["two"], { env }).ended]);
  for (const { status, err } of both) assert.equal(status, 0, err);
  assert.equal(place.npmCalls().length, 2);
  assert.match(both.map(({ err }) => err).join(""), /another start \(process \d+\) is installing: waiting for it/);
  assert.deepEqual(leftIn(place), ["node_modules"]);
});

test("launcher: ended in the middle, it stops at once, leaves nothing, and the next start works", { skip: unsupported }, async (t) => {
  const place = checkout(t);
  const { child, ended } = start(place, [], { env: { PLAYED_SECONDS: "30" } });
  await until(() => place.npmCalls().length === 1);
  const before = Date.now();
  child.kill("SIGTERM");
  await once(child, "exit");
  assert.equal(child.exitCode, 143);
  assert.ok(Date.now() - before < 5000);
  assert.deepEqual(leftIn(place), []);
  assert.equal((await start(place, []).ended).status, 0);
  child.stdout.destroy();
  child.stderr.destroy();
  await ended;
});

test("launcher: killed in the middle, the lock it leaves is known as stale", { skip: unsupported }, async (t) => {
  const place = checkout(t);
  const { child, ended } = start(place, [], { env: { PLAYED_SECONDS: "30" }, detached: true });
  await until(() => place.npmCalls().length === 1);
  process.kill(-(child.pid ?? 0), "SIGKILL");
  assert.equal((await ended).status, null);
  assert.ok(existsSync(join(place.root, ".toolchain/lock")));
  const next = await start(place, []).ended;
  assert.equal(next.status, 0, next.err);
  assert.doesNotMatch(next.err, /waiting/);
  assert.deepEqual(leftIn(place), ["node_modules"]);
});

test("launcher: a process that got the dead owner's id does not hold the lock", { skip: unsupported }, async (t) => {
  const place = checkout(t);
  mkdirSync(join(place.root, ".toolchain/lock"), { recursive: true });
  writeFileSync(join(place.root, ".toolchain/lock/owner"), `${process.pid} 1`); // this process, with another start time
  assert.equal((await start(place, []).ended).status, 0);
});

test("launcher: a failed installation says why, leaves nothing, and has a status of its own", { skip: unsupported }, async (t) => {
  const place = checkout(t);
  const { status, out, err } = await start(place, [], { env: { PLAYED_FAILURE: "1" } }).ended;
  assert.equal(status, 69);
  assert.equal(out, "");
  assert.match(err, /npm ci failed:\n.*EINTEGRITY/);
  assert.deepEqual(leftIn(place), []);
});

test("launcher: dependencies are installed anew when the lock file changes, and not when it was only touched", {
  skip: unsupported,
}, async (t) => {
  const place = checkout(t);
  await start(place, []).ended;
  writeFileSync(join(place.root, "package-lock.json"), lockText);
  await start(place, []).ended;
  assert.equal(place.npmCalls().length, 2);
  writeFileSync(join(place.root, "package-lock.json"), lockText.replaceAll("sha512-x", "sha512-y"));
  await start(place, []).ended;
  assert.equal(place.npmCalls().length, 3);
});

test("launcher: what npm ci installed by hand is taken over, what does not match the lock file is not", {
  skip: unsupported,
}, async (t) => {
  const place = checkout(t);
  await start(place, []).ended;
  rmSync(join(place.root, "node_modules/.installed-lock.json"));
  await start(place, []).ended;
  assert.equal(place.npmCalls().length, 2);
  rmSync(join(place.root, "node_modules/.installed-lock.json"));
  rmSync(join(place.root, "node_modules/x"), { recursive: true });
  await start(place, []).ended;
  assert.equal(place.npmCalls().length, 3);
});

test("launcher: options that npm hands down to its scripts do not reach the installation; the registry does", {
  skip: unsupported,
}, async (t) => {
  const place = checkout(t);
  const env = { npm_config_global: "true", npm_config_registry: "http://localhost:1/" };
  assert.equal((await start(place, [], { env }).ended).status, 0);
  for (const call of place.npmCalls()) assert.match(call, /--include=dev .*global= registry=http:\/\/localhost:1\/ /);
});

test("launcher: Node.js 24 or newer of PATH is used as it is", async (t) => {
  const place = checkout(t);
  rmSync(join(place.bin, "node"));
  symlinkSync(process.execPath, join(place.bin, "node"));
  const { status, err } = await start(place, []).ended;
  assert.equal(status, 0, err);
  assert.doesNotMatch(err, /fetching/);
  assert.equal(existsSync(join(place.root, ".toolchain/node_modules")), false);
});

test("launcher: without npm, or without any Node.js, one line says what to install", { skip: unsupported }, async (t) => {
  const place = checkout(t);
  for (const name of ["sh", "uname", "cmp", "readlink"]) {
    const found = ["/usr/bin", "/bin"].map((folder) => join(folder, name)).find((path) => existsSync(path));
    if (found !== undefined) symlinkSync(found, join(place.bin, name));
  }
  for (const [missing, line] of [
    ["npm", /\nassay: npm is not on PATH: install npm.*\n$/] as const,
    ["node", /^assay: needs Node\.js 24 or newer: .*\n$/] as const,
  ]) {
    rmSync(join(place.bin, missing));
    const { status, err } = await start(place, [], { env: { PATH: place.bin } }).ended;
    assert.equal(status, 69);
    assert.match(err, line);
  }
});

test("bin/assay.js: an older Node.js says so in one line", async () => {
  const old = await ending(spawn(process.execPath, ["--import", pretendOld, `${projectRoot}bin/assay.js`, "--version"]));
  assert.deepEqual(old, { status: 69, out: "", err: "assay: needs Node.js 24 or newer; this is 20.20.2\n" });
});
