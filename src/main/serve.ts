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
import { clearSocket, ListenFault } from "../system/listening.ts";
import { type Log, openLog } from "../system/log.ts";
import { onOrders } from "./orders.ts";
import type { ServeMeans } from "./serve-means.ts";
import { settingsOf } from "./settings.ts";
import { openWatched, type Watched } from "./watched.ts";
import { primaryLink } from "./worker-link.ts";
import { runPrimary } from "./workers.ts";

export async function serve(options: ServeOptions, means: ServeMeans): Promise<ExitStatus> {
  const file = fileOf(options);
  const config = configOf(file, means);
  const places = placesOf(config);
  if (places.length === 0) throw new UsageError(`${file} opens no door; write for example\n  [listen]\n  milter = "inet:127.0.0.1:8891"`);
  const log = openLog(config.log.level);
  try {
    if (!cluster.isWorker) for (const place of places) await clearSocket(place);
    if (config.serve.workers > 1 && !cluster.isWorker) return await runPrimary(config, { file, log, means });
    return await serveHere({ file, config, options, log }, means);
  } catch (error) {
    throw error instanceof ListenFault ? new UsageError(error.message) : error;
  }
}

type Serving = { readonly file: string; readonly config: Config; readonly options: ServeOptions; readonly log: Log };

/** In this process. */
async function serveHere({ file, config, options, log }: Serving, means: ServeMeans): Promise<ExitStatus> {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  let watched: Watched | null = null;
  const reload = (): void => watched?.daemon.reload(file);
  process.on("uncaughtException", (error) => {
    log.error({ err: error }, "an error that nobody caught: this process ends");
    log.close();
    process.exit(3);
  });
  const link = cluster.isWorker ? primaryLink({ drain: end, reload, part: async () => (await watched?.part()) ?? null }) : null;
  watched = await openWatched({ config, log, link, choice: resolverChoice(options, settingsOf(config)) }, means);
  const { daemon } = watched;
  // In a worker the first process says when to read anew.
  const stopped = onOrders({ file, reload: link === null ? reload : () => {}, end, abandon: () => process.exit(0) });
  link?.ready();
  log.info({ version, pid: process.pid, places: daemon.doors.map(({ place }) => place) }, "ready");
  await ended;
  log.info({ inFlight: daemon.inFlight }, "ending: no new connections, what is under way is finished");
  await watched.close();
  await link?.flush();
  stopped();
  log.info({}, "ended");
  log.close();
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

function configOf(file: string, { readFile }: ServeMeans): Config {
  const loaded = loadConfig(readFile(file, "configuration file"));
  if (loaded.ok) return loaded.config;
  throw new UsageError(`configuration file ${file}:${loaded.errors.map((error) => `\n  ${formatConfigError(error)}`).join("")}`);
}

function placesOf({ listen }: Config): readonly Parameters<typeof clearSocket>[0][] {
  const inet = [listen.smtp?.address, listen.submission_smtp?.address, listen.http].flatMap((at) =>
    at == null ? [] : [{ kind: "inet" as const, ...at }],
  );
  return [...[listen.milter, listen.submission_milter].filter((at) => at !== null), ...inet];
}
