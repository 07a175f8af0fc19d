/**
 * The filters of the load benchmark, each as its operators run it: Assay; OpenDKIM and then OpenDMARC, which checks SPF by itself; rspamd
 * with its milter proxy that scans in the same process, and no modules but SPF, DKIM, ARC and DMARC. All ask the same DNS server, check
 * the same things, accept every message and stamp it. Each writes one line a message into a file, as far as it writes any.
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Child, freePorts, newFolder, startChild, until } from "../../test/integration/mta/child.ts";
import { startInside } from "../../test/integration/mta/namespace.ts";
import { recipientDomains } from "./mail.ts";
import { familyOf } from "./process-cost.ts";

export type FilterName = "assay" | "opendkim" | "rspamd";

export type Filter = {
  readonly name: FilterName;
  readonly title: string;
  /** Asked in this order. */
  readonly ports: readonly number[];
  /** All its processes that are there now. */
  pids(): readonly number[];
  /** What it has written. */
  log(): string;
  stop(): Promise<void>;
};

export type FilterOptions = {
  /** HOST:PORT of the DNS server. */
  readonly dns: string;
  /** The same server's address where only port 53 is known. */
  readonly dnsAddress: string;
  /** Processes, where a filter has that choice. */
  readonly workers: number;
  /** Folder for a profile of Assay's processor time. */
  readonly profile: string | null;
};

export const authservId = "mx.test";

const programs: Readonly<Record<FilterName, readonly string[]>> = {
  assay: [],
  opendkim: ["/usr/sbin/opendkim", "/usr/sbin/opendmarc"],
  rspamd: ["/usr/bin/rspamd"],
};

/** Why it cannot run here; null where it can. */
export function missingFor(name: FilterName): string | null {
  const missing = programs[name].filter((path) => !existsSync(path)).map((path) => path.slice(path.lastIndexOf("/") + 1));
  return missing.length === 0
    ? null
    : `${missing.join(" and ")} not installed: apt-get install --no-install-recommends ${missing.join(" ")}`;
}

export function startFilter(name: FilterName, options: FilterOptions): Promise<Filter> {
  switch (name) {
    case "assay":
      return startAssay(options);
    case "opendkim":
      return startOpendkim(options);
    case "rspamd":
      return startRspamd(options);
    default:
      return name satisfies never;
  }
}

async function startAssay({ dns, workers, profile }: FilterOptions): Promise<Filter> {
  const folder = newFolder("load-assay");
  const [port = 0] = await freePorts(1);
  const config = join(folder.path, "assay.toml");
  const domains = Object.values(recipientDomains).map((name) => `[[domains]]\nname = "${name}"\n`);
  writeFileSync(
    config,
    `authserv_id = "${authservId}"\n[listen]\nmilter = "inet:127.0.0.1:${port}"\n[serve]\nworkers = ${workers}\n${domains.join("")}`,
  );
  const main = fileURLToPath(new URL("../../src/main.ts", import.meta.url));
  const profiling = profile === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const args = [...profiling, main, "serve", "--config", config, "--dns", dns];
  const child = startLogging(folder.path, process.execPath, args);
  return started({ name: "assay", title: "Assay", folder, children: [child], ports: [port] });
}

async function startOpendkim({ dnsAddress }: FilterOptions): Promise<Filter> {
  const folder = newFolder("load-opendkim");
  const [dkimPort = 0, dmarcPort = 0] = await freePorts(2);
  const file = (name: string, lines: readonly string[]): string => {
    const path = join(folder.path, name);
    writeFileSync(path, `${lines.join("\n")}\n`);
    return path;
  };
  // Its DNS library cannot be configured from a file safely under load; it takes addresses, without ports.
  const opendkim = file("opendkim.conf", [
    `Mode v\nSocket inet:${dkimPort}@127.0.0.1\nAuthservID ${authservId}\nNameservers ${dnsAddress}`,
    "Syslog no\nAlwaysAddARHeader yes\nAutoRestart no\nBackground no\nInternalHosts /dev/null",
  ]);
  const opendmarc = file("opendmarc.conf", [
    `Socket inet:${dmarcPort}@127.0.0.1\nAuthservID ${authservId}\nTrustedAuthservIDs ${authservId}\nIgnoreHosts /dev/null`,
    "SPFIgnoreResults true\nSPFSelfValidate true\nRejectFailures false\nRequiredHeaders false\nSyslog false\nAutoRestart false",
    "PublicSuffixList /usr/share/publicsuffix/public_suffix_list.dat",
  ]);
  // libspf2 and libopendmarc know no DNS servers but the system's.
  const resolver = { name: "resolv.conf", at: "/etc/resolv.conf" };
  file(resolver.name, [`nameserver ${dnsAddress}`]);
  const children = [
    startLogging(folder.path, "/usr/sbin/opendkim", ["-f", "-x", opendkim]),
    startInside(folder.path, { files: [resolver], command: ["/usr/sbin/opendmarc", "-f", "-c", opendmarc.replace(folder.path, "/mnt")] }),
  ];
  return started({ name: "opendkim", title: "opendkim + opendmarc", folder, children, ports: [dkimPort, dmarcPort] });
}

