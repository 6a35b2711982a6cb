/**
 * How soon the next orchestrator finds a release when the leader is killed or hangs: `bun tests/e2e/takeover.ts [rounds]`
 * prints the times; ends with 1 where one was longer than the watch interval and 10 s.
 */
import { table } from "../../cli/output.ts";
import { end, type Fleet, startFleet, WATCH_INTERVAL_MS } from "./fleet.ts";
import { simplePackage, until } from "./support.ts";

const LIMIT_MS = WATCH_INTERVAL_MS + 10_000;
const rounds = Number(process.argv[2] ?? 7);

type Signal = "SIGKILL" | "SIGSTOP";

/** From the signal to another leader, and from the publication, which is at the same moment, to the queued run; ms. */
async function round(fleet: Fleet, signal: Signal, name: string): Promise<{ led: number; found: number }> {
  await fleet.here.publish(simplePackage(name, "1.0.0"));
  await fleet.servers[0].client.addPackage({ name, seed: 0 });
  const watch = () => fleet.db.query.selectFrom("watch").select("seen").where("package", "=", name).executeTakeFirst();
  await until(async () => ((await watch())?.seen ?? null) !== null, 60_000, "the first look");
  const [leading, next] = await fleet.leader("watcher");
  // The renewal of the lease and the look at the package are at any moment.
  await Bun.sleep(Math.random() * WATCH_INTERVAL_MS);

  const began = performance.now();
  process.kill(leading.process().pid, signal);
  await fleet.here.publish(simplePackage(name, "1.0.1"));
  const { promise: led, resolve } = Promise.withResolvers<number>();
  void (async () => {
    while ((await fleet.leader("watcher"))[0] !== next) await Bun.sleep(10);
    resolve(performance.now() - began);
  })();
  const run = () => fleet.db.query.selectFrom("run").select("id").where("package", "=", name).executeTakeFirst();
  await until(async () => (await run()) !== undefined, 60_000, `${name} 1.0.1`);
  const found = performance.now() - began;
  const times = { led: await led, found };

  await end(leading.process());
  await leading.start();
  await fleet.servers[0].client.removePackage(name);
  return times;
}

function row(what: string, times: number[]): string[] {
  const sorted = times.toSorted((a, b) => a - b);
  const seconds = (ms: number | undefined): string => ((ms ?? Number.NaN) / 1000).toFixed(1);
  return [what, String(sorted.length), ...[0, sorted.length >> 1, sorted.length - 1].map((at) => seconds(sorted[at]))];
}

const rows: string[][] = [];
let longest = 0;
await using fleet = await startFleet();
for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
  const all: { led: number; found: number }[] = [];
  for (let n = 0; n < rounds; n++) all.push(await round(fleet, signal, `${signal.toLowerCase()}-${n}`));
  rows.push(
    row(
      `${signal}: another leader`,
      all.map(({ led }) => led),
    ),
  );
  rows.push(
    row(
      `${signal}: the release found`,
      all.map(({ found }) => found),
    ),
  );
  longest = Math.max(longest, ...all.map(({ found }) => found));
}
const titles = ["SECONDS", "TIMES", "LEAST", "MEDIAN", "MOST"];
process.stdout.write(
  `${table(
    titles.map((title) => ({ title })),
    rows,
  ).join("\n")}\n`,
);
process.exitCode = longest > LIMIT_MS ? 1 : 0;
