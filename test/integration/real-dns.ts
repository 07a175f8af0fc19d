/**
 * Real DNS servers for tests, from Debian's packages knot and unbound, on free ports of 127.0.0.1 in a folder of their own:
 * knot serves the zones below and signs one of them; unbound recurses to it, validates, and reaches nothing else.
 * They are ended by their process ids. A server that is not installed is a failure with CI=true, elsewhere a reason to skip.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { type DecodedPacket, decode, encode, type RecordType } from "dns-packet";

export type RealDns = {
  /** Authoritative; does not recurse. */
  readonly knot: string;
  /** Recursive and validating. */
  readonly unbound: string;
  readonly unboundPort: number;
  /** As a crash: SIGKILL. */
  killUnbound(): Promise<void>;
  /** After that, on the same port; resolves when it answers. */
  startUnbound(): Promise<void>;
  close(): Promise<void>;
};

/** Why the servers cannot be started here; null where they can. */
export function missingServers(): string | null {
  const missing = ["knotd", "unbound"].filter((program) => pathOf(program) === null);
  if (missing.length === 0) return null;
  const reason = `${missing.join(" and ")} not installed: apt-get install --no-install-recommends knot unbound`;
  assert.notEqual(process.env["CI"], "true", reason);
  return reason;
}

/**
 * `zones` by domain, as master files without SOA and NS; the last domain of `signed` is signed. unbound also answers at `places`, each
 * ADDRESS@PORT: for programs that only know port 53.
 */
export async function startRealDns(zones: Record<string, string>, signed: string, places: readonly string[] = []): Promise<RealDns> {
  const folder = await mkdtemp(join(tmpdir(), "assay-dns-"));
  const running: ChildProcess[] = [];
  const close = async () => {
    await Promise.all(running.map(end));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [knotPort, unboundPort] = [await freePort(), await freePort()];
    await writeKnot(folder, { port: knotPort, zones, signed });
    running.push(start("knotd", ["-c", join(folder, "knot.conf")]));
    for (const domain of Object.keys(zones)) await untilAnswer(knotPort, { name: domain, type: "SOA" }, hasAnswers);
    const key = await untilSigned(knotPort, signed);
    await writeFile(
      join(folder, "unbound.conf"),
      unboundConfig({ folder, port: unboundPort, places, knotPort, domains: Object.keys(zones), signed, key }),
    );
    const startUnbound = async () => {
      running.push(start("unbound", ["-d", "-c", join(folder, "unbound.conf")]));
      await untilAnswer(unboundPort, { name: signed, type: "SOA" }, hasAnswers);
    };
    const killUnbound = async () => {
      const unbound = running.pop();
      assert.ok(unbound !== undefined);
      const gone = once(unbound, "exit");
      unbound.kill("SIGKILL");
      await gone;
    };
    await startUnbound();
    return { knot: `127.0.0.1:${knotPort}`, unbound: `127.0.0.1:${unboundPort}`, unboundPort, killUnbound, startUnbound, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function pathOf(program: string): string | null {
  // Debian keeps servers where a user's PATH does not look.
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin"];
  return folders.map((folder) => join(folder, program)).find(existsSync) ?? null;
}

function start(program: string, args: readonly string[]): ChildProcess {
  const child = spawn(pathOf(program) ?? program, args, { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk) => (said = `${said}${chunk}`.slice(-4000)));
  child.on("error", (error) => process.stderr.write(`${program}: ${error.message}\n`));
  child.on("exit", (status) => {
    if (status !== 0 && status !== null) process.stderr.write(`${program} ended with ${status}: ${said}\n`);
  });
  return child;
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, "exit");
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), 5000);
  await gone;
  clearTimeout(hard);
}

async function freePort(): Promise<number> {
  for (;;) {
    const tcp = createServer().listen(0, "127.0.0.1");
    await once(tcp, "listening");
    const { port } = tcp.address() as AddressInfo;
    const udp = createSocket("udp4");
    const isFree = await new Promise<boolean>((resolve) => {
      udp.once("error", () => resolve(false));
      udp.bind(port, "127.0.0.1", () => resolve(true));
    });
    if (isFree) await new Promise<void>((done) => udp.close(done));
    await new Promise((done) => tcp.close(done));
    if (isFree) return port;
  }
}

