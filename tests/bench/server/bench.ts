/** The benchmark of the orchestrator: the real process, asked through its API by this one. */
import { startLocalRegistry } from "../../../npm/local-registry.ts";
import { toFangsError } from "../../../protocol/errors.ts";
import type { Recording } from "../../corpus/recording.ts";
import { benchHunt, fillStore, type HuntReport, HUNTED } from "./hunt.ts";
import { benchIngest, type IngestReport } from "./ingest.ts";
import { benchPage, type PageTimes } from "./pages.ts";
import { pollMany, type PollManyReport } from "../poll-many.ts";
import { databaseBytes, startServerProcess } from "./process.ts";

export interface ServerBenchOptions {
  /** How this program is started, e.g. the path of the executable. */
  command: readonly string[];
  /** Recorded runs of 1,000 events or more. */
  recordings: readonly Recording[];
  /** `postgres://…` of an empty database to take runs in, besides SQLite; absent: that is left out. */
  postgres?: string;
  sizes?: Partial<BenchSizes>;
  tell?: (line: string) => void;
}

export interface BenchSizes {
  /** Timed runs. */
  runs: number;
  packages: number;
  clients: number;
  /** Events of the long run. */
  longRun: number;
  hunted: Record<keyof typeof HUNTED, number>;
  /** Watched packages. */
  watched: number;
}

export interface ServerBenchReport {
  sqlite: IngestReport;
  /** Of the whole database behind it, by all events taken in. */
  bytesPerEvent: number;
  /** Or why there is none. */
  postgres: IngestReport | string;
  pages: PageTimes[];
  hunt: HuntReport;
  polling: PollManyReport;
}

const SIZES: BenchSizes = { runs: 1500, packages: 100, clients: 8, longRun: 100_000, hunted: HUNTED, watched: 10_000 };
const EVENTS = 1000;

/** @throws Error where the server does not start or anything is not as it should be */
export async function benchServer(options: ServerBenchOptions): Promise<ServerBenchReport> {
  const { command, recordings, tell = () => undefined } = options;
  const sizes = { ...SIZES, ...options.sizes };
  const [recording] = recordings;
  if (recording === undefined) throw new Error("no recordings were given");
  await using registry = startLocalRegistry();
  const load = { recordings, events: EVENTS, ...sizes };
  const start = { command, registry: registry.url };

  tell(`${sizes.runs} runs of ${EVENTS} events into SQLite`);
  const { sqlite, bytes } = await (async () => {
    await using server = await startServerProcess(start);
    const sqlite = await benchIngest(server, registry, load);
    await server.stop();
    return { sqlite, bytes: await databaseBytes(server.dataDir) };
  })();

  const postgres = await (async () => {
    if (options.postgres === undefined) return "no --store postgres://… was given";
    tell("the same into Postgres");
    try {
      await using server = await startServerProcess({ ...start, store: options.postgres });
      return await benchIngest(server, registry, load);
    } catch (thrown) {
      return toFangsError(thrown).message;
    }
  })();

  tell(`the pages of runs of ${EVENTS} and ${sizes.longRun} events`);
  const pages = await (async () => {
    await using server = await startServerProcess(start);
    return [
      await benchPage(server, registry, { recording, events: EVENTS, rounds: 100 }),
      await benchPage(server, registry, { recording, events: sizes.longRun, rounds: 30 }),
    ];
  })();

  tell("filling a store with fingerprints to hunt among");
  await using filled = await startServerProcess(start);
  await filled.stop();
  const fingerprints = fillStore(filled.dataDir, sizes.hunted);
  tell(`hunting among ${fingerprints.toLocaleString("en")} fingerprints`);
  await using server = await startServerProcess({ ...start, store: `sqlite:${filled.dataDir}/fangs.db` });
  const hunt = await benchHunt(server, fingerprints);

  tell(`looking at ${sizes.watched.toLocaleString("en")} watched packages, twice`);
  const polling = await pollMany({ packages: sizes.watched });

  return { sqlite, bytesPerEvent: bytes / sqlite.eventsStored, postgres, pages, hunt, polling };
}
