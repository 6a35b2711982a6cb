/** What signals.test.ts and kills.test.ts show of one server and one runner, here of several: who takes over, and that nobody does it twice. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Run } from "../../protocol/models.ts";
import { HEADERS } from "../../protocol/requests.ts";
import { unavailable as noPostgres } from "../stores/postgres.ts";
import { result, segment } from "../server/support.ts";
import { type Fleet, startFleet } from "./fleet.ts";
import { type Daemon, simplePackage, unavailable, until } from "./support.ts";

/** Does a little, then sleeps for this long. */
const slow = (seconds: number) => ({ scripts: { postinstall: `cat /etc/hostname; sleep ${seconds}` } });

describe.skipIf(unavailable !== undefined || noPostgres !== undefined)("two servers and three runners", () => {
  let fleet: Fleet;
  let runners: Daemon[];
  /** Told of what the registry is asked for. */
  let asked: (path: string) => void = () => {};
  beforeAll(async () => {
    fleet = await startFleet((request, path) => {
      if (request.method === "GET") asked(path);
      return undefined;
    });
    const [one, two] = fleet.servers;
    runners = await Promise.all([
      fleet.runner("runner-1", one, "--grace", "1s"),
      fleet.runner("runner-2", two, "--grace", "1s"),
      fleet.runner("runner-3", one, "--grace", "1s"),
    ]);
  }, 240_000);
  afterAll(() => fleet[Symbol.asyncDispose](), 60_000);

  const runsOf = (name: string): Promise<{ id: string; version: string; state: string; runner: string | null }[]> =>
    fleet.db.query
      .selectFrom("run")
      .select(["id", "version", "state", "runner"])
      .where("package", "=", name)
      .where("kind", "!=", "control")
      .execute();
  const finished = async (id: string): Promise<Run> => {
    const serving = fleet.servers.find((one) => one.isServing)!;
    await until(async () => (await serving.client.run(id)).state === "done", 180_000, `the end of ${id}`);
    return serving.client.run(id);
  };
  const submit = async (server: number, name: string): Promise<string> =>
    (await fleet.servers[server]!.client.submitScan({ package: name, version: "1.0.0" })).runs[0]!.id;
  const found = async (version: string): Promise<void> =>
    until(async () => (await runsOf("watched")).some((run) => run.version === version), 60_000, version);

  test("scans spread over all runners, and each is done once, by one, with one verdict", async () => {
    await fleet.here.publish(simplePackage("watched", "1.0.0", slow(1)));
    await fleet.servers[0].client.addPackage({ name: "watched", seed: 1 });
    const names = ["spread-a", "spread-b", "spread-c", "twin"];
    for (const name of names) await fleet.here.publish(simplePackage(name, "1.0.0", slow(1)));
    // One of them to both servers at once.
    const ids = await Promise.all([...names, "twin"].map((name, index) => submit(index % 2, name)));
    const runs = await Promise.all(ids.map(finished));
    expect([...new Set(runs.map((run) => run.runner))].toSorted()).toEqual(["runner-1", "runner-2", "runner-3"]);
    expect(runs.map((run) => run.verdict).toSorted()).toEqual(["clean", "seeded", "seeded", "seeded", "seeded"]);
    const { db } = fleet;
    for (const run of runs) {
      expect(run.attempt).toBe(1);
      const segments = await db.query
        .selectFrom("trace_segment")
        .select(["seq", "events"])
        .where("run_id", "=", run.id)
        .orderBy("seq")
        .execute();
      expect(segments.map(({ seq }) => seq)).toEqual(segments.map((_, index) => index));
      expect(segments.reduce((sum, one) => sum + one.events, 0)).toBe(run.events);
    }
    for (const name of names) {
      expect(await runsOf(name)).toHaveLength(name === "twin" ? 2 : 1);
      const own = db.query.selectFrom("baseline_version").select("run_id").where("package", "=", name);
      const seeded = runs.find((run) => run.package === name && run.verdict === "seeded");
      expect(await own.execute()).toEqual([{ run_id: seeded!.id }]);
      const { entries } = await fleet.servers[1].client.audit({ action: "baseline.seed", subject: name });
      expect(entries).toHaveLength(1);
    }
    await finished((await runsOf("watched"))[0]!.id);
    expect(await db.query.selectFrom("job").selectAll().execute()).toEqual([]);
  }, 300_000);

  test("the leader is killed: the other one finds the next release", async () => {
    const [leading, next] = await fleet.leader("watcher");
    leading.isServing = false;
    await leading.process().kill();
    await fleet.here.publish(simplePackage("watched", "1.0.1", slow(1)));
    await found("1.0.1");
    expect((await fleet.leader("watcher"))[0]).toBe(next);
    await leading.start();
  }, 300_000);

  test("the leader hangs with the news in its hands: the other one takes them, and the first does nothing when it goes on", async () => {
    const [leading, next] = await fleet.leader("watcher");
    const { pid } = leading.process();
    const hung = Promise.withResolvers<void>();
    // The answer with the new release is on its way to who asked, and it is read when it goes on.
    asked = (path) => {
      if (path !== "watched") return;
      asked = () => {};
      process.kill(pid, "SIGSTOP");
      hung.resolve();
    };
    await fleet.here.publish(simplePackage("watched", "1.0.2", slow(1)));
    await hung.promise;
    leading.isServing = false;
    try {
      await found("1.0.2");
      expect((await fleet.leader("watcher"))[0]).toBe(next);
    } finally {
      process.kill(pid, "SIGCONT");
    }
    leading.isServing = true;
    await until(() => leading.process().log().includes("the lead was lost"), 60_000, "the first one to notice");
    // Whoever would do something twice has the time to.
    await fleet.here.publish(simplePackage("watched", "1.0.3", slow(1)));
    await found("1.0.3");
    const runs = await runsOf("watched");
    expect(runs.map(({ version }) => version).toSorted()).toEqual(["1.0.0", "1.0.1", "1.0.2", "1.0.3"]);
    const releases = await fleet.db.query
      .selectFrom("release")
      .select(["version", "run_id"])
      .where("package", "=", "watched")
      .orderBy("version")
      .execute();
    expect(releases.map(({ version }) => version)).toEqual(["1.0.1", "1.0.2", "1.0.3"]);
    for (const { run_id } of releases) expect((await finished(run_id!)).verdict).toBe("clean");
  }, 300_000);

  test("a runner is told to end in the middle of a scan: it exits with 0, and another one does the scan, as the same attempt", async () => {
    await fleet.here.publish(simplePackage("handed-on", "1.0.0", slow(5)));
    const scan = await fleet.servers[0].client.submitScan({ package: "handed-on", version: "1.0.0" });
    const { id } = scan.runs[0]!;
    const row = async () => (await runsOf("handed-on"))[0]!;
    await until(async () => (await row()).state === "running", 60_000, "the run's start");
    const first = (await row()).runner!;
    const told = runners[Number(first.at(-1)) - 1]!;
    expect(await told.stop()).toBe(0);
    expect((await row()).runner).not.toBe(first);
    const run = await finished(id);
    expect([run.verdict, run.attempt]).toEqual(["seeded", 1]);
    expect(run.runner).not.toBe(first);
  }, 300_000);

  test("a server is told to end while a trace is uploaded to it: it takes the whole segment, exits with 0, and the other one takes the rest", async () => {
    const [one, two] = fleet.servers;
    await fleet.here.publish(simplePackage("upload", "1.0.0"));
    const registration = { modes: ["registry" as const], image: "x", probes: [], concurrency: 1, version: "2.0.0" };
    await one.client.registerRunner({ name: "by-hand", ...registration });
    await one.client.submitScan({ package: "upload", version: "1.0.0", runner: "by-hand" });
    const lease = (await one.client.lease({ runner: "by-hand", wait_ms: 10_000 }))!;
    await one.client.heartbeat(lease.run_id, lease.lease);

    const bytes = segment(["/etc/hostname"]);
    const half = Math.floor(bytes.length / 2);
    const rest = Promise.withResolvers<void>();
    const upload = fetch(`http://127.0.0.1:${one.port}/v1/runs/${lease.run_id}/trace/0`, {
      method: "PUT",
      headers: {
        authorization: `Bearer ${one.runnerToken}`,
        [HEADERS.lease]: lease.lease,
        [HEADERS.sha256]: new Bun.CryptoHasher("sha256").update(bytes).digest("hex"),
        "content-type": "application/zstd",
      },
      body: new ReadableStream<Uint8Array>({
        async start(controller) {
          controller.enqueue(bytes.slice(0, half));
          await rest.promise;
          controller.enqueue(bytes.slice(half));
          controller.close();
        },
      }),
    });
    await Bun.sleep(300); // the first half is there
    one.isServing = false;
    const ended = one.process().stop();
    await until(() => one.process().log().includes("stopping"), 30_000, "the server to stop");
    rest.resolve();
    const response = await upload;
    expect([response.status, await ended]).toEqual([200, 0]);

    const run = await two.client.putResult(lease.run_id, lease.lease, result(1));
    // A trace without an install is nothing to compare, but it is whole.
    expect([run.state, run.verdict, run.attempt, run.events]).toEqual(["done", "inconclusive", 1, 1]);
  }, 120_000);
});
