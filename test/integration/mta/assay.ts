/**
 * `assay serve` as a process of its own, as systemd would start it: configuration and zone in files, its log lines read as JSON. Started
 * again after a kill it has the same files and so the same places.
 */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, newFolder, startChild, until } from "./child.ts";

export type LogLine = Readonly<Record<string, unknown>>;

export type AssayOptions = {
  /** The text of assay.toml; it names every port, so that a restart finds the same. */
  readonly config: string;
  /** Zone in JSON form; without it `dns` or the configuration says who is asked. */
  readonly zone?: Readonly<Record<string, readonly unknown[]>>;
  /** HOST:PORT of the one DNS server. */
  readonly dns?: string;
  readonly args?: readonly string[];
};

export type Assay = {
  readonly pid: number;
  /** Where each door listens, by name and profile, such as `milter inbound`. */
  readonly places: ReadonlyMap<string, string>;
  readonly folder: string;
  /** All lines of all runs. */
  lines(): readonly LogLine[];
  output(): string;
  /** SIGTERM; gives the exit status. */
  stop(): Promise<number | null>;
  kill9(): Promise<void>;
  /** After stop or kill9. */
  start(): Promise<void>;
  /** Writes another configuration and sends SIGHUP; resolves when it says that it is in force, or why not. */
  reload(config: string): Promise<LogLine>;
  /** The sum of a metric over its labels; the configuration must open the HTTP door. */
  metric(name: string): Promise<number>;
  /** Another zone for the next start. */
  writeZone(zone: Readonly<Record<string, readonly unknown[]>>): void;
  /** Ends it, whatever it does, and takes its files away. */
  close(): Promise<void>;
};

const main = fileURLToPath(new URL("../../../src/main.ts", import.meta.url));

export async function startAssay({ config, zone, dns, args = [] }: AssayOptions): Promise<Assay> {
  const folder = newFolder("serve");
  const configFile = join(folder.path, "assay.toml");
  const zoneFile = join(folder.path, "zone.json");
  const runs: Child[] = [];
  const lines: LogLine[] = [];
  const places = new Map<string, string>();
  const writeZone: Assay["writeZone"] = (records) => writeFileSync(zoneFile, JSON.stringify(records));
  const output = () => runs.map((run) => run.output()).join("");
  const current = (): Child => {
    const run = runs.at(-1);
    assert.ok(run !== undefined);
    return run;
  };
  const start = async () => {
    const from = lines.length;
    const options = [...(zone === undefined ? [] : ["--zone", zoneFile]), ...(dns === undefined ? [] : ["--dns", dns])];
    const onLine = (line: string) => {
      const parsed = asLogLine(line);
      if (parsed === null) return;
      lines.push(parsed);
      if (parsed["message"] === "listening") places.set(`${parsed["door"]} ${parsed["listener"]}`, String(parsed["place"]));
    };
    const child = startChild(process.execPath, {
      args: [main, "serve", "--config", configFile, ...options, ...args],
      env: { NODE_ENV: "production" },
      onLine,
    });
    runs.push(child);
    const isReady = () => {
      assert.ok(child.isRunning, `assay serve has ended: ${child.output().slice(-3000)}`);
      return lines.slice(from).some((line) => line["message"] === "ready");
    };
    await until(isReady, { about: () => `assay serve is not ready: ${child.output().slice(-3000)}` });
  };
  const assay: Assay = {
    get pid() {
      return current().pid;
    },
    places,
    folder: folder.path,
    lines: () => lines,
    output,
    stop: () => current().stop(),
    kill9: () => current().kill9(),
    start,
    writeZone,
    metric: async (name) => {
      const place = places.get("http inbound")?.replace(/^inet:/, "");
      const text = await (await fetch(`http://${place}/metrics`)).text();
      const values = text.split("\n").filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`));
      assert.ok(values.length > 0, `no metric ${name}`);
      return values.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
    },
    reload: async (text) => {
      const from = lines.length;
      writeFileSync(configFile, text);
      current().signal("SIGHUP");
      // The file is watched too: that it has not changed again comes later, and is no answer.
      const isReload = (line: LogLine) => /^(new configuration|configuration refused)/.test(String(line["message"]));
      return until(() => lines.slice(from).find(isReload) ?? null, { about: () => `no word of the reload: ${output().slice(-2000)}` });
    },
    close: async () => {
      await runs.at(-1)?.kill9();
      folder.remove();
    },
  };
  writeFileSync(configFile, config);
  if (zone !== undefined) writeZone(zone);
  try {
    await start();
  } catch (error) {
    await assay.close();
    throw error;
  }
  return assay;
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}

function asLogLine(line: string): LogLine | null {
  if (!line.startsWith("{")) return null;
  try {
    return JSON.parse(line) as LogLine;
  } catch {
    return null;
  }
}
