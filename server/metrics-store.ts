/** What is in the store, looked up whenever Prometheus asks. */
import { Gauge, type Registry } from "prom-client";
import { RUN_STATES } from "../protocol/models.ts";
import { isFinal } from "./run-state.ts";
import type { Database } from "./store/open.ts";
import { countRunners } from "./store/runners.ts";
import { countWaiting, oldestQueued } from "./store/runs.ts";
import { storeBytes } from "./store/size.ts";
import { earliestDue } from "./store/watches.ts";

/** A runner that waits for a job or renews a lease is heard of at least every 25 s. */
const SILENT_MS = 90_000;

/** Looks all of it up and sets the gauges; `now` is ms UTC. */
export type Collect = (db: Database, now: number) => Promise<void>;

export function addStoreMetrics(registry: Registry): Collect {
  const registers = [registry];
  const queue = new Gauge({
    name: "fangs_queue_depth",
    help: "Runs by state, final ones left out.",
    labelNames: ["state"],
    registers,
  });
  const age = new Gauge({
    name: "fangs_queue_age_seconds",
    help: "How long the oldest run that no runner has taken has waited; 0: none waits.",
    registers,
  });
  const runners = new Gauge({
    name: "fangs_runners",
    help: `Runners that are registered; silent: not heard of for ${SILENT_MS / 1000} s; unable: something is in their way.`,
    labelNames: ["state"],
    registers,
  });
  const bytes = new Gauge({
    name: "fangs_store_bytes",
    help: "Size of the database; free: within it, to be used again.",
    labelNames: ["kind"],
    registers,
  });
  const lag = new Gauge({
    name: "fangs_watcher_lag_seconds",
    help: "How long the watched package that waits longest to be looked at has been due.",
    registers,
  });
  return async (db, now) => {
    const counts = new Map((await countWaiting(db)).map(({ state, count }) => [state, count]));
    for (const state of RUN_STATES) if (!isFinal(state)) queue.set({ state }, counts.get(state) ?? 0);
    age.set(Math.max(0, now - ((await oldestQueued(db)) ?? now)) / 1000);
    lag.set(Math.max(0, now - ((await earliestDue(db)) ?? now)) / 1000);
    for (const [state, count] of Object.entries(await countRunners(db, now - SILENT_MS))) runners.set({ state }, count);
    for (const [kind, size] of Object.entries(await storeBytes(db))) bytes.set({ kind }, size);
  };
}
