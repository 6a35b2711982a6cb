/** What retention takes away, and what is left. */
import { Counter, Gauge, type Registry } from "prom-client";

export type RetentionMetrics = ReturnType<typeof retentionMetrics>;

export function retentionMetrics(registry: Registry) {
  const registers = [registry];
  return {
    removed: new Counter({
      name: "fangs_retention_removed_total",
      help: "What was removed: traces of runs, and objects of the bucket that no row stood for.",
      labelNames: ["kind"],
      registers,
    }),
    bytes: new Counter({
      name: "fangs_retention_removed_bytes_total",
      help: "Bytes of it.",
      labelNames: ["kind"],
      registers,
    }),
    batch: new Gauge({
      name: "fangs_retention_longest_batch_seconds",
      help: "The longest transaction of the last sweep.",
      registers,
    }),
    swept: new Gauge({
      name: "fangs_retention_last_sweep_timestamp_seconds",
      help: "When the last sweep of this server ended; 0: another server leads, or none was done.",
      registers,
    }),
    stored: new Gauge({
      name: "fangs_trace_bytes",
      help: "Bytes of all traces after the last sweep of this server, compressed.",
      registers,
    }),
  };
}
