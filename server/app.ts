/** The orchestrator put together: store, operations, routes, socket. */
import { join } from "node:path";
import { readNpmConfig } from "../npm/config.ts";
import { createRegistryClient, type RegistryClient } from "../npm/registry.ts";
import { createRouter } from "./api/router.ts";
import { writeBootstrapTokens } from "./bootstrap-tokens.ts";
import { prepareDataDir } from "./data-dir.ts";
import { resumeAnalyses } from "./finish.ts";
import { listen } from "./http.ts";
import { createMetrics } from "./metrics.ts";
import { logDefect } from "./problem.ts";
import { sweepExpired } from "./queue.ts";
import { readRules } from "./rules-file.ts";
import type { Analysis, Services } from "./services.ts";
import { createSignal } from "./signal.ts";
import { migrate } from "./store/migrate.ts";
import { openStore } from "./store/open.ts";

export interface ServerOptions extends Analysis {
  dataDir: string;
  /** 127.0.0.1:8443 if not given. */
  listen?: { hostname: string; port: number };
  /** `sqlite:<path>`; fangs.db in the data directory if not given. */
  store?: string;
  /** Names that a Host header may carry besides the loopback ones. */
  hosts?: readonly string[];
  /** The registry of npm's configuration if not given. */
  registry?: RegistryClient;
  /** How long a lease lasts without a heartbeat; 30 s if not given. */
  leaseMs?: number;
  /** Delay before each further attempt of a run whose runner was lost; 1 s, 5 s if not given. */
  backoffMs?: readonly number[];
  /** How long a verdict waits for a control run; 5 min if not given. */
  controlMs?: number;
  /** The operator's rules file; without one there are no rules. Read at the start, and again on `reloadRules`. */
  rulesFile?: string;
  /** How often expired leases are looked for. */
  sweepMs?: number;
  /** How long `stop` waits for requests in flight. */
  drainMs?: number;
}

export interface RunningServer {
  /** Where it listens, e.g. `http://127.0.0.1:8443`. */
  url: string;
  /**
   * Reads the rules file again; answers how many rules there are now. A bad file changes nothing.
   *
   * @throws FangsError rules_invalid
   */
  reloadRules(): number;
  /** Lets requests in flight end and closes the store. */
  stop(): Promise<void>;
}

/**
 * Starts the orchestrator: migrates the store, writes the first tokens, analyses what an earlier end left behind, then listens.
 *
 * @throws FangsError usage, database, schema_too_new, address_in_use
 */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { dataDir, analyse, listEvents, processTree } = options;
  const registry = options.registry ?? createRegistryClient(readNpmConfig());
  prepareDataDir(dataDir);
  const db = openStore(options.store ?? `sqlite:${join(dataDir, "fangs.db")}`);
  const stopping = new AbortController();
  const services: Services = {
    db,
    registry,
    analysis: { analyse, listEvents, processTree },
    metrics: createMetrics(),
    jobs: createSignal(),
    leaseMs: options.leaseMs ?? 30_000,
    backoffMs: options.backoffMs ?? [1000, 5000],
    controlMs: options.controlMs ?? 5 * 60_000,
    rules: readRules(options.rulesFile),
    analysing: new Map(),
    stopping: stopping.signal,
    now: Date.now,
  };
  try {
    await migrate(db);
    await writeBootstrapTokens(db, dataDir, services.now());
    await resumeAnalyses(services);
    const http = listen({
      ...(options.listen ?? { hostname: "127.0.0.1", port: 8443 }),
      ...(options.hosts === undefined ? {} : { hosts: options.hosts }),
      handle: createRouter(services),
    });
    const sweep = startSweep(services, options.sweepMs ?? 1000);
    return {
      url: http.url,
      reloadRules() {
        services.rules = readRules(options.rulesFile);
        return services.rules.normalize.length;
      },
      async stop() {
        stopping.abort();
        await sweep.stop();
        await http.stop(options.drainMs ?? 10_000);
        await db.close();
      },
    };
  } catch (error) {
    await db.close();
    throw error;
  }
}

// --- internal ---

/** Looks for expired leases again and again, never twice at a time. */
function startSweep(services: Services, everyMs: number): { stop(): Promise<void> } {
  const ended = (async () => {
    while (!services.stopping.aborted) {
      try {
        if (await sweepExpired(services)) services.jobs.fire();
        // Runs that waited: for the seeds of their package, or for their control run.
        await resumeAnalyses(services);
      } catch (error) {
        logDefect(error);
      }
      await services.jobs.wait(everyMs, services.stopping);
    }
  })();
  return { stop: () => ended };
}