async function startRspamd({ dns, workers }: FilterOptions): Promise<Filter> {
  const folder = newFolder("load-rspamd");
  const [port = 0] = await freePorts(1);
  const config = join(folder.path, "rspamd.conf");
  mkdirSync(join(folder.path, "db"));
  writeFileSync(config, rspamdConfig(folder.path, { port, dns, workers }));
  const child = startLogging(folder.path, "/usr/bin/rspamd", ["-f", "-i", "-c", config]);
  return started({ name: "rspamd", title: "rspamd", folder, children: [child], ports: [port] });
}

type RspamdSetup = { readonly port: number; readonly dns: string; readonly workers: number };

/** None of Debian's rules, maps, lists or statistics: nothing of it would be asked of the other filters, and much of it asks the Internet. */
function rspamdConfig(folder: string, { port, dns, workers }: RspamdSetup): string {
  const plugins = ["spf", "dmarc", "arc", "milter_headers"].map((name) => `path = "/usr/share/rspamd/plugins/${name}.lua";`);
  return `options {
  filters = "dkim";
  cache_file = "${folder}/db/symbols.cache";
  dns { timeout = 5s; retransmits = 2; nameserver = ["${dns}:1"]; }
  dns_max_requests = 64;
  url_tld = "/usr/share/rspamd/effective_tld_names.dat";
  local_addrs = [];
  hs_cache_dir = "${folder}/db/";
  control_socket = "${folder}/db/rspamd.sock mode=0600";
  pidfile = "${folder}/db/rspamd.pid";
  task_timeout = 30s;
}
logging { type = "file"; filename = "${folder}/rspamd.log"; level = "notice"; }
worker "rspamd_proxy" {
  bind_socket = "127.0.0.1:${port}";
  milter = yes;
  timeout = 60s;
  upstream "local" { default = yes; self_scan = yes; }
  count = ${workers};
}
actions { reject = null; add_header = null; greylist = null; }
group "policies" { .include "/etc/rspamd/scores.d/policies_group.conf" }
modules { ${plugins.join(" ")} }
dkim { }
spf { }
dmarc { }
arc { }
milter_headers {
  use = ["authentication-results"];
  skip_local = false; skip_authenticated = false;
  routines { authentication-results { header = "Authentication-Results"; } }
}
`;
}

type Starting = {
  readonly name: FilterName;
  readonly title: string;
  readonly folder: { readonly path: string; remove(): void };
  readonly children: readonly Child[];
  readonly ports: readonly number[];
};

/** Ready when something answers at each port. */
async function started({ name, title, folder, children, ports }: Starting): Promise<Filter> {
  const logFile = join(folder.path, "output");
  const log = () => (existsSync(logFile) ? readFileSync(logFile, "utf8") : "");
  const said = () => `${log()}${children.map((child) => child.output()).join("")}`.slice(-2000);
  const stop = async () => {
    await Promise.all(children.map((child) => child.stop()));
    folder.remove();
  };
  try {
    for (const port of ports) {
      const isReady = () => {
        if (children.some((child) => !child.isRunning)) throw new Error(`${title} has ended: ${said()}`);
        return answers(port);
      };
      await until(isReady, { about: () => `${title} does not answer at port ${port}: ${said()}`, seconds: startSeconds });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { name, title, ports, pids: () => children.flatMap(({ pid }) => familyOf(pid)), log, stop };
}

/** What it writes goes into a file: a reader would take processor time from those that are measured. */
function startLogging(folder: string, program: string, args: readonly string[]): Child {
  const script = 'log="$1"; shift; exec "$@" >"$log" 2>&1';
  return startChild("/bin/sh", { args: ["-c", script, "sh", join(folder, "output"), program, ...args], env: { NODE_ENV: "production" } });
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.on("error", () => resolve(false));
    socket.on("connect", () => socket.end(() => resolve(true)));
  });
}

/** rspamd compiles the whole public suffix list first. */
const startSeconds = 180;
