/** What Prometheus reads. prom-client's default metrics mean nothing on Bun, so there is a registry of our own. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { statfsSync } from "node:fs";
import { addProcessMetrics } from "./metrics-process.ts";
import { addStoreMetrics } from "./metrics-store.ts";
import { type RetentionMetrics, retentionMetrics } from "./retention/metrics.ts";
import type { Database } from "./store/open.ts";

export interface Metrics {
  events: Counter<"type">;
  dropped: Counter<"cause">;
  runs: Counter<"verdict">;
  deviations: Counter<"category" | "severity">;
  runSeconds: Histogram;
  analysisSeconds: Histogram;
  polls: Counter<"outcome">;
  releases: Counter<"cause">;
  notifications: Counter<"target_kind" | "outcome">;
  httpSeconds: Histogram<"method" | "route" | "status">;
  bucketSeconds: Histogram<"operation" | "outcome">;
  retention: RetentionMetrics;
  /** The exposition text, with the store as it is now; `now` is ms UTC. */
  expose(db: Database, now: number): Promise<{ type: string; text: string }>;
}

/** Labels are of a bounded number: states, verdicts, categories, causes, and routes by their pattern. */
export function createMetrics(options: { dataDir?: string } = {}): Metrics {
  const registry = new Registry();
  const registers = [registry];
  addProcessMetrics(registry);
  const collect = addStoreMetrics(registry);
  const { dataDir } = options;
  if (dataDir !== undefined) addDiskMetrics(registry, dataDir);
  return {
    polls: new Counter({
      name: "fangs_watcher_polls_total",
      help: "Looks at watched packages, by what came of them.",
      labelNames: ["outcome"],
      registers,
    }),
    releases: new Counter({
      name: "fangs_watcher_releases_total",
      help: "Releases that the watcher saw, by why they are new.",
      labelNames: ["cause"],
      registers,
    }),
    events: new Counter({
      name: "fangs_events_received_total",
      help: "Events received from runners.",
      labelNames: ["type"],
      registers,
    }),
    dropped: new Counter({
      name: "fangs_events_dropped_total",
      help: "Events that runners lost, by cause; each makes its run inconclusive.",
      labelNames: ["cause"],
      registers,
    }),
    runs: new Counter({
      name: "fangs_runs_total",
      help: "Runs analysed, by verdict; failed: the analysis failed.",
      labelNames: ["verdict"],
      registers,
    }),
    deviations: new Counter({
      name: "fangs_deviations_total",
      help: "Deviations found.",
      labelNames: ["category", "severity"],
      registers,
    }),
    notifications: new Counter({
      name: "fangs_notifications_total",
      help: "Attempts to send a message, by the notifier's template and how they ended; retried: it is tried again.",
      labelNames: ["target_kind", "outcome"],
      registers,
    }),
    runSeconds: new Histogram({
      name: "fangs_run_duration_seconds",
      help: "From a run's start on a runner to its end there.",
      buckets: [1, 2, 5, 10, 20, 40, 80, 160, 320, 640],
      registers,
    }),
    httpSeconds: new Histogram({
      name: "fangs_http_request_duration_seconds",
      help: "From a request to its answer; a long poll is as long as it waits.",
      labelNames: ["method", "route", "status"],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 30],
      registers,
    }),
    bucketSeconds: new Histogram({
      name: "fangs_bucket_request_duration_seconds",
      help: "From a request to the bucket of the traces to its answer; failed: it did not answer, refused, or lacks the object.",
      labelNames: ["operation", "outcome"],
      buckets: [0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    analysisSeconds: new Histogram({
      name: "fangs_analysis_duration_seconds",
      help: "From the stored trace to the stored verdict.",
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    retention: retentionMetrics(registry),
    async expose(db, now) {
      await collect(db, now);
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}

// --- internal ---

function addDiskMetrics(registry: Registry, dataDir: string): void {
  const free = new Gauge({
    name: "fangs_data_dir_free_bytes",
    help: "Room that is left on the disk of the data directory.",
    registers: [registry],
    collect() {
      const { bavail, bsize } = statfsSync(dataDir);
      free.set(bavail * bsize);
    },
  });
}
