/**
 * A server process of a test: started in the foreground, its output kept, known to be ready by what it does, ended by its own id.
 * Where it leaves children behind, those are found by their parent before it ends. It installs and configures nothing.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export type Child = {
  readonly pid: number;
  /** What it has written so far, both streams. */
  output(): string;
  readonly isRunning: boolean;
  /** SIGTERM, and SIGKILL after ten seconds; its exit status, null where a signal ended it. */
  stop(): Promise<number | null>;
  /** SIGKILL to it and to all its children, at once. */
  kill9(): Promise<void>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<number | null>;
};

export type Started = {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly onLine?: (line: string) => void;
};

export function startChild(program: string, { args, env, cwd, onLine }: Started): Child {
  const child = spawn(program, args, {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const { pid } = child;
  assert.ok(pid !== undefined, `${program} cannot be started`);
  const output = listen(child, onLine);
  const ended = once(child, "exit").then(([status]) => (typeof status === "number" ? status : null));
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
  return {
    pid,
    output,
    ended,
    get isRunning() {
      return isRunning();
    },
    signal: (name) => void child.kill(name),
    stop: async () => {
      const descendants = isRunning() ? below(pid) : [];
      child.kill("SIGTERM");
      const hard = setTimeout(() => kill([pid, ...descendants]), 10_000);
      const status = await ended;
      clearTimeout(hard);
      return status;
    },
    kill9: async () => {
      if (isRunning()) kill([pid, ...below(pid)]);
      await ended;
    },
  };
}

function listen(child: ChildProcess, onLine: ((line: string) => void) | undefined): () => string {
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    let rest = "";
    stream?.setEncoding("utf8").on("data", (text: string) => {
      chunks.push(text);
      if (onLine === undefined) return;
      const lines = `${rest}${text}`.split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) onLine(line);
    });
  }
  return () => chunks.join("");
}

function kill(pids: readonly number[]): void {
  for (const pid of pids) {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended by itself.
    }
  }
}

/** All processes that this one started, and those started, parents first. */
function below(pid: number): readonly number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync("/proc")) {
    const stat = /^\d+$/.test(name) ? read(`/proc/${name}/stat`) : "";
    // pid (name) state ppid; the name may hold anything but ends with the last bracket.
    const parent = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);
    if (stat !== "") parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
  }
  const found: number[] = [];
  const waiting = [pid];
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const children = parents.get(next) ?? [];
    found.push(...children);
    waiting.push(...children);
  }
  return found;
}

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

/** Resolves when `isSo` gives something; fails with what `about` says. */
export async function until<T>(
  isSo: () => T | null | false | Promise<T | null | false>,
  { about, seconds = 20 }: { readonly about: () => string; readonly seconds?: number },
): Promise<T> {
  const last = Date.now() + seconds * 1000;
  for (;;) {
    const found = await isSo();
    if (found !== null && found !== false) return found;
    if (Date.now() > last) throw new Error(`after ${seconds} s: ${about()}`);
    await pause(20);
  }
}

export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The server behind the port says something, as SMTP servers do. `about`: what it has logged. */
export async function untilGreeting(
  port: number,
  { child, about }: { readonly child: Child; readonly about: () => string },
): Promise<void> {
  const greets = () =>
    new Promise<boolean>((resolve) => {
      assert.ok(child.isRunning, `the server has ended: ${child.output().slice(-3000)}${about()}`);
      const socket = connect(port, "127.0.0.1");
      socket.setTimeout(2000, () => socket.destroy());
      socket.on("error", () => socket.destroy());
      socket.on("close", () => resolve(false));
      socket.once("data", () => {
        resolve(true);
        socket.end("QUIT\r\n");
      });
    });
  await until(greets, { about: () => `nothing greets on port ${port}: ${about()}` });
}

export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** A folder of its own, in memory where the machine has such a place; servers that give up root reach it too. */
export function newFolder(name: string): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), `assay-${name}-`));
  chmodSync(path, 0o755);
  folders.add(path);
  return { path, remove: () => remove(path) };
}

const folders = new Set<string>();

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  folders.delete(path);
}

/** For a program that is told to end in the middle: nothing that it started goes on, and no folder stays. */
export function endWithServers(signals: readonly NodeJS.Signals[]): void {
  for (const signal of signals) {
    process.once(signal, () => {
      kill(below(process.pid));
      for (const path of folders) remove(path);
      process.exit(130);
    });
  }
}
