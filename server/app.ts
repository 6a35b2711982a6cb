/** The orchestrator put together: store, operations, routes, socket. */
import { join } from "node:path";
import { readNpmConfig } from "../npm/config.ts";
import { createRegistryClient, type RegistryClient } from "../npm/registry.ts";
import { writeBootstrapTokens } from "./bootstrap-tokens.ts";
import { watchClock } from "./clock.ts";
import { prepareDataDir } from "./data-dir.ts";
import { resumeAnalyses } from "./finish.ts";
import { createFreshTraces } from "./fresh-traces.ts";
import { createGate } from "./gate.ts";
import { runAsLeader } from "./leader.ts";
import { lookAhead } from "./look-ahead.ts";
import { keptTarballs } from "./kept-tarballs.ts";
import { createMetrics } from "./metrics.ts";
import { deliver } from "./notify/deliver.ts";
import { type NotifySettings, notifySettings } from "./notify/settings.ts";
import { type ListenerOptions, openListeners } from "./listeners.ts";
import { logDefect } from "./problem.ts";
import { createPulse } from "./pulse.ts";
import { sweepExpired } from "./queue.ts";
import { NO_RULES } from "./operator-rules-file.ts";
import type { RetentionPolicy } from "./retention/plan.ts";
import { retain } from "./retention/sweep.ts";
import type { Analysis, RulesInForce, Services } from "./services.ts";
import { sharedSignal } from "./signal.ts";
import { storeFailure } from "./store/failure.ts";
import { migrate } from "./store/migrate.ts";
import { openStore } from "./store/open.ts";
import { segmentsOf, TRACE_LIMIT } from "./trace-limit.ts";
import type { BucketOptions } from "./traces/bucket.ts";
import { logBucketFailure, openTraces } from "./traces/open.ts";
import { useRules } from "./use-rules.ts";
import { type WatchOptions, watcher } from "./watcher/watch.ts";

export interface ServerOptions extends Analysis, ListenerOptions {
  dataDir: string;
  /** `sqlite:<path>` or `postgres://…`; fangs.db in the data directory if not given. */
  store?: string;
  /** The bucket for traces; in the store if not given. */
  traces?: BucketOptions;
  /** How long traces are kept, and how many bytes of them; 90 days and any number if not given. */
  retention?: RetentionPolicy;
  /** How often retention looks for what is to go. */
  retainMs?: number;
  /** The registry of npm's configuration if not given. */
  registry?: RegistryClient;
  /** How long a lease lasts without a heartbeat; 30 s if not given. */
  leaseMs?: number;
  /** Delay before each further attempt of a run whose runner was lost; 1 s, 5 s if not given. */
  backoffMs?: readonly number[];
  /** How long a verdict waits for a control run; 5 min if not given. */
  controlMs?: number;
  /** The operator's rules at the start; none if not given. */
  rules?: RulesInForce;
  /** Requests a second of one token, 0: no limit; 1000 if not given. */
  requestsPerSecond?: number;
  /** Most bytes of a run's trace, uncompressed; 1 GiB if not given. */
  traceLimit?: number;
  /** Bytes of traces that are held from their upload to their analysis; 32 MiB if not given. 0: each is read back. */
  freshBytes?: number;
  /** How packages are watched; without it none is. */
  watch?: WatchOptions;
  /** How people are told of verdicts; files of messages lie in `notify` of the data directory if not given. */
  notify?: Partial<Omit<NotifySettings, "due">>;
  /** How often expired leases are looked for. */
  sweepMs?: number;
  /** How long `stop` waits for requests in flight and analyses; 10 s if not given. */
  drainMs?: number;
  /** How long `stop` still takes requests while it answers that it is not ready; not at all if not given. */
  drainDelayMs?: number;
}

export interface RunningServer {
  /** Where it listens, e.g. `http://127.0.0.1:8443`. */
  url: string;
  /** Where runners alone are served; undefined: nowhere. */
  runnerUrl: string | undefined;
  /** Puts other rules in force. */
  useRules(rules: RulesInForce): Promise<void>;
  /** Says that it is not ready, lets requests in flight and analyses end, and closes the store. */
  stop(): Promise<void>;
}

