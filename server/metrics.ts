/** What Prometheus reads. prom-client's default metrics mean nothing on Bun, so there is a registry of our own. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { RUN_STATES } from "../protocol/models.ts";
import type { Database } from "./store/open.ts";
import { isFinal } from "./run-state.ts";
import { countRunsByState } from "./store/runs.ts";
import { earliestDue } from "./store/watches.ts";

export interface Metrics {
  events: Counter<"type">;
  runs: Counter<"verdict">;
  deviations: Counter<"category" | "severity">;
  analysisSeconds: Histogram;
  polls: Counter<"outcome">;
  releases: Counter<"cause">;
  notifications: Counter<"target_kind" | "outcome">;
  /** The exposition text, with the queue as it is now. */
  expose(db: Database): Promise<{ type: string; text: string }>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const queue = new Gauge({
    name: "fangs_queue_depth",
    help: "Runs by state, final ones left out.",
    labelNames: ["state"],
    registers,
  });
  const lag = new Gauge({
    name: "fangs_watcher_lag_seconds",
    help: "How long the watched package that waits longest to be looked at has been due.",
    registers,
  });
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
    analysisSeconds: new Histogram({
      name: "fangs_analysis_duration_seconds",
      help: "From the stored trace to the stored verdict.",
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers,
    }),
    async expose(db) {
      const counts = new Map((await countRunsByState(db)).map(({ state, count }) => [state, count]));
      for (const state of RUN_STATES.filter((state) => !isFinal(state))) queue.set({ state }, counts.get(state) ?? 0);
      lag.set(Math.max(0, Date.now() - ((await earliestDue(db)) ?? Date.now())) / 1000);
      return { type: registry.contentType, text: await registry.metrics() };
    },
  };
}
