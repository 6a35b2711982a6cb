/** From the first upload to the last stored verdict, with several runs in flight. */
import type { Lease } from "../../../protocol/models.ts";
import type { LocalRegistry } from "../../../npm/local-registry.ts";
import type { Recording } from "../../corpus/recording.ts";
import { type ReadyRun, readyRun } from "./load.ts";
import { type ServerProcess, type Usage, usageOf } from "./process.ts";

export interface IngestOptions {
  recordings: readonly Recording[];
  /** Timed runs. */
  runs: number;
  /** Packages they are spread over; each has its baseline before. */
  packages: number;
  events: number;
  /** Runs in flight. */
  clients: number;
}

export interface IngestReport {
  runs: number;
  events: number;
  /** With those of the runs that seeded the packages before. */
  eventsStored: number;
  seconds: number;
  eventsPerSecond: number;
  verdicts: Record<string, number>;
  /** What the server used for it. */
  usage: Usage;
}

/** Stands for all runners. */
export const RUNNER = {
  name: "bench",
  modes: ["registry" as const],
  image: "bench",
  probes: [],
  concurrency: 64,
  version: "bench",
};

/** Publishes, seeds and submits before the clock starts; leasing a run, as every runner does, is timed with it. */
export async function benchIngest(
  server: ServerProcess,
  registry: LocalRegistry,
  options: IngestOptions,
): Promise<IngestReport> {
  const { recordings, packages, runs, events, clients } = options;
  const ready = new Map<string, ReadyRun>();
  for (let index = 0; index < packages; index++) {
    const recording = recordings[index % recordings.length];
    if (recording === undefined) throw new Error("no recordings were given");
    const run = readyRun(recording, events, index);
    ready.set(run.package, run);
  }
  await server.runner.registerRunner(RUNNER);
  const rounds = Math.ceil(runs / packages);
  for (let round = 0; round <= rounds; round++) {
    for (const name of ready.keys()) await publish(registry, name, versionOf(round));
  }
  for (const name of ready.keys()) await server.admin.submitScan({ package: name, version: versionOf(0) });
  await drain(server, ready, clients);
  for (let left = runs, round = 1; left > 0; round++) {
    for (const name of [...ready.keys()].slice(0, left)) {
      await server.admin.submitScan({ package: name, version: versionOf(round) });
    }
    left -= packages;
  }

  const before = await usageOf(server.pid);
  const start = performance.now();
  const verdicts = await drain(server, ready, clients);
  const seconds = (performance.now() - start) / 1000;
  const after = await usageOf(server.pid);
  return {
    runs,
    events: runs * events,
    eventsStored: (runs + packages) * events,
    seconds,
    eventsPerSecond: Math.round((runs * events) / seconds),
    verdicts,
    usage: { ...after, cpuSeconds: after.cpuSeconds - before.cpuSeconds },
  };
}

/** Publishes an empty release. */
export async function publish(registry: LocalRegistry, name: string, version: string): Promise<void> {
  await registry.publish({ "package.json": JSON.stringify({ name, version }), "index.js": "module.exports = 1;\n" });
}

// --- internal ---

function versionOf(round: number): string {
  return `1.${round}.0`;
}

/** Leases, uploads and ends runs until there are no more; counts the verdicts. */
async function drain(
  { runner }: ServerProcess,
  ready: ReadonlyMap<string, ReadyRun>,
  clients: number,
): Promise<Record<string, number>> {
  const verdicts: Record<string, number> = {};
  const client = async (): Promise<void> => {
    for (let lease = await next(); lease !== undefined; lease = await next()) {
      const { run_id, lease: held } = lease;
      const run = ready.get(lease.package);
      if (run === undefined) throw new Error(`a run of ${lease.package} was leased, which was not submitted`);
      for (const [seq, segment] of run.segments.entries()) await runner.putSegment(run_id, held, seq, segment);
      const { verdict, state } = await runner.putResult(run_id, held, run.result);
      const key = verdict ?? state;
      verdicts[key] = (verdicts[key] ?? 0) + 1;
    }
  };
  const next = (): Promise<Lease | undefined> => runner.lease({ runner: RUNNER.name, wait_ms: 0 });
  await Promise.all(Array.from({ length: clients }, client));
  return verdicts;
}