/**
 * Starts the orchestrator: migrates the store, writes the first tokens, analyses what an earlier end left behind, then listens.
 *
 * @throws FangsError usage, database, schema_too_new, address_in_use, bucket_refused
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { dataDir, analyse, listEvents, processTree } = options;
  const registry = options.registry ?? createRegistryClient(readNpmConfig());
  prepareDataDir(dataDir);
  const metrics = createMetrics({ dataDir });
  const traces = await openTraces(options.traces, metrics);
  const db = openStore(options.store ?? `sqlite:${join(dataDir, "fangs.db")}`);
  const stopping = new AbortController();
  const drainMs = options.drainMs ?? 10_000;
  const services: Services = {
    db,
    traces,
    retention: options.retention ?? { days: 90, maxBytes: 0 },
    gate: createGate(db, Date.now, options.requestsPerSecond),
    mostSegments: segmentsOf(options.traceLimit ?? TRACE_LIMIT),
    registry,
    analysis: { analyse, listEvents, processTree },
    metrics,
    pulse: createPulse(),
    jobs: sharedSignal(db, "jobs"),
    watching: sharedSignal(db, "watching"),
    tarballs: keptTarballs(join(dataDir, "tarballs")),
    fresh: createFreshTraces(options.freshBytes),
    leaseMs: options.leaseMs ?? 30_000,
    backoffMs: options.backoffMs ?? [1000, 5000],
    controlMs: options.controlMs ?? 5 * 60_000,
    rules: NO_RULES,
    notify: notifySettings({ filesDir: join(dataDir, "notify"), ...options.notify }),
    analysing: new Map(),
    stopping: stopping.signal,
    now: Date.now,
    clockWatch: watchClock(Date.now),
  };
  try {
    await migrate(db);
    await writeBootstrapTokens(db, dataDir, services.now());
    await useRules(services, options.rules ?? NO_RULES);
    await resumeAnalyses(services).catch(logBucketFailure);
    const http = openListeners(services, options);
    const sweep = startSweep(services, options.sweepMs ?? 1000);
    const watching =
      options.watch === undefined ? undefined : runAsLeader(services, "watcher", watcher(services, options.watch));
    const lookingAhead = runAsLeader(services, "look-ahead", (stop) => lookAhead(services, stop));
    const delivery = runAsLeader(services, "notifications", (stop) => deliver(services, stop));
    const retention = runAsLeader(services, "retention", retain(services, options.retainMs));
    const stop = async (): Promise<void> => {
      stopping.abort();
      await Bun.sleep(options.drainDelayMs ?? 0);
      const until = performance.now() + drainMs;
      const tasks = Promise.all([sweep.stop(), watching, lookingAhead, delivery, retention]);
      await Promise.all([http.stop(drainMs), within(drainMs, tasks)]);
      // What is not analysed by then stays `analysing`: the next start does it.
      await within(Math.max(0, until - performance.now()), Promise.allSettled(services.analysing.values()));
      await db.close();
    };
    let stopped: Promise<void> | undefined;
    return {
      url: http.url,
      runnerUrl: http.runnerUrl,
      useRules: (rules) => useRules(services, rules),
      stop: () => (stopped ??= stop()),
    };
  } catch (error) {
    await db.close();
    throw storeFailure(error) ?? error;
  }
}

// --- internal ---

/** Waits for something, but not longer. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, late]);
  clearTimeout(timer); // the process would wait for it
}

/** Looks for expired leases again and again, never twice at a time. */
function startSweep(services: Services, everyMs: number): { stop(): Promise<void> } {
  const ended = (async () => {
    while (!services.stopping.aborted) {
      try {
        if (await sweepExpired(services)) services.jobs.fire();
        // Runs that waited: for the seeds of their package, or for their control run.
        await resumeAnalyses(services).catch(logBucketFailure);
        services.pulse.beat("sweep");
      } catch (error) {
        logDefect(error);
      }
      await services.jobs.wait(everyMs, services.stopping);
    }
  })();
  return { stop: () => ended };
}
