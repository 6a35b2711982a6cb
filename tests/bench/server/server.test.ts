import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { TraceCursor } from "../../../protocol/trace.ts";
import { readCorpus } from "../../corpus/recording.ts";
import { benchServer } from "./bench.ts";
import { nameOf, readyRun } from "./load.ts";
import { serverFigures, serverRows } from "./report.ts";

setDefaultTimeout(300_000);

const corpus = readCorpus();
const recordings = ["is-number-7.0.0", "express-4.21.2"].flatMap((name) => corpus.get(name) ?? []);

test("the benchmark takes runs in through the API, opens their pages, hunts, and polls, on a small scale", async () => {
  const report = await benchServer({
    command: [process.execPath, join(import.meta.dir, "..", "..", "..", "cli.ts")],
    recordings,
    sizes: {
      runs: 6,
      packages: 4,
      clients: 2,
      longRun: 3000,
      // As many as its hunts ask for.
      hunted: { packages: 1000, runsOfEach: 2, fingerprintsOfEach: 50 },
      watched: 200,
    },
  });
  expect(report.sqlite).toMatchObject({ runs: 6, events: 6000, verdicts: { clean: 6 } });
  expect(report.sqlite.usage.cpuSeconds).toBeGreaterThan(0);
  expect(report.hunt.fingerprints).toBe(100_000);
  const figures = serverFigures(report);
  for (const key of ["bytes_per_event", "ingest_sqlite_eps", "run_page_1000_ms", "run_page_3000_ms", "hunt_p95_ms"]) {
    expect(figures[`server.${key}`]).toBeNumber();
  }
  expect(figures["server.ingest_postgres_eps"]).toBeNull();
  expect(figures["reasons"]).toEqual({ "server.ingest_postgres_eps": "no --store postgres://… was given" });
  expect(figures["server.poll_200_s"]).toBeGreaterThan(0);
  expect(figures["server.poll_busiest_second"]).toBeLessThanOrEqual(report.polling.rate);
  expect(serverRows(report).ingest).toHaveLength(1);
});

test("a renamed run has as many events, no other package's name, and a name of its own", () => {
  const [recording] = recordings;
  if (recording === undefined) throw new Error("The corpus has no is-number.");
  const run = readyRun(recording, 1000, 7);
  expect(run.package).not.toBe(recording.package);
  expect(run.package).toHaveLength(recording.package.length);
  expect(nameOf("is-number", 7)).not.toBe(nameOf("is-number", 8));
  let events = 0;
  for (const segment of run.segments) {
    const bytes = Buffer.from(Bun.zstdDecompressSync(segment));
    expect(bytes.includes(recording.package)).toBeFalse();
    expect(bytes.includes(run.package)).toBeTrue();
    for (const cursor = new TraceCursor(bytes); cursor.next();) events++;
  }
  expect(events).toBe(1000);
});
