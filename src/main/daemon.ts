/**
 * The service in one process: resolver, store, journey and the doors that the configuration opens. It is made of parts that others hold the
 * logic of; here they meet, are read anew when the configuration changes, and are closed in the order in which mail needs them.
 */
import { ConfigInForce, describeReload } from "../config/reload.ts";
import type { Config } from "../config/schema.ts";
import type { Clock, Resolver } from "../dns/resolver.ts";
import { openService } from "../gateway/dialogue/dialogue.ts";
import type { Door, DoorMeans } from "../gateway/dialogue/door.ts";
import type { Observer, Rules } from "../gateway/dialogue/journey.ts";
import type { Memory } from "../memory/memory.ts";
import type { Log } from "../system/log.ts";
import { rulesOf } from "./settings.ts";

export type DaemonMeans = {
  readonly resolver: Resolver;
  readonly memory: Memory | null;
  readonly clock: Clock;
  readonly random: () => number;
  readonly hostName: () => string;
  readonly log: Log;
  readonly observer: Observer;
  readonly onConnection: DoorMeans["onConnection"];
  /** Counts a fault of ours outside any message. */
  readonly onFault: () => void;
  readonly openDoors: OpenDoors;
  readonly listen: DoorMeans["listen"];
};

/** Opens what `config.listen` names; habits of a door are asked anew for each connection. */
export type OpenDoors = (config: () => Config, means: DoorMeans) => Promise<readonly Door[]>;

export interface Daemon {
  readonly doors: readonly Door[];
  readonly inFlight: number;
  /** In force now. */
  readonly config: Config;
  /** The configuration file as it is now; a mistake in it leaves the old one in force. */
  offer(text: string, file: string): void;
  /** Why the file that was offered last is not in force; null: it is. */
  readonly refused: string | null;
  /** Ends it: no new connection, what is under way is finished. */
  close(): Promise<void>;
}

export async function openDaemon(config: Config, means: DaemonMeans): Promise<Daemon> {
  const { resolver, memory, clock, random, hostName, log, observer, onConnection, listen } = means;
  const inForce = new ConfigInForce(config);
  const service = openService({ resolver, clock, random, memory, observer, rules: currentRules(inForce, hostName) });
  const onFault: DoorMeans["onFault"] = (error, where) => {
    means.onFault();
    log.error({ err: error, where }, "a fault of ours");
  };
  const doors = await means.openDoors(() => inForce.current.config, { service, listen, onFault, onConnection });
  for (const { name, listener, place } of doors) log.info({ door: name, listener, place }, "listening");
  return {
    doors,
    get inFlight() {
      return service.inFlight;
    },
    get config() {
      return inForce.current.config;
    },
    offer: (text, file) => offer(inForce, { text, file }, log),
    get refused() {
      return inForce.refused === null ? null : inForce.refused.map(({ path }) => path).join(", ");
    },
    close: async () => {
      const graceMs = inForce.current.config.serve.drain_seconds * 1000;
      await Promise.all(doors.map((door) => door.close(graceMs)));
      await memory?.close();
    },
  };
}

/** Made once for each configuration, and not for each message. */
function currentRules(inForce: ConfigInForce, hostName: () => string): () => Rules {
  let made: { readonly generation: number; readonly rules: Rules } | null = null;
  return () => {
    const { config, generation } = inForce.current;
    if (made?.generation !== generation) made = { generation, rules: rulesOf(config, hostName) };
    return made.rules;
  };
}

function offer(inForce: ConfigInForce, { text, file }: { readonly text: string; readonly file: string }, log: Log): void {
  const offered = inForce.offer(Buffer.from(text));
  const [message = "", ...lines] = describeReload(offered);
  log[offered.kind === "refused" ? "error" : "info"]({ file, lines: lines.map((line) => line.trim()) }, message);
}
