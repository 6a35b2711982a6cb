import { afterAll, describe, expect, test } from "bun:test";
import { type Daemon, daemon, place, simplePackage, unavailable, until } from "./support.ts";
import type { RunDetail } from "../../protocol/models.ts";
import type { Job } from "../../protocol/queue.ts";
import type { Runner } from "../../protocol/requests.ts";

/** Installs for this long. */
const slow = (seconds: number) => ({ scripts: { postinstall: `sleep ${seconds}` } });

describe.skipIf(unavailable !== undefined)("processes that are told to end in the middle of a scan", () => {
  const here = place();
  afterAll(() => here[Symbol.asyncDispose]());
  const name = `signal-test-${process.pid}`;

  const serve = (): Promise<Daemon> => daemon(["serve", "--listen", here.listen], here.env, "serving");
  const runner = (grace: string): Promise<Daemon> =>
    daemon(["runner", "--runner-id", name, "--grace", grace], here.env, "waits for jobs");
  const json = async <T>(...args: string[]): Promise<T> => {
    const { stdout, stderr } = await here.run(...args, "--json");
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout) as T;
  };
  const show = async (id: string): Promise<RunDetail> => (await json<{ run: RunDetail }>("run", "show", id)).run;
  const jobs = async (): Promise<Job[]> => (await json<{ jobs: Job[] }>("job", "list")).jobs;
  const standing = async (): Promise<string | undefined> =>
    (await json<{ runners: Runner[] }>("runner", "list")).runners.find((one) => one.name === name)?.state;
  const submit = async (packageName: string): Promise<string> => {
    const args = ["scan", "submit", "-package", packageName, "-version", "1.0.0"];
    return (await json<{ scan: { runs: { id: string }[] } }>(...args)).scan.runs[0]!.id;
  };
  const isContained = (id: string): boolean =>
    Bun.spawnSync(["docker", "ps", "-q", "--filter", `label=dev.fangs.run=${id}`]).stdout.length > 0;
  const begun = async (id: string): Promise<void> => {
    await until(() => isContained(id), 60_000, "the container");
    await Bun.sleep(1500); // in the middle of the install
  };

  test("a runner within its time of grace ends the scan it has, then exits with 0", async () => {
    await here.publish(simplePackage("ends", "1.0.0", slow(4)));
    await using _ = await serve();
    const first = await runner("2m");
    const id = await submit("ends");
    await begun(id);
    expect(await first.stop()).toBe(0);
    const run = await show(id);
    expect([run.state, run.verdict, run.attempt]).toEqual(["done", "seeded", 1]);
    expect(await standing()).toBe("stopped");
  }, 240_000);

  test("a runner whose time of grace is over hands the scan back and exits with 0; the next does it, as the same attempt", async () => {
    await here.publish(simplePackage("handed-back", "1.0.0", slow(8)));
    await using _ = await serve();
    const first = await runner("1s");
    const id = await submit("handed-back");
    await begun(id);
    const told = performance.now();
    expect(await first.stop()).toBe(0);
    expect(performance.now() - told).toBeLessThan(30_000);
    expect(isContained(id)).toBe(false);
    expect((await jobs()).map(({ run_id, state, attempt }) => [run_id, state, attempt])).toEqual([[id, "waiting", 1]]);

    await using second = await runner("2m");
    await until(async () => (await show(id)).state === "done", 120_000, "the run's end");
    const run = await show(id);
    expect([run.verdict, run.attempt, run.result!.losses]).toEqual(["seeded", 1, []]);
    expect(second.pid).not.toBe(0);
  }, 300_000);

  test("a server leaves the scan to its runner, and the next server has the result, once", async () => {
    await here.publish(simplePackage("served", "1.0.0", slow(6)));
    const first = await serve();
    await using worker = await runner("2m");
    const id = await submit("served");
    await begun(id);
    expect(await first.stop()).toBe(0);
    await using _ = await serve();
    await until(async () => (await show(id)).state === "done", 120_000, "the run's end");
    const run = await show(id);
    expect([run.verdict, run.attempt]).toEqual(["seeded", 1]);
    expect((await json<{ runs: unknown[] }>("run", "list", "--package", "served")).runs).toHaveLength(1);
    expect(worker.pid).not.toBe(0);
  }, 300_000);

  test("a runner that is drained by its operator ends the scan it has, takes no other, and its process ends", async () => {
    await here.publish(simplePackage("drained", "1.0.0", slow(4)));
    await using _ = await serve();
    const first = await runner("2m");
    const id = await submit("drained");
    await begun(id);
    expect((await here.run("runner", "drain", name)).stdout).toBe(`the runner ${name} is draining; it holds a run\n`);
    const late = await submit("drained");
    await until(async () => (await standing()) === "stopped", 120_000, "the runner's end");
    // It has ended by itself: the signal finds nobody, and the exit code is its own.
    expect(await first.stop()).toBe(0);
    expect((await show(id)).state).toBe("done");
    expect((await jobs()).map(({ run_id, blocked }) => [run_id, blocked])).toEqual([
      [late, `The runner ${name} is stopped.`],
    ]);
    await here.run("run", "cancel", late);
  }, 300_000);
});
