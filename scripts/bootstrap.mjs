/**
 * Brings what ./assay and the tasks of package.json lack: the pinned Node.js of toolchain/ (where the one that runs this is
 * older than 24) and the dependencies of package-lock.json, both by `npm ci --ignore-scripts`, which checks each package
 * against its SHA-512 in the lock file. Everything is made in a folder of its own below .toolchain and put in place by one
 * rename, so that a killed run leaves nothing half done; a lock makes a second start wait instead of fetching twice.
 * Plain JavaScript for old versions of Node.js, and no dependency. Nothing is written to stdout.
 */
import { spawn } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const toolchain = join(root, ".toolchain");
const lock = join(toolchain, "lock");
const workshop = join(toolchain, `work.${process.pid}`);
const startedAt = Date.now();
/** EX_UNAVAILABLE of sysexits.h: no verdict of `assay check` has this status. */
const unavailable = 69;
let installer = null;

class Unavailable extends Error {}

async function main() {
  if (isReady()) return;
  try {
    mkdirSync(toolchain, { recursive: true });
    await takeLock();
    removeLeftovers();
    const node = newEnough(process.versions.node) ? process.execPath : await pinnedNode();
    await dependencies(node);
  } finally {
    leave();
  }
}

function isReady() {
  return newEnough(process.versions.node) && installedLockMatches() && markInstalled();
}

function newEnough(version) {
  return Number(version.split(".")[0]) >= 24;
}

// --- Node.js

async function pinnedNode() {
  const name = `node-${process.platform}-${process.arch}`;
  const manifest = JSON.parse(readFileSync(join(root, "toolchain/package-lock.json"), "utf8"));
  const pinned = manifest.packages[`node_modules/${name}`];
  if (pinned === undefined) throw new Unavailable("needs Node.js 24 or newer: install it and start again");
  const folder = join(toolchain, "node_modules", name);
  const binary = join(folder, "bin/node");
  if (readOrNull(join(folder, ".pinned")) === `${pinned.version}\n` && existsSync(binary)) return binary;

  say(`Node.js 24 or newer is not on PATH: fetching ${pinned.version}, once, into .toolchain (200 MB on disk)`);
  const made = join(workshop, "node");
  mkdirSync(made, { recursive: true });
  // As the one plain dependency: of an optional one npm passes over a failure in silence, a wrong checksum too.
  const needs = { name: "assay-toolchain", dependencies: { [name]: pinned.version } };
  const packages = { "": needs, [`node_modules/${name}`]: { ...pinned, optional: undefined } };
  writeFileSync(join(made, "package.json"), JSON.stringify(needs));
  writeFileSync(join(made, "package-lock.json"), JSON.stringify({ ...manifest, packages }));
  const output = await npmCi(made, process.execPath);
  const fetched = join(made, "node_modules", name);
  if (!existsSync(join(fetched, "bin/node"))) throw new Unavailable(`npm did not deliver ${name}@${pinned.version}:\n${output}`);
  const answer = await run(join(fetched, "bin/node"), ["-v"], { cwd: made });
  if (answer.output.trim() !== `v${pinned.version}`) {
    throw new Unavailable("the pinned Node.js does not run on this system: install Node.js 24 or newer and start again");
  }
  writeFileSync(join(fetched, ".pinned"), `${pinned.version}\n`);
  replace(fetched, folder);
  say(`Node.js ${pinned.version} is in place`);
  return binary;
}

// --- Dependencies

async function dependencies(node) {
  if (installedLockMatches() && markInstalled()) return;
  say("installing the dependencies, once, into node_modules");
  const made = join(workshop, "dependencies");
  mkdirSync(made, { recursive: true });
  for (const file of ["package.json", "package-lock.json"]) copyFileSync(join(root, file), join(made, file));
  const output = await npmCi(made, node);
  if (!existsSync(join(made, "node_modules"))) throw new Unavailable(`npm installed nothing:\n${output}`);
  copyFileSync(join(made, "package-lock.json"), join(made, "node_modules/.installed-lock.json"));
  replace(join(made, "node_modules"), join(root, "node_modules"));
  say("dependencies are in place");
}

