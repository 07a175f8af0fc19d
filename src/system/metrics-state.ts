/** Metrics of what is the case now: connections, messages in flight, the store, the breaker, what is held. Read when they are asked for. */
import { Counter, Gauge, type Registry } from "prom-client";
import type { DoorMeans } from "../gateway/dialogue/door.ts";
import type { MemoryHealth } from "../memory/memory.ts";
import type { BreakerState } from "./breaker.ts";

/** What waits in the mail server's queue to be released. */
export type Held = { readonly messages: number; readonly oldestSeconds: number };

type StateSources = {
  readonly inFlight?: (() => number) | undefined;
  readonly store?: (() => MemoryHealth | null) | undefined;
  readonly breaker?: (() => BreakerState) | undefined;
  readonly held?: (() => Held | null) | undefined;
  readonly logLost?: (() => number) | undefined;
};

export function stateMetrics(registry: Registry, sources: StateSources): { readonly onConnection: DoorMeans["onConnection"] } {
  const { inFlight, store, breaker, held, logLost } = sources;
  const read = { registry, worst: "max" } as const;
  asked(read, "assay_messages_in_flight", "Messages under inspection now.", { value: () => inFlight?.() ?? 0, joined: "sum" });
  asked(read, "assay_dns_breaker_open", "1: the resolver is held to be down, and is hardly asked.", {
    value: () => (breaker?.() === "open" ? 1 : 0),
  });
  asked(read, "assay_store_degraded", "1: the store does not do all of its work; the readiness page says why.", {
    value: () => (store?.()?.status === "degraded" ? 1 : 0),
  });
  asked(read, "assay_store_waiting", "What is still to be written to the store.", { value: () => store?.()?.waiting ?? 0, joined: "sum" });
  total(read, "assay_store_dropped_total", {
    help: "What could not be written to the store and is lost.",
    value: () => store?.()?.dropped ?? 0,
  });
  asked(read, "assay_held_messages", "Messages that wait to be released.", { value: () => held?.()?.messages ?? 0 });
  asked(read, "assay_held_oldest_seconds", "Age of the oldest of them.", { value: () => held?.()?.oldestSeconds ?? 0 });
  total(read, "assay_log_lost_total", { help: "Lines of the log that nobody read in time.", value: () => logLost?.() ?? 0 });
  return { onConnection: connections(registry) };
}

function connections(registry: Registry): DoorMeans["onConnection"] {
  const labelNames = ["door", "listener"] as const;
  const open = new Gauge({ name: "assay_connections", help: "Connections that are open now.", labelNames, registers: [registry] });
  const events = new Counter({
    name: "assay_connections_total",
    help: "Connections that were taken, and those that were one too many.",
    labelNames: [...labelNames, "outcome"],
    registers: [registry],
  });
  return (event, { name, listener }) => {
    const labels = { door: name, listener };
    switch (event) {
      case "opened":
        open.inc(labels);
        events.inc({ ...labels, outcome: "opened" });
        return;
      case "closed":
        open.dec(labels);
        return;
      case "refused":
        events.inc({ ...labels, outcome: "refused" });
        return;
      default:
        event satisfies never;
    }
  };
}

type Read = { readonly registry: Registry; readonly worst: "max" };

/** `joined`: how the values of several processes become one; the worst, if not said. */
function asked(
  { registry, worst }: Read,
  name: string,
  help: string,
  { value, joined = worst }: { readonly value: () => number; readonly joined?: "sum" | "max" },
): void {
  new Gauge({
    name,
    help,
    aggregator: joined,
    registers: [registry],
    collect() {
      this.set(value());
    },
  });
}

/** A count that somebody else keeps. */
function total({ registry }: Read, name: string, { help, value }: { readonly help: string; readonly value: () => number }): void {
  new Counter({
    name,
    help,
    registers: [registry],
    collect() {
      this.reset();
      this.inc(value());
    },
  });
}
