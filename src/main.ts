/**
 * The composition root: the only file that knows everyone. It turns the process into ports (streams, clock, resolver, configuration,
 * worker threads) and hands them to the door that the command line asks for. What a command does not need is not loaded.
 * Started as a worker thread of its own, it serves one job queue. It holds no logic of mail.
 */
import { lookup } from "node:dns/promises";
import { readFileSync } from "node:fs";
import { isIP } from "node:net";
import { styleText } from "node:util";
import { isMainThread, parentPort, Worker as Thread, workerData } from "node:worker_threads";
import type { MemoryUrl } from "./config/values.ts";
import type { Resolver } from "./dns/resolver.ts";
import type { LeftByMessage, WorkerReply, WorkerSetup } from "./doors/cli/jobs.ts";
import {
  type Maintenance,
  type Output,
  type Ports,
  type ResolverChoice,
  type Settings,
  UsageError,
  type Worker,
} from "./doors/cli/ports.ts";
import type { ResolverHooks, ServeMeans } from "./main/serve-means.ts";
import type { JournalBounds } from "./memory/journal.ts";
import type { Memory } from "./memory/memory.ts";
import { hostName, systemClock, systemRandom, userName } from "./system/surroundings.ts";

if (isMainThread) await main();
else await worker(workerData as WorkerSetup); // Started by startWorker below, with nothing else.

async function main(): Promise<void> {
  try {
    const { run } = await import("./doors/cli/program.ts");
    process.exit(await run(process.argv.slice(2), ports()));
  } catch (error) {
    // A bug: one line, and the exit status of a temporary failure.
    process.stderr.write(`assay: a fault of ours: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}\n`);
    if (process.env["ASSAY_DEBUG"] !== undefined && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exit(3);
  }
}

async function worker({ setup, resolver, memory: url }: WorkerSetup): Promise<void> {
  const { serveJobs } = await import("./doors/cli/serve-jobs.ts");
  const port = parentPort;
  if (port === null) return;
  // The main thread writes what this one's messages leave: a store has one writer in a process.
  const leave = (left: LeftByMessage): void => port.postMessage({ kind: "left", left } satisfies WorkerReply);
  const recording = (await import("./main/left.ts")).recordingTo(leave);
  const memory = url === null ? null : await (await stores()).openStoreReading(url, recording);
  const means = {
    resolver: await openResolver(resolver),
    clock: systemClock,
    random: systemRandom,
    ...(memory === null ? {} : { memory }),
  };
  serveJobs({ send: (message) => port.postMessage(message), onMessage: (listener) => port.on("message", listener) }, setup, means);
}

/** Stores are loaded by the commands that need one. */
function stores(): Promise<typeof import("./system/open-store.ts")> {
  return import("./system/open-store.ts");
}

function ports(): Ports {
  return {
    out: output(process.stdout),
    err: output(process.stderr),
    stdin: () => process.stdin,
    stdinIsTerminal: process.stdin.isTTY === true,
    clock: systemClock,
    random: systemRandom,
    hostName,
    openResolver: (choice) => openResolver(choice),
    loadSettings,
    openLearning: async (url, suffixes) => (await stores()).openStoreLearning(url, suffixes),
    openMemory,
    openMaintenance,
    openEntries: async (url) => (await stores()).openStoreEntries(url),
    openInsight: async (url) => (await stores()).openStoreInsight(url),
    openJournal: async (url, purpose) => (await stores()).openStoreJournal(url, purpose),
    userName,
    startWorker,
    openHeld,
    serve: async (options) => (await import("./main/serve.ts")).serve(options, await serveMeans()),
  };
}

function openHeld(configFolder: string | null): ReturnType<Ports["openHeld"]> {
  const queue = async () => (await import("./system/held-queue.ts")).postfixHeldQueue(configFolder);
  return {
    list: () => reachable(async () => (await queue()).list()),
    release: (ids) => reachable(async () => (await queue()).release(ids)),
  };
}

async function reachable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { HeldQueueFault } = await import("./system/held-queue.ts");
    throw error instanceof HeldQueueFault ? new UsageError(error.message) : error;
  }
}

async function serveMeans(): Promise<ServeMeans> {
  const store = await stores();
  return {
    clock: systemClock,
    random: systemRandom,
    hostName,
    readFile: readBytes,
    openResolver,
    openMemory,
    openReading: (url, record) => usable(() => store.openStoreReading(url, record)),
  };
}

