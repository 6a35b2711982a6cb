import { afterAll, describe, expect, test } from "bun:test";
import { daemon, place, simplePackage, unavailable, until } from "./support.ts";
import type { PackageDetail, Run, RunDetail } from "../../protocol/models.ts";

describe.skipIf(unavailable !== undefined)("a release that is unpublished before a runner comes to it", () => {
  const here = place();
  afterAll(() => here[Symbol.asyncDispose]());
  const runnerName = `unpublished-test-${process.pid}`;

  const json = async <T>(...args: string[]): Promise<T> => {
    const { stdout, stderr } = await here.run(...args, "--json");
    if (stdout === "") throw new Error(stderr);
    return JSON.parse(stdout) as T;
  };
  const detail = async (name: string): Promise<PackageDetail> =>
    (await json<{ package: PackageDetail }>("package", "show", name)).package;

  test("is installed and examined from what the watcher kept", async () => {
    const serve = ["serve", "--listen", here.listen, "--poll-interval", "1s"];
    await using server = await daemon(serve, here.env, "serving");
    await using runner = await daemon(["runner", "--runner-id", runnerName], here.env, "waits for jobs");
    await here.publish(simplePackage("short-lived", "1.0.0"));
    await here.run("package", "add", "short-lived", "--seed", "1");
    await until(async () => (await detail("short-lived")).maturity === 1, 120_000, "the baseline");
    await here.run("runner", "pause", runnerName);

    const files = { "leftover.js": "require('node:fs').writeFileSync('/tmp/short-lived', '')\n" };
    const scripts = { postinstall: "node leftover.js" };
    await here.publish(simplePackage("short-lived", "1.0.1", { scripts }, files));
    await until(async () => (await detail("short-lived")).seen[0]?.tarball_bytes != null, 60_000, "the tarball");
    here.registry.unpublish("short-lived", "1.0.1");
    await here.run("runner", "resume", runnerName);

    const id = (await detail("short-lived")).seen[0]!.run_id!;
    await until(
      async () => (await json<{ run: Run }>("run", "show", id)).run.state === "done",
      180_000,
      "the run's end",
    );
    const { run } = await json<{ run: RunDetail }>("run", "show", id);
    expect([run.version, run.verdict, run.reason === null || !/fail/i.test(run.reason)]).toEqual([
      "1.0.1",
      "deviant",
      true,
    ]);
    expect(run.result!.phases[0]!.exit_code).toBe(0);
    expect(run.release?.unknown).toBeNull();
    expect([server.pid, runner.pid]).not.toContain(0);
  }, 400_000);
});
