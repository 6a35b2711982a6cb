import type { ServerBenchReport } from "./bench.ts";
import type { IngestReport } from "./ingest.ts";

/** Figures by stable names; times are medians, as a client waits. null: not measured, and `reasons` says why. */
export function serverFigures(report: ServerBenchReport): Record<string, unknown> {
  const { sqlite, postgres, pages, hunt, bytesPerEvent, polling } = report;
  const reasons: Record<string, string> = {};
  if (typeof postgres === "string") reasons["server.ingest_postgres_eps"] = postgres;
  return {
    "server.bytes_per_event": round(bytesPerEvent),
    "server.ingest_sqlite_eps": sqlite.eventsPerSecond,
    "server.ingest_postgres_eps": typeof postgres === "string" ? null : postgres.eventsPerSecond,
    "server.ingest_sqlite_cpu_s": round(sqlite.usage.cpuSeconds),
    "server.ingest_postgres_cpu_s": typeof postgres === "string" ? null : round(postgres.usage.cpuSeconds),
    "server.ingest_sqlite_peak_mb": round(sqlite.usage.peakRssBytes / 1e6),
    ...Object.fromEntries(pages.map(({ events, median }) => [`server.run_page_${events}_ms`, round(median)])),
    ...Object.fromEntries(pages.map(({ events, minimum }) => [`server.run_page_${events}_min_ms`, round(minimum)])),
    ...Object.fromEntries(
      pages.map(({ events, firstMedian }) => [`server.run_page_${events}_first_ms`, round(firstMedian)]),
    ),
    "server.hunt_p95_ms": round(hunt.p95),
    "server.hunt_median_ms": round(hunt.median),
    "server.hunt_fingerprints": hunt.fingerprints,
    [`server.poll_${polling.packages}_s`]: round(polling.seconds),
    [`server.poll_${polling.packages}_unchanged_s`]: round(polling.unchanged.seconds),
    "server.poll_cores": round(polling.cores),
    "server.poll_rate": polling.rate,
    "server.poll_busiest_second": polling.busiestSecond,
    reasons,
  };
}

/** Three tables as rows of cells. */
export function serverRows({ sqlite, postgres, pages, hunt, bytesPerEvent, polling }: ServerBenchReport): {
  ingest: string[][];
  pages: string[][];
  hunt: string[][];
  notes: string[];
} {
  const ingest = (name: string, { runs, eventsPerSecond, usage, seconds, verdicts }: IngestReport): string[] => [
    name,
    runs.toLocaleString("en"),
    eventsPerSecond.toLocaleString("en"),
    usage.cpuSeconds.toFixed(1),
    ((usage.cpuSeconds / seconds) * 100).toFixed(0),
    (usage.peakRssBytes / 1e6).toFixed(0),
    Object.entries(verdicts)
      .map(([verdict, count]) => `${count} ${verdict}`)
      .join(", "),
  ];
  return {
    ingest: [ingest("SQLite", sqlite), ...(typeof postgres === "string" ? [] : [ingest("Postgres", postgres)])],
    pages: pages.map(({ events, minimum, median, firstMedian, parts }) => [
      events.toLocaleString("en"),
      minimum.toFixed(1),
      median.toFixed(1),
      firstMedian.toFixed(1),
      Object.entries(parts)
        .map(([part, time]) => `${part} ${time.toFixed(1)}`)
        .join(", "),
    ]),
    hunt: [
      ...Object.entries(hunt.kinds).map(([kind, time]) => [kind, time.toFixed(1)]),
      ["all, 95th percentile", hunt.p95.toFixed(1)],
    ],
    notes: [
      `${polling.packages.toLocaleString("en")} watched packages looked at in ${polling.seconds.toFixed(1)} s (${polling.unchanged.seconds.toFixed(1)} s where nothing is new), with ${polling.cores.toFixed(2)} processors; ${polling.rate} requests a second at most, ${polling.busiestSecond} in the busiest`,
      `${bytesPerEvent.toFixed(1)} bytes of the database per event: ${((bytesPerEvent * 1.5e6) / 1e6).toFixed(0)} MB for 1,500,000`,
      ...(typeof postgres === "string" ? [`Postgres was not measured: ${postgres}`] : []),
    ],
  };
}

export const INGEST_TITLES = ["STORE", "RUNS", "EVENTS/S", "SERVER CPU s", "CPU %", "PEAK MB", "VERDICTS"] as const;
export const PAGE_TITLES = ["EVENTS", "MINIMUM ms", "MEDIAN ms", "FIRST 20 ms", "PARTS"] as const;
export const HUNT_TITLES = ["HUNT", "MEDIAN ms"] as const;

// --- internal ---

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
