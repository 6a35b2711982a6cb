import { afterAll, describe, expect, test } from "bun:test";
import { type Daemon, daemon, place, simplePackage, unavailable, until } from "./support.ts";
import type { RunDetail } from "../../protocol/models.ts";

/** Takes long enough to be killed in the middle, and writes many events meanwhile. */
const SLOW = { scripts: { postinstall: "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do cat /etc/hostname; sleep 0.5; done" } };

describe.skipIf(unavailable !== undefined)("killed processes", () => {
  const here = place();
  afterAll(() => here[Symbol.asyncDispose]());

  const serve = (): Promise<Daemon> => daemon(["serve", "--listen", here.listen], here.env, "serving");
  const runner = (): Promise<Daemon> =>
    daemon(["runner", "--runner-id", `kill-test-${process.pid}`], here.env, "waits for jobs");
  const show = async (id: string): Promise<RunDetail> =>
    (JSON.parse((await here.run("run", "show", id, "--json")).stdout) as { run: RunDetail }).run;
  const submit = async (name: string): Promise<string> => {
    const { stdout, stderr } = await here.run("scan", "submit", "-package", name, "-version", "1.0.0", "--json");
    if (stdout === "") throw new Error(stderr);
    return (JSON.parse(stdout) as { scan: { runs: { id: string }[] } }).scan.runs[0]!.id;
  };
  const isContained = (id: string): boolean =>
    Bun.spawnSync(["docker", "ps", "-q", "--filter", `label=dev.fangs.run=${id}`]).stdout.length > 0;
  const done = async (id: string): Promise<boolean> => (await show(id)).state === "done";

  test("a killed runner leaves no container, and its job is done by the next", async () => {
    await here.publish(simplePackage("slow-runner", "1.0.0", SLOW));
    await using server = await serve();
    const first = await runner();
    const id = await submit("slow-runner");
    await until(() => isContained(id), 60_000, "the container");
    await Bun.sleep(1500); // in the middle of the install
    await first.kill();
    await until(() => !isContained(id), 60_000, "the container's end");
    expect((await show(id)).state).not.toBe("done");

    await using second = await runner();
    await until(() => done(id), 90_000, "the run's end");
    const run = await show(id);
    expect([run.verdict, run.attempt]).toEqual(["seeded", 2]);
    expect(run.result!.phases[0]!.exit_code).toBe(0);
    expect([server.pid, second.pid]).not.toContain(0);
  }, 180_000);

  test("a killed server is waited for: nothing is lost and nothing is doubled", async () => {
    await here.publish(simplePackage("slow-server", "1.0.0", SLOW));
    const first = await serve();
    await using worker = await runner();
    const id = await submit("slow-server");
    await until(async () => (await show(id)).state === "running", 30_000, "the run's start");
    await Bun.sleep(2000);
    await first.kill();
    await Bun.sleep(1500);
    await using second = await serve();
    await until(() => done(id), 90_000, "the run's end");
    const run = await show(id);
    expect([run.verdict, run.attempt, run.result!.losses]).toEqual(["seeded", 1, []]);
    expect(run.events).toBe(run.result!.events);
    const list = JSON.parse((await here.run("run", "list", "--package", "slow-server", "--json")).stdout) as {
      runs: unknown[];
    };
    expect(list.runs).toHaveLength(1);
    expect([worker.pid, second.pid]).not.toContain(0);
  }, 180_000);
});