/** Did npm, started by hand or by us, install exactly what the lock file says? npm writes its own record last. */
function installedLockMatches() {
  const wanted = packagesOf(join(root, "package-lock.json"));
  const found = packagesOf(join(root, "node_modules/.package-lock.json"));
  if (wanted === null || found === null) return false;
  const missing = Object.keys(wanted).some((path) => path !== "" && isForHere(wanted[path]) && found[path] === undefined);
  const foreign = Object.keys(found).some((path) => wanted[path] === undefined || wanted[path].integrity !== found[path].integrity);
  return !missing && !foreign && Object.keys(found).every((path) => existsSync(join(root, path, "package.json")));
}

function packagesOf(lockFile) {
  const text = readOrNull(lockFile);
  if (text === null) return null;
  try {
    return JSON.parse(text).packages || null;
  } catch {
    return null;
  }
}

function isForHere(entry) {
  if (!entry.optional) return true;
  const suits = (list, here) => list === undefined || [].concat(list).includes(here);
  return suits(entry.os, process.platform) && suits(entry.cpu, process.arch) && entry.libc === undefined;
}

/** True as well where the folder cannot be written: the dependencies are there, only the short cut for later starts is not. */
function markInstalled() {
  try {
    copyFileSync(join(root, "package-lock.json"), join(root, "node_modules/.installed-lock.json"));
  } catch (error) {
    if (error.code !== "EACCES" && error.code !== "EROFS" && error.code !== "EPERM") throw error;
  }
  return true;
}

// --- npm

async function npmCi(folder, node) {
  const npm = onPath("npm");
  if (npm === undefined) throw new Unavailable("npm is not on PATH: install npm, or Node.js 24 or newer with npm, and start again");
  if (existsSync(join(root, ".npmrc"))) copyFileSync(join(root, ".npmrc"), join(folder, ".npmrc"));
  const options = ["--ignore-scripts", "--include=dev", "--include=optional", "--no-audit", "--no-fund", "--loglevel=error"];
  const ticking = tick();
  try {
    const result = await run(npm, ["ci", ...options], { cwd: folder, env: npmEnvironment(node) });
    if (result.status !== 0) throw new Unavailable(`npm ci failed:\n${result.output}`);
    return result.output;
  } finally {
    clearInterval(ticking);
  }
}

function onPath(command) {
  const places = (process.env.PATH || "").split(":").filter((folder) => folder !== "");
  return places.map((folder) => join(folder, command)).find((path) => existsSync(path));
}

/** npm hands its options down to the scripts it runs (`npm pack --dry-run`, `--global`): only how to reach the registry is kept. */
function npmEnvironment(node) {
  const kept =
    /^npm_config_(registry|cache|userconfig|globalconfig|proxy|https?_proxy|noproxy|ca|cafile|cert|key|strict_ssl|fetch_.*|offline|prefer_offline|@.*|\/\/.*)$/i;
  const env = {};
  for (const name of Object.keys(process.env)) {
    if (!/^npm_/i.test(name) || kept.test(name)) env[name] = process.env[name];
  }
  // npm runs under the Node.js it came with, whose folder is where it reads its global npmrc (proxy, mirror, certificates).
  env.PATH = `${env.PATH || ""}:${dirname(node)}`;
  return env;
}

function run(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    installer = child;
    let output = "";
    const collect = (chunk) => {
      output = (output + chunk).slice(-4000);
    };
    child.stdout.on("data", collect);
    child.stderr.on("data", collect);
    child.on("error", reject);
    child.on("close", (status) => {
      installer = null;
      resolve({ status, output });
    });
  });
}

// --- Putting in place

