/**
 * `npm run load [-- --messages 20000] [--connections 64] [--workers 1] [--turns 4] [--part postfix,direct,bodies] [--direct]
 * [--only assay,opendkim,rspamd] [--profile FOLDER] [--json]`: Assay under load, in one run beside OpenDKIM with OpenDMARC and rspamd of
 * Debian's packages, same machine, DNS server and mail. postfix: through Debian's Postfix, with Postfix alone as the floor; direct: over the
 * milter protocol, without a mail server; bodies: 200 connections to Assay that each stream 10 MB. Exit status 1 where Assay is slower
 * than the faster peer, its memory grows or passes its bound, a message is lost, or a verdict is wrong. Needs root, as mail servers do.
 */
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { endWithServers } from "../test/integration/mta/child.ts";
import { without } from "../test/integration/mta/missing.ts";
import { missingServers, startRealDns } from "../test/integration/real-dns.ts";
import { type ContestOptions, direct, openWorld, throughPostfix } from "./load/contest.ts";
import { type FilterName, missingFor, startFilter } from "./load/filters.ts";
import { streamBodies } from "./load/long-bodies.ts";
import { loadMail, signedZone } from "./load/mail.ts";
import { type BodiesFigures, bodiesFigures, bodiesLine, broken, type Part, partFigures, tableOf } from "./load/report.ts";
import { faultOf, outcomeIn } from "./load/verdicts.ts";

const { values: options } = parseArgs({
  options: {
    messages: { type: "string", default: "20000" },
    connections: { type: "string", default: "64" },
    workers: { type: "string", default: "1" },
    turns: { type: "string", default: "4" },
    part: { type: "string", default: "postfix,direct,bodies" },
    direct: { type: "boolean", default: false },
    only: { type: "string", default: "assay,opendkim,rspamd" },
    profile: { type: "string" },
    json: { type: "boolean", default: false },
  },
});
const partNames = options.direct ? ["direct"] : options.part.split(",");
const filters = options.only.split(",").filter(isFilter);
const unknown = [
  ...partNames.filter((name) => !["postfix", "direct", "bodies"].includes(name)),
  ...options.only.split(",").filter((name) => !isFilter(name)),
];
const numbers = [options.messages, options.connections, options.workers, options.turns].map(Number);
if (unknown.length > 0 || numbers.some((number) => !Number.isInteger(number) || number < 1)) {
  console.error(unknown.length > 0 ? `unknown: ${unknown.join(", ")}` : "numbers are whole, and at least 1");
  process.exit(2);
}
const missing = [without("postfix"), missingServers(), ...filters.map(missingFor)].filter((reason) => typeof reason === "string");
if (missing.length > 0) {
  for (const reason of missing) console.error(reason);
  process.exit(2);
}
const contest: ContestOptions = {
  messages: Number(options.messages),
  connections: Number(options.connections),
  workers: Number(options.workers),
  turns: Number(options.turns),
  filters,
  profile: options.profile ?? null,
  onStep: (what) => process.stderr.write(`${what} …\n`),
};
endWithServers(["SIGINT", "SIGTERM"]);
const loadBefore = loadavg()[0] ?? 0;
const parts = await contests();
const bodies = partNames.includes("bodies") && filters.includes("assay") ? await longBodies() : null;
const figures = parts.map(partFigures);
const wrong = broken(parts, figures, bodies);
if (options.json) console.log(JSON.stringify({ ...about(), parts: figures, bodies, wrong }));
else {
  const { cpu, cores, load, node } = about();
  console.log(
    `${cpu}, ${cores} cores, Node ${node}; load before ${load}; ${contest.messages} messages, ${contest.connections} connections, ${contest.workers} workers\n`,
  );
  for (const one of figures) console.log(`${tableOf(one)}\n`);
  if (bodies !== null) console.log(bodiesLine(bodies));
}
for (const one of wrong) console.error(`✗ ${one}`);
process.exitCode = wrong.length > 0 ? 1 : 0;

function isFilter(name: string): name is FilterName {
  return name === "assay" || name === "opendkim" || name === "rspamd";
}

async function contests(): Promise<readonly Part[]> {
  const wanted = partNames.filter((name) => name === "postfix" || name === "direct");
  if (wanted.length === 0) return [];
  const world = await openWorld(contest);
  try {
    const done: Part[] = [];
    if (wanted.includes("postfix")) done.push({ title: "through Postfix", contestants: await throughPostfix(world, contest) });
    if (wanted.includes("direct")) done.push({ title: "direct", contestants: await direct(world, contest) });
    return done;
  } finally {
    await world.close();
  }
}

async function longBodies(): Promise<BodiesFigures> {
  const [connections, megabytesEach] = [200, 10];
  const mail = loadMail({ aVisit: 1, keptEvery: 1, bodyOf: () => ({ body: "base64", bodyBytes: megabytesEach * 1_000_000 }) });
  const [visit] = mail.take(1);
  const dns = await startRealDns(mail.zones, signedZone);
  const filter = await startFilter("assay", { dns: dns.unbound, dnsAddress: "", workers: 1, profile: null });
  try {
    if (visit === undefined) throw new Error("no message");
    const found = await streamBodies(visit, { port: filter.ports[0] ?? 0, pids: filter.pids(), connections });
    const faults = found.verdicts.flatMap((fields) => visit.messages.map((message) => faultOf(message, outcomeIn(fields))));
    return bodiesFigures(found, { connections, megabytesEach, faults: faults.filter((fault) => fault !== null) });
  } finally {
    await filter.stop();
    await dns.close();
  }
}

function about(): { readonly cpu: string; readonly cores: number; readonly node: string; readonly load: string } {
  return { cpu: cpus()[0]?.model ?? "unknown", cores: cpus().length, node: process.version, load: loadBefore.toFixed(2) };
}
