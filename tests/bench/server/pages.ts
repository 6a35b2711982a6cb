/** What a run's page asks of the server: the run, its deviations and its first events. */
import type { LocalRegistry } from "../../../npm/local-registry.ts";
import type { Recording } from "../../corpus/recording.ts";
import { median } from "./figures.ts";
import { publish, RUNNER } from "./ingest.ts";
import { readyRun } from "./load.ts";
import type { ServerProcess } from "./process.ts";

export interface PageTimes {
  events: number;
  /** Milliseconds: of all parts together, one after the other, as a client waits. */
  minimum: number;
  median: number;
  /** Median of the first opened pages, by a server that has opened none before. */
  firstMedian: number;
  /** Median of each part. */
  parts: Record<string, number>;
}

/** Events of a piece; a longer run is the same piece over and over. */
const PIECE = 1000;
const FIRST_EVENTS = 1000;

/** Uploads a run of so many events and times its page. */
export async function benchPage(
  server: ServerProcess,
  registry: LocalRegistry,
  { recording, events, rounds }: { recording: Recording; events: number; rounds: number },
): Promise<PageTimes> {
  const run = readyRun(recording, PIECE, 40_000 + events / PIECE);
  const pieces = events / PIECE;
  const segments = Array.from({ length: pieces }, () => run.segments).flat();
  await publish(registry, run.package, "1.0.0");
  await server.runner.registerRunner(RUNNER);
  await server.admin.submitScan({ package: run.package, version: "1.0.0" });
  const lease = await server.runner.lease({ runner: RUNNER.name, wait_ms: 0 });
  if (lease === undefined) throw new Error("there was no run to lease");
  for (const [seq, segment] of segments.entries()) {
    await server.runner.putSegment(lease.run_id, lease.lease, seq, segment);
  }
  await server.runner.putResult(lease.run_id, lease.lease, { ...run.result, events, segments: segments.length });

  const path = `/v1/runs/${lease.run_id}`;
  const parts: Record<string, string> = {
    run: path,
    deviations: `/v1/deviations?run=${lease.run_id}`,
    events: `${path}/events?limit=${FIRST_EVENTS}`,
  };
  const times = new Map<string, number[]>(["all", ...Object.keys(parts)].map((part) => [part, []]));
  const first: number[] = [];
  for (let round = -WARM_UP; round < rounds; round++) {
    let all = 0;
    for (const [part, target] of Object.entries(parts)) {
      const start = performance.now();
      const response = await fetch(server.url + target, { headers: { authorization: `Bearer ${server.adminToken}` } });
      await response.arrayBuffer();
      const time = performance.now() - start;
      if (!response.ok) throw new Error(`${target} answered ${response.status}`);
      all += time;
      if (round >= 0) times.get(part)?.push(time);
    }
    if (round >= 0) times.get("all")?.push(all);
    else if (first.length < FIRST) first.push(all);
  }
  const of = (part: string): number[] => times.get(part) ?? [];
  return {
    events,
    minimum: Math.min(...of("all")),
    median: median(of("all")),
    firstMedian: median(first),
    parts: Object.fromEntries(Object.keys(parts).map((part) => [part, median(of(part))])),
  };
}

// --- internal ---

/** Pages that are opened before it counts, until the code that makes them is compiled. */
const WARM_UP = 300;
/** Those of them that a person would wait for first. */
const FIRST = 20;