type KnotSetup = { readonly port: number; readonly zones: Record<string, string>; readonly signed: string };

async function writeKnot(folder: string, { port, zones, signed }: KnotSetup): Promise<void> {
  for (const [domain, records] of Object.entries(zones)) {
    const head = `$ORIGIN ${domain}.\n$TTL 300\n@ 600 SOA ns host 1 3600 600 86400 120\n@ NS ns\nns A 127.0.0.1\n`;
    await writeFile(join(folder, `${domain}.zone`), head + records);
  }
  const zoneLines = Object.keys(zones).map(
    (domain) => `  - domain: ${domain}\n${domain === signed ? "    dnssec-signing: on\n    dnssec-policy: one-key\n" : ""}`,
  );
  await writeFile(
    join(folder, "knot.conf"),
    `server:
    rundir: "${folder}"
    listen: 127.0.0.1@${port}
log:
  - target: stderr
    any: warning
database:
    storage: "${folder}"
policy:
  - id: one-key
    algorithm: ecdsap256sha256
    single-type-signing: on
template:
  - id: default
    storage: "${folder}"
    file: "%s.zone"
    zonefile-sync: -1
    zonefile-load: whole
zone:
${zoneLines.join("")}`,
  );
}

type UnboundSetup = {
  readonly folder: string;
  readonly port: number;
  readonly places: readonly string[];
  readonly knotPort: number;
  readonly domains: readonly string[];
  readonly signed: string;
  readonly key: string;
};

function unboundConfig({ folder, port, places, knotPort, domains, signed, key }: UnboundSetup): string {
  // The last one keeps every other name from the public DNS: knot refuses it.
  const stubs = [...domains, "."].map((domain) => `stub-zone:\n  name: "${domain}"\n  stub-addr: 127.0.0.1@${knotPort}\n`);
  // The key of the signed zone is trusted; for the zone "bogus.example", which is not signed, it makes every answer bogus.
  return `server:
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  logfile: ""
  verbosity: 0
  num-threads: 1
${[`127.0.0.1@${port}`, ...places].map((place) => `  interface: ${place}\n`).join("")}  access-control: 127.0.0.0/8 allow
  do-ip6: no
  do-not-query-localhost: no
  module-config: "validator iterator"
  trust-anchor: "${signed}. DNSKEY ${key}"
  trust-anchor: "bogus.example. DNSKEY ${key}"
${stubs.join("")}remote-control:
  control-enable: no
`;
}

/** Waits for the zone's DNSKEY; gives it as a trust anchor has it. */
async function untilSigned(port: number, domain: string): Promise<string> {
  const packet = await untilAnswer(port, { name: domain, type: "DNSKEY" }, ({ answers }) =>
    (answers ?? []).some(({ type }) => type === "DNSKEY"),
  );
  for (const record of packet.answers ?? []) {
    if (record.type === "DNSKEY") return `${record.data.flags} 3 ${record.data.algorithm} ${record.data.key.toString("base64")}`;
  }
  throw new Error(`no DNSKEY for ${domain}`);
}

async function untilAnswer(
  port: number,
  question: { name: string; type: RecordType },
  isReady: (packet: DecodedPacket) => boolean,
): Promise<DecodedPacket> {
  for (let tries = 0; tries < 100; tries++) {
    const packet = await ask(port, question);
    if (packet !== null && isReady(packet)) return packet;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the DNS server on port ${port} does not answer ${question.name} ${question.type}`);
}

function hasAnswers({ answers }: DecodedPacket): boolean {
  return (answers ?? []).length > 0;
}

async function ask(port: number, question: { name: string; type: RecordType }): Promise<DecodedPacket | null> {
  const socket = createSocket("udp4");
  try {
    return await new Promise<DecodedPacket | null>((resolve) => {
      const timer = setTimeout(() => resolve(null), 500);
      socket.on("error", () => resolve(null));
      socket.on("message", (bytes) => {
        clearTimeout(timer);
        resolve(decode(bytes));
      });
      socket.send(encode({ type: "query", id: 1, flags: 1 << 8, questions: [question] }), port, "127.0.0.1");
    });
  } finally {
    socket.close();
  }
}