/** Moves `made` to `target`. If another start was first, its result is as good as ours. */
function replace(made, target) {
  mkdirSync(dirname(target), { recursive: true });
  if (existsSync(target)) renameSync(target, join(workshop, "replaced"));
  try {
    renameSync(made, target);
  } catch (error) {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  }
  rmSync(join(workshop, "replaced"), { recursive: true, force: true });
}

// --- The lock: a folder that holds its owner; it appears by rename, owner and all.

async function takeLock() {
  mkdirSync(workshop, { recursive: true });
  const mine = join(workshop, "lock");
  mkdirSync(mine, { recursive: true });
  writeFileSync(join(mine, "owner"), identity(process.pid));
  for (let said = false; ; ) {
    try {
      renameSync(mine, lock);
      return;
    } catch (error) {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
    }
    const owner = readOrNull(join(lock, "owner"));
    if (owner !== null && !isAlive(owner)) breakLock(owner);
    else {
      if (!said && owner !== null) say(`another start (process ${owner.split(" ")[0]}) is installing: waiting for it`);
      said = said || owner !== null;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
}

/** Should two starts break the same lock, both install: that wastes time and harms nothing. */
function breakLock(owner) {
  const aside = join(workshop, "stale-lock");
  try {
    if (readOrNull(join(lock, "owner")) === owner) renameSync(lock, aside);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
  rmSync(aside, { recursive: true, force: true });
}

/** Process id and, where /proc tells, its start time: an id alone may have been given to another process since. */
function identity(pid) {
  const stat = procStat(pid);
  return stat === null ? `${pid} -` : `${pid} ${stat[19]}`;
}

/** The fields of /proc/PID/stat from the state on (the name before it may hold anything); null where there is none. */
function procStat(pid) {
  const stat = readOrNull(`/proc/${pid}/stat`);
  return stat === null ? null : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

function isAlive(owner) {
  const pid = Number(owner.split(" ")[0]);
  if (procStat("self") !== null) {
    const stat = procStat(pid);
    // A killed process that nobody has waited for is still listed: Z.
    return stat !== null && stat[0] !== "Z" && identity(pid) === owner;
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

function removeLeftovers() {
  for (const name of readdirSync(toolchain)) {
    const pid = /^work\.(\d+)$/.exec(name);
    if (pid === null || Number(pid[1]) === process.pid || isAlive(identity(Number(pid[1])))) continue;
    rmSync(join(toolchain, name), { recursive: true, force: true });
  }
}

function leave() {
  // Nothing of an unfinished installation is kept, so it need not end in good order.
  if (installer !== null) installer.kill("SIGKILL");
  rmQuietly(workshop);
  if (readOrNull(join(lock, "owner")) === identity(process.pid)) rmQuietly(lock);
}

/** What is still being written into is left to the next start. */
function rmQuietly(path) {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // The next start removes it.
  }
}

// --- Small things

function readOrNull(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return null;
  }
}

function say(text) {
  process.stderr.write(`assay: ${text}\n`);
}

/** A sign of life: on a terminal each second in one line, elsewhere a line each ten seconds. */
function tick() {
  const since = Date.now();
  const seconds = () => Math.round((Date.now() - since) / 1000);
  if (process.stderr.isTTY) return setInterval(() => process.stderr.write(`assay: … ${seconds()} s\r`), 1000);
  return setInterval(() => say(`… ${seconds()} s`), 10_000);
}

for (const [signal, status] of [
  ["SIGINT", 130],
  ["SIGTERM", 143],
  ["SIGHUP", 129],
]) {
  process.on(signal, () => {
    leave();
    say(`interrupted after ${Math.round((Date.now() - startedAt) / 1000)} s: the next start begins anew`);
    process.exit(status);
  });
}

main().catch((error) => {
  say(error instanceof Unavailable ? error.message : `cannot install: ${error.message}`);
  process.exitCode = unavailable;
});
