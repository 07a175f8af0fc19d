/** Metrics of the process: version, memory, processor time, and how late the event loop is. */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { Counter, Gauge, type Registry } from "prom-client";

export function processMetrics(registry: Registry, version: string): { readonly close: () => void } {
  const registers = [registry];
  new Gauge({ name: "assay_build_info", help: "Always 1, with the version.", labelNames: ["version"], aggregator: "first", registers }).set(
    { version },
    1,
  );
  new Gauge({
    name: "assay_process_start_time_seconds",
    help: "When the process started, in seconds since 1970; of several, the first.",
    aggregator: "min",
    registers,
  }).set(Math.round(Date.now() / 1000 - process.uptime()));
  new Gauge({
    name: "assay_process_resident_memory_bytes",
    help: "Memory that the process has; of several, their sum.",
    registers,
    collect() {
      this.set(process.memoryUsage.rss());
    },
  });
  new Gauge({
    name: "assay_process_heap_bytes",
    help: "Memory that JavaScript's objects use; of several, their sum.",
    registers,
    collect() {
      this.set(process.memoryUsage().heapUsed);
    },
  });
  new Counter({
    name: "assay_process_cpu_seconds_total",
    help: "Processor time that was used.",
    registers,
    collect() {
      const { user, system } = process.cpuUsage();
      this.reset();
      this.inc((user + system) / 1e6);
    },
  });
  return { close: eventLoop(registry) };
}

/** Since it was last read. */
function eventLoop(registry: Registry): () => void {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  new Gauge({
    name: "assay_event_loop_lag_seconds",
    help: "How late the event loop was since the last time this was read: the 99th percentile; of several processes, the worst.",
    aggregator: "max",
    registers: [registry],
    collect() {
      this.set(delay.count === 0 ? 0 : delay.percentile(99) / 1e9);
      delay.reset();
    },
  });
  return () => {
    delay.disable();
  };
}
