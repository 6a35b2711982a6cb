import { type NpmConfig, readNpmConfig } from "../npm/config.ts";
import { createRegistryClient, type RegistryClient } from "../npm/registry.ts";
import { createDiffer, warmUp } from "../differ-wasm/host.ts";
import { analyserOn } from "./analysis/analyse.ts";
import { listEvents } from "./analysis/events.ts";
import { processTree } from "./analysis/tree.ts";
import { type RunningServer, startServer } from "./app.ts";
import type { ListenerOptions } from "./listeners.ts";
import type { RulesInForce } from "./services.ts";
import type { RetentionPolicy } from "./retention/plan.ts";
import type { BucketOptions } from "./traces/bucket.ts";
import type { WatchOptions } from "./watcher/watch.ts";
import { embeddedCore } from "../differ-wasm/embedded.ts";

export interface OrchestratorOptions extends ListenerOptions {
  dataDir: string;
  /** `sqlite:<path>` or `postgres://…`; absent: a file in the data directory. */
  store?: string;
  /** The bucket for traces; absent: in the store. */
  traces?: BucketOptions;
  /** How long traces are kept, and how many bytes of them. */
  retention?: RetentionPolicy;
  /** The operator's rules at the start; absent: none. */
  rules?: RulesInForce;
  /** How long a stop waits for what is in flight, ms. */
  drainMs?: number;
  /** How long it takes requests before that, ms. */
  drainDelayMs?: number;
  /** Requests a second of one token; 0: no limit. */
  requestsPerSecond?: number;
  /** Most bytes of a run's trace. */
  traceLimit?: number;
  /** How often each watched package is looked at, and how many requests a second that may take; absent: none is. */
  polling?: Pick<WatchOptions, "intervalMs" | "rate" | "feed">;
  /** Where registries are; npm's own configuration if not given. */
  npm?: NpmConfig;
  /** Where people reach the dashboard, and below which folder notifiers may write files; absent: unknown, and `notify` in the data directory. */
  notify?: { publicUrl?: string; filesDir?: string };
  /** Absent: the one that npm's own configuration names. */
  registry?: RegistryClient;
}

/** The orchestrator with everything that belongs to it: the store, the API and analysis by the embedded core. */
export function startOrchestrator(options: OrchestratorOptions): Promise<RunningServer> {
  const differ = createDiffer(embeddedCore());
  // Beside whatever else begins, so that the first run is analysed as fast as those after it.
  void warmUp(differ, { background: true });
  const { polling, npm = readNpmConfig(), ...rest } = options;
  const watch = polling === undefined ? {} : { watch: { npm, ...polling } };
  const registry = options.registry ?? createRegistryClient(npm);
  return startServer({ ...rest, ...watch, registry, analyse: analyserOn(differ), listEvents, processTree });
}