function output(stream: NodeJS.WriteStream): Output {
  let isOpen = true;
  // EPIPE: the reader has gone (`| head`). That is nobody's fault. Anything else, such as a full disk, must not pass for a result.
  stream.on("error", (error: NodeJS.ErrnoException) => {
    isOpen = false;
    if (error.code === "EPIPE") return;
    if (stream !== process.stderr) process.stderr.write(`assay: cannot write the results: ${error.code ?? error.message}\n`);
    process.exit(3);
  });
  const write = (text: string): Promise<boolean> =>
    new Promise((resolve) => {
      if (!isOpen) resolve(false);
      else stream.write(text, (error) => resolve(error == null && isOpen));
    });
  return { write, isTerminal: stream.isTTY === true, colour: styleText("red", "x", { stream }) !== "x" };
}

async function openResolver(choice: ResolverChoice, hooks: ResolverHooks = {}): Promise<Resolver> {
  switch (choice.kind) {
    case "zone": {
      const { describeFault, parseZone, zoneResolver } = await import("./system/zone-resolver.ts");
      const parsed = parseZone(readBytes(choice.file, "zone file").toString("utf8"));
      if (!parsed.ok) throw new UsageError(`zone file ${choice.file}: ${describeFault(parsed.error)}`);
      return zoneResolver(parsed.zone);
    }
    case "servers":
    case "system": {
      const { DnsOptionError, dnsResolver } = await import("./system/resolver.ts");
      try {
        return dnsResolver({
          ...hooks,
          ...(choice.kind === "system" ? {} : { servers: await Promise.all(choice.servers.map(serverAddress)) }),
        });
      } catch (error) {
        throw error instanceof DnsOptionError ? new UsageError(error.message) : error;
      }
    }
    default:
      return choice satisfies never;
  }
}

/** HOST[:PORT] with the host's address, as the resolver wants it; an address is left as it is. */
async function serverAddress(text: string): Promise<string> {
  const [, host = "", port = ""] = /^([A-Za-z0-9_-][A-Za-z0-9._-]{0,252})(:[0-9]{1,5})?$/.exec(text) ?? [];
  if (host === "" || isIP(host) !== 0 || isIP(text) !== 0) return text;
  try {
    const { address, family } = await lookup(host);
    return family === 6 ? `[${address}]${port}` : `${address}${port}`;
  } catch {
    throw new UsageError(`--dns: no address is known for the DNS server “${host}”; give one, such as 192.0.2.53:53`);
  }
}

async function loadSettings(file: string): Promise<Settings> {
  const [{ formatConfigError, loadConfig }, { settingsOf }] = await Promise.all([import("./config/load.ts"), import("./main/settings.ts")]);
  const loaded = loadConfig(readBytes(file, "configuration file"));
  if (!loaded.ok)
    throw new UsageError(`configuration file ${file}:${loaded.errors.map((error) => `\n  ${formatConfigError(error)}`).join("")}`);
  return settingsOf(loaded.config);
}

/** What cannot be used is told as wrong use: it is the configuration that names it. */
async function usable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const { StoreFault } = await import("./memory/store-fault.ts");
    throw error instanceof StoreFault ? new UsageError(error.message) : error;
  }
}

function openMemory(url: MemoryUrl, localSuffixes: readonly string[] | undefined, journal?: JournalBounds | undefined): Promise<Memory> {
  return usable(async () => (await stores()).openStore(url, { localSuffixes, journal }));
}

function openMaintenance(url: MemoryUrl): Maintenance {
  const store = () => import("./system/store-maintenance.ts");
  return {
    name: async () => (await stores()).storeName(url),
    migrate: () => usable(async () => (await store()).migrateStore(url, systemClock())),
    backupTo: (target) => usable(async () => (await store()).backUpStore(url, target)),
    copyTo: (target, options) => usable(async () => (await store()).copyStore(url, target, options)),
  };
}

function readBytes(file: string, what: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "unreadable";
    throw new UsageError(`cannot read ${what} ${file}: ${code === "ENOENT" ? "no such file" : code}`);
  }
}

function startWorker(setup: unknown): Worker {
  const thread = new Thread(new URL(import.meta.url), { workerData: setup });
  let failure: Error | null = null;
  thread.on("error", (error: Error) => {
    failure = error;
  });
  return {
    send: (message) => thread.postMessage(message),
    onMessage: (listener) => thread.on("message", listener),
    onEnd: (listener) => thread.on("exit", () => listener(failure)),
    stop: () => void thread.terminate(),
  };
}
