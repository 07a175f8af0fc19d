/**
 * The service with all that watches it: log, metrics, the breaker before DNS, the store's health, what is held. One process's parts, put
 * together; where there are several processes, the store is the first one's, and metrics are those of all.
 */
import type { Config } from "../config/schema.ts";
import type { Resolver } from "../dns/resolver.ts";
import type { LeftByMessage } from "../doors/cli/jobs.ts";
import type { ResolverChoice } from "../doors/cli/ports.ts";
import { version } from "../gateway/version.ts";
import type { Memory, MemoryHealth } from "../memory/memory.ts";
import { type Breaker, openBreaker } from "../system/breaker.ts";
import { joinObservers } from "../system/joined-observers.ts";
import { listenAt, listenBeside } from "../system/listening.ts";
import type { Log } from "../system/log.ts";
import { type Metrics, openMetrics } from "../system/metrics.ts";
import type { Held } from "../system/metrics-state.ts";
import { type Daemon, openDaemon } from "./daemon.ts";
import { openDoors } from "./doors.ts";
import { watchHeld } from "./held-watch.ts";
import { recordingTo } from "./left.ts";
import type { ServeMeans } from "./serve-means.ts";
import type { PrimaryLink } from "./worker-link.ts";

export type Watched = {
  readonly daemon: Daemon;
  /** This process's metrics, for the first process to join. */
  readonly part: () => Promise<unknown>;
  readonly close: () => Promise<void>;
};

export type Surroundings = {
  readonly config: Config;
  readonly choice: ResolverChoice;
  readonly log: Log;
  /** To the first process; null: this is the only one. */
  readonly link: PrimaryLink | null;
};

export async function openWatched({ config, choice, log, link }: Surroundings, means: ServeMeans): Promise<Watched> {
  const { clock, random, hostName, readFile } = means;
  const parts: Parts = { daemon: null, memory: null, held: null };
  const breaker = openBreaker({ clock, onChange: (state) => breakerChanged(state, log, metrics) });
  const metrics: Metrics = openMetrics({
    version,
    inFlight: () => parts.daemon?.inFlight ?? 0,
    store: () => parts.memory?.health() ?? null,
    breaker: () => breaker.state,
    held: () => parts.held,
    logLost: () => log.lost,
  });
  const resolver: Resolver = await means.openResolver(choice, { breaker, onAnswered: metrics.onAnswered, onCache: metrics.onCache });
  const memory = await openStore(config, link, means);
  parts.memory = memory;
  const http = {
    metrics: link === null ? () => metrics.text() : () => link.metrics(),
    ready: async () => readiness(parts, breaker, worse(parts.memory?.health() ?? null, await storeOf(link))),
    clock,
  };
  parts.daemon = await openDaemon(config, {
    ...{ resolver, memory, clock, random, hostName, log },
    observer: joinObservers([log.observer, metrics.observer]),
    onConnection: metrics.onConnection,
    onFault: () => metrics.onFault(),
    listen: link === null ? listenAt : listenBeside,
    openDoors: (current, door) => openDoors(current, door, { version, hostName, readFile, http }),
  });
  // One process looks at the queue: where there are several, the first.
  const watching =
    link === null ? watchHeld(() => parts.daemon?.config ?? config, { clock, log, tell: (held) => (parts.held = held) }) : null;
  const { daemon } = parts;
  return {
    daemon,
    part: () => metrics.json(),
    close: async () => {
      watching?.();
      await daemon.close();
      metrics.close();
      log.close();
    },
  };
}

type Parts = { daemon: Daemon | null; memory: Memory | null; held: Held | null };

function breakerChanged(state: "closed" | "open", log: Log, metrics: Metrics): void {
  metrics.onBreaker(state);
  if (state === "open") log.error({}, "DNS does not answer at all: it is hardly asked until it does; mail cannot be decided meanwhile");
  else log.info({}, "DNS answers again");
}

function openStore(config: Config, link: PrimaryLink | null, means: ServeMeans): Promise<Memory | null> {
  const { url } = config.memory;
  if (url === null) return Promise.resolve(null);
  if (link !== null && url.kind === "sqlite")
    return means.openReading(
      url,
      recordingTo((left: LeftByMessage) => link.leave(left)),
    );
  return means.openMemory(url, config.policy.local_suffixes, { days: config.journal.days, bytesMax: config.journal.bytes_max });
}

function storeOf(link: PrimaryLink | null): Promise<MemoryHealth | null> {
  const unheard = (error: Error): MemoryHealth => ({ status: "degraded", why: error.message, waiting: 0, dropped: 0 });
  return link === null ? Promise.resolve(null) : link.store().catch(unheard);
}

/** Of the store as this process reads it, and as the first one writes it. */
function worse(reading: MemoryHealth | null, writing: MemoryHealth | null): MemoryHealth | null {
  return reading?.status === "degraded" ? reading : (writing ?? reading);
}

type Readiness = { readonly name: string; readonly ok: boolean; readonly why: string | null };

/** Fit to take mail? Where DNS is down every message would be put off or go unchecked. A store that fails stops no mail, and is told of. */
function readiness({ daemon }: Parts, breaker: Breaker, health: MemoryHealth | null): readonly Readiness[] {
  const isAnswered = breaker.state === "closed";
  return [
    { name: "doors", ok: daemon !== null, why: daemon === null ? "not open yet" : null },
    { name: "dns", ok: isAnswered, why: isAnswered ? null : "DNS does not answer" },
    { name: "store", ok: health === null || health.status === "ok", why: health?.why ?? null },
    { name: "configuration", ok: daemon?.refused == null, why: daemon?.refused ?? null },
  ];
}
