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
import type { WorkerReply, WorkerSetup } from "./doors/cli/jobs.ts";
import {
  type Maintenance,
  type Output,
  type Ports,
  type ResolverChoice,
  type Settings,
  UsageError,
  type Worker,
} from "./doors/cli/ports.ts";
import type { Learning } from "./memory/learning.ts";
import type { Memory } from "./memory/memory.ts";
import { hostName, systemClock, systemRandom } from "./system/surroundings.ts";

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
  // The main thread writes what this one's messages teach: a store has one writer in a process.
  const record: Memory["record"] = (lesson) => port.postMessage({ kind: "lesson", lesson } satisfies WorkerReply);
  const memory = url?.kind === "sqlite" ? (await import("./system/sqlite-memory.ts")).openSqliteReading(url.path, record) : null;
  const means = {
    resolver: await openResolver(resolver),
    clock: systemClock,
    random: systemRandom,
    ...(memory === null ? {} : { memory }),
  };
  serveJobs({ send: (message) => port.postMessage(message), onMessage: (listener) => port.on("message", listener) }, setup, means);
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
    openResolver,
    loadSettings,
    openLearning,
    openMemory,
    openMaintenance,
    startWorker,
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

async function openResolver(choice: ResolverChoice): Promise<Resolver> {
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
        return dnsResolver(choice.kind === "system" ? {} : { servers: await Promise.all(choice.servers.map(serverAddress)) });
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
  const [{ formatConfigError, loadConfig }, { policyOf }, { acceptedOf }] = await Promise.all([
    import("./config/load.ts"),
    import("./config/policy-of.ts"),
    import("./config/accepted.ts"),
  ]);
  const loaded = loadConfig(readBytes(file, "configuration file"));
  if (!loaded.ok)
    throw new UsageError(`configuration file ${file}:${loaded.errors.map((error) => `\n  ${formatConfigError(error)}`).join("")}`);
  const { config } = loaded;
  return {
    policy: policyOf(config),
    authservId: config.authserv_id,
    dnsServers: config.dns.servers,
    trustNetworks: config.trust.networks,
    acceptedDomains: acceptedOf(config).map(({ domain }) => domain),
    memory: config.memory.url,
  };
}

async function openLearning(url: MemoryUrl, suffixes: readonly string[] | undefined): Promise<Learning> {
  if (url.kind !== "sqlite") throw new UsageError('memory.url: "assay learn" fills an embedded store, such as "sqlite:assay.db"');
  const { openSqliteLearning } = await import("./system/sqlite-learning.ts");
  return openSqliteLearning({ path: url.path, suffixes });
}

/** Throws for a file that is not ours, or of a newer version: to go on would only hide it. */
async function openMemory(url: MemoryUrl, localSuffixes: readonly string[] | undefined): Promise<Memory> {
  const { openSqliteMemory } = await import("./system/sqlite-memory.ts");
  const { faultLine } = await import("./system/sqlite-fault.ts");
  const path = sqlitePath(url);
  const memory = await openSqliteMemory(path, { localSuffixes });
  const fault = memory.fault();
  if (fault?.code !== "newer-schema" && fault?.code !== "foreign") return memory;
  await memory.close();
  throw new UsageError(faultLine(path, fault));
}

function openMaintenance(url: MemoryUrl): Maintenance {
  const path = sqlitePath(url);
  const guarded = async <T>(work: (store: typeof import("./system/sqlite-maintenance.ts")) => T | Promise<T>): Promise<T> => {
    const { faultLine, reportOf } = await import("./system/sqlite-fault.ts");
    try {
      return await work(await import("./system/sqlite-maintenance.ts"));
    } catch (error) {
      throw new UsageError(faultLine(path, reportOf(error)));
    }
  };
  return {
    migrate: () => guarded(({ migrateStore }) => migrateStore(path, systemClock())),
    backupTo: (target) => guarded(({ backUp }) => backUp(path, target)),
  };
}

function sqlitePath(url: MemoryUrl): string {
  if (url.kind === "sqlite") return url.path;
  throw new UsageError('memory.url: this version keeps its store in a file of its own, such as "sqlite:assay.db"');
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
