/**
 * `assay serve`: the service in one process, or in several that share its ports (serve.workers). SIGTERM and SIGINT end it after what is
 * under way, with exit status 0; a second one ends it at once. SIGHUP, and a change of the file, read the configuration again. An error that
 * nobody caught ends the process: the mail server then does what its default action says, and whoever watches over us starts us again.
 */
import cluster from "node:cluster";
import { existsSync } from "node:fs";
import { formatConfigError, loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import type { ExitStatus } from "../doors/cli/exit-status.ts";
import { UsageError } from "../doors/cli/ports.ts";
import { resolverChoice } from "../doors/cli/resolver-choice.ts";
import type { ServeOptions } from "../doors/cli/serve.ts";
import { version } from "../gateway/version.ts";
import { clearSocket, ensureFree, ListenFault } from "../system/listening.ts";
import { type Log, openLog } from "../system/log.ts";
import { onOrders, readAgain } from "./orders.ts";
import type { ServeMeans } from "./serve-means.ts";
import { settingsOf } from "./settings.ts";
import { openWatched, type Watched } from "./watched.ts";
import { type PrimaryLink, primaryLink } from "./worker-link.ts";
import { runPrimary } from "./workers.ts";

export async function serve(options: ServeOptions, means: ServeMeans): Promise<ExitStatus> {
  const file = fileOf(options);
  const link = cluster.isWorker ? primaryLink() : null;
  const text = link === null ? readFile(file, means) : await link.config;
  const config = configOf(file, text);
  const places = placesOf(config);
  if (places.length === 0) throw new UsageError(`${file} opens no door; write for example\n  [listen]\n  milter = "inet:127.0.0.1:8891"`);
  const log = openLog(config.log.level);
  // Before it is open, and once it ends, there is nothing to read anew; the system's own answer to this signal would be to kill us.
  process.on("SIGHUP", () => {});
  process.on("uncaughtException", (error) => {
    log.error({ err: error }, "an error that nobody caught: this process ends");
    log.close();
    process.exit(3);
  });
  try {
    if (link === null) for (const place of places) await clearSocket(place);
    if (config.serve.workers > 1 && link === null) {
      await ensureFree(places);
      return await runPrimary(config, { file, text, log, means });
    }
    return await serveHere({ file, config, options, log, link }, means);
  } catch (error) {
    throw error instanceof ListenFault ? new UsageError(error.message) : error;
  }
}

type Serving = {
  readonly file: string;
  readonly config: Config;
  readonly options: ServeOptions;
  readonly log: Log;
  readonly link: PrimaryLink | null;
};

/** In this process. */
async function serveHere({ file, config, options, log, link }: Serving, means: ServeMeans): Promise<ExitStatus> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let watched: Watched | null = null;
  /** Offered while the parts were being opened: each in its turn, as one that is refused leaves the one before in force. */
  const due: string[] = [];
  const offer = (text: string): void => {
    if (watched === null) due.push(text);
    else watched.daemon.offer(text, file);
  };
  link?.obey({ drain: end, reload: offer, part: async () => (await watched?.part()) ?? null });
  // In a worker the first process says when to read anew. From here on a signal is an order, also while the parts are opened.
  const reload = (): void => readAgain(file, { means, log, offer });
  const stopped = onOrders({ file, reload: link === null ? reload : () => {}, end, abandon: () => process.exit(0) });
  watched = await openWatched({ config, log, link, choice: resolverChoice(options, settingsOf(config)) }, means);
  const { daemon } = watched;
  for (const text of due.splice(0)) offer(text);
  link?.ready();
  log.info({ version, pid: process.pid, places: daemon.doors.map(({ place }) => place) }, "ready");
  await ended;
  log.info({ inFlight: daemon.inFlight }, "ending: no new connections, what is under way is finished");
  await watched.close();
  await link?.flush();
  log.info({}, "ended");
  log.close();
  stopped();
  return 0;
}

function fileOf({ config }: ServeOptions): string {
  if (config !== undefined) return config;
  const found = usualPlaces.find((place) => existsSync(place));
  if (found === undefined)
    throw new UsageError(`no configuration: name one with --config, or make one with assay init (looked for ${usualPlaces.join(" and ")})`);
  return found;
}

const usualPlaces: readonly string[] = ["assay.toml", "/etc/assay/assay.toml"];

function readFile(file: string, means: ServeMeans): string {
  return Buffer.from(means.readFile(file, "configuration file")).toString("utf8");
}

function configOf(file: string, text: string): Config {
  const loaded = loadConfig(Buffer.from(text));
  if (loaded.ok) return loaded.config;
  throw new UsageError(`configuration file ${file}:${loaded.errors.map((error) => `\n  ${formatConfigError(error)}`).join("")}`);
}

function placesOf({ listen }: Config): readonly Parameters<typeof clearSocket>[0][] {
  const inet = [listen.smtp?.address, listen.submission_smtp?.address, listen.http].flatMap((at) =>
    at == null ? [] : [{ kind: "inet" as const, ...at }],
  );
  return [...[listen.milter, listen.submission_milter].filter((at) => at !== null), ...inet];
}
