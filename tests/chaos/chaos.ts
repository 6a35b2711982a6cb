/** Two orchestrators, three runners and a Postgres, all of which are killed, hung, cut off and slowed down while scans are done. */
import { createClient } from "../../protocol/client.ts";
import { toFangsError } from "../../protocol/errors.ts";
import { openStore } from "../../server/store/open.ts";
import { migrate } from "../../server/store/migrate.ts";
import { startCluster } from "../stores/postgres.ts";
import { check, type Findings } from "./check.ts";
import { BAD, GOOD } from "./packages.ts";
import { type Orchestrator, orchestrator, runner } from "./processes.ts";

export interface ChaosOptions {
  scans: number;
  packages: number;
  /** The same seed does the same harm in the same order. */
  seed: number;
  /** Longest time between two harms. */
  pauseMs: number;
  /** When it must have settled. */
  limitMs: number;
  tell?: (line: string) => void;
}

export interface ChaosReport {
  taken: number;
  harms: Record<string, number>;
  /** Attempts that were lost with their runner or their lease. */
  retried: number;
  seconds: number;
  findings: Findings;
  /** Runs by the orchestrator's runner that did them. */
  spread: Record<string, number>;
}

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const started = performance.now();
  const { tell = () => {} } = options;
  const random = seeded(options.seed);
  await using cluster = await startCluster();
  await cluster.admin.unsafe("create database fangs");
  const store = new URL(cluster.url("fangs"));
  const db = openStore(store.href);
  await migrate(db);
  await using first = await orchestrator("orchestrator 1", store);
  await using second = await orchestrator("orchestrator 2", store);
  await until(
    () => Promise.all([first, second].map(isUp)).then((up) => up.every(Boolean)),
    60_000,
    "both orchestrators",
  );
  await using one = await runner("runner-1", first);
  await using two = await runner("runner-2", second);
  await using three = await runner("runner-3", first);

  const runners = [one, two, three];
  const servers = [first, second];
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const harms: Record<string, () => Promise<void>> = {
    "an orchestrator killed": () => pick(servers).kill(),
    "a runner killed": () => pick(runners).kill(),
    async "Postgres killed"() {
      await cluster.kill();
      await Bun.sleep(random() * 700);
      await cluster.start();
    },
    "an orchestrator hung for 2 s": () => pick(servers).hang(2000),
    async "the network of a runner cut"() {
      const { network } = pick(runners);
      network.cut();
      await Bun.sleep(500 + random() * 3000);
      network.mend();
    },
    async "the network to Postgres cut"() {
      const { database } = pick(servers);
      database.cut();
      await Bun.sleep(500 + random() * 2000);
      database.mend();
    },
    async "a slow database"() {
      for (const { database } of servers) database.slow(15);
      await Bun.sleep(2000);
      for (const { database } of servers) database.slow(0);
    },
  };
  const done: Record<string, number> = {};
  const settled = new AbortController();
  const harming = (async () => {
    while (!settled.signal.aborted) {
      await Bun.sleep(random() * options.pauseMs);
      const name = pick(Object.keys(harms));
      await harms[name]!();
      done[name] = (done[name] ?? 0) + 1;
      tell(name);
    }
  })();

  const taken: string[] = [];
  const deadline = started + options.limitMs;
  const submitAll = async (version: string, count: number): Promise<void> => {
    for (let i = 0; i < count; i++) {
      for (;;) {
        if (performance.now() > deadline) throw new Error("the time for submitting is over");
        const server = pick(servers);
        try {
          const admin = createClient({ url: server.url, token: server.token("admin") });
          taken.push((await admin.submitScan({ package: `package-${i % options.packages}`, version })).id);
          break;
        } catch (thrown) {
          // Not taken on, or taken on without a word: then there is one scan more than were counted.
          const { code } = toFangsError(thrown);
          if (
            !["server_unreachable", "database_unavailable", "database", "pending", "stopping", "not_ready"].includes(
              code,
            )
          )
            throw thrown;
          await Bun.sleep(100);
        }
      }
    }
  };
  const isIdle = async (): Promise<boolean> => {
    try {
      const open = ["queued", "leased", "running", "analysing", "controlling"] as const;
      return (await db.query.selectFrom("run").select("id").where("state", "in", open).limit(1).execute()).length === 0;
    } catch {
      return false;
    }
  };
  const bad = Math.floor(options.scans / 10);
  try {
    await submitAll(GOOD, options.scans - bad);
    await until(isIdle, deadline - performance.now(), "the good releases");
    await submitAll(BAD, bad);
    await until(isIdle, deadline - performance.now(), "the bad releases");
  } catch (error) {
    tell(String(error));
    for (const { name, log } of [...servers, ...runners]) tell(`${name}:\n${log().slice(-1500)}`);
  } finally {
    settled.abort();
    await harming;
  }
  const findings = await check(db, taken);
  const runs = await db.query.selectFrom("run").select(["runner", "attempt"]).execute();
  await db.close();
  const spread: Record<string, number> = {};
  for (const run of runs) spread[run.runner ?? "nobody"] = (spread[run.runner ?? "nobody"] ?? 0) + 1;
  return {
    taken: taken.length,
    harms: done,
    retried: runs.reduce((sum, run) => sum + run.attempt - 1, 0),
    seconds: Math.round((performance.now() - started) / 1000),
    findings,
    spread,
  };
}

// --- internal ---

async function isUp(server: Orchestrator): Promise<boolean> {
  return fetch(`${server.url}/v1/ready`).then(
    (response) => response.ok,
    () => false,
  );
}

async function until(done: () => Promise<boolean>, ms: number, what: string): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await Bun.sleep(100);
  }
}

/** Numbers from 0 to 1 that the seed decides (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}
