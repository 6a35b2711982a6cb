import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { RunDetail } from "../../protocol/models.ts";
import { type Agent, startAgent } from "../../runner/agent.ts";
import { connectDocker } from "../../runner/sandbox/docker.ts";
import { until } from "../../runner/sandbox/deadline.ts";
import { LABELS } from "../../runner/sandbox/owner.ts";
import type { RegistryClient } from "../../npm/registry.ts";
import { type TestServer, startTestServer } from "../server/support.ts";
import { type TestRelease, noSandbox, openTestHost, quiet } from "./sandbox/support.ts";

const WAIT_MS = 60_000;

/** Installs for so many seconds. */
function slow(name: string, seconds: number): TestRelease {
  return { manifest: { name, version: "1.0.0", scripts: { postinstall: `sleep ${seconds}` } } };
}

/** What the server asks its registry for: the releases, without their tarballs. */
const registry: RegistryClient = {
  packument: async (name) => ({
    name,
    "dist-tags": { latest: "1.0.0" },
    versions: { "1.0.0": { name, version: "1.0.0", dist: { tarball: "http://registry.test/x.tgz" } } },
  }),
  tarball: () => Promise.reject(new Error("no test needs a tarball")),
};

/** Lets the tests end the sensors' threads as a crash would. */
function watchWorkers(): { threads: Worker[] } & Disposable {
  const Real = globalThis.Worker;
  const threads: Worker[] = [];
  globalThis.Worker = class extends Real {
    constructor(...given: ConstructorParameters<typeof Worker>) {
      super(...given);
      threads.push(this);
    }
  };
  return { threads, [Symbol.dispose]: () => void (globalThis.Worker = Real) };
}

describe.skipIf(noSandbox !== null)("an agent with a server and real sandboxes", () => {
  const stack = new AsyncDisposableStack();
  const workers = stack.use(watchWorkers());
  const told: string[] = [];
  let server: TestServer;
  let agent: Agent;
  beforeAll(async () => {
    const releases = [
      quiet(),
      quiet("other"),
      slow("endless", 100),
      slow("blinded", 4),
      slow("second", 4),
      slow("last", 4),
    ];
    const { host } = stack.use(await openTestHost(releases));
    server = stack.use(await startTestServer({ registry }));
    agent = await startAgent({
      client: server.runner,
      host,
      name: "agent-test",
      version: "0.0.0",
      concurrency: 2,
      tell: (line) => void told.push(line),
    });
  }, 240_000);
  afterAll(async () => {
    await agent?.drain();
    await stack.disposeAsync();
  });

  async function submit(name: string): Promise<string> {
    const { runs } = await server.admin.submitScan({ package: name, version: "1.0.0" });
    return runs[0]!.id;
  }
  async function containers(run: string): Promise<number> {
    const docker = await connectDocker();
    return (await docker.listContainers({ filters: { label: [`${LABELS.run}=${run}`] } })).length;
  }
  /** Waits until the release's own script runs. */
  async function begun(run: string): Promise<void> {
    expect(await until(WAIT_MS, 100, async () => (await containers(run)) === 1)).toBe(true);
    await Bun.sleep(2000);
  }
  async function done(run: string): Promise<RunDetail> {
    const over = async () => ["done", "failed"].includes((await server.admin.run(run)).state);
    expect(await until(WAIT_MS, 100, over)).toBe(true);
    return server.admin.run(run);
  }

  test(
    "ends the scan and removes its container when the lease is lost in the middle",
    async () => {
      const run = await submit("endless");
      await begun(run);
      await server.admin.failRun(run, "the operator changed his mind");
      expect(await until(20_000, 100, async () => (await containers(run)) === 0)).toBe(true);
      expect(await until(5_000, 50, () => told.some((line) => line.startsWith("endless 1.0.0: given up")))).toBe(true);
      expect((await server.admin.run(run)).state).toBe("failed");
    },
    WAIT_MS * 2,
  );

  test(
    "calls runs inconclusive whose sensor died, and watches the next with one new sensor",
    async () => {
      const runs = [await submit("blinded"), await submit("second")];
      await Promise.all(runs.map(begun));
      const before = workers.threads.length;
      workers.threads.at(-1)!.terminate();
      for (const run of await Promise.all(runs.map(done))) {
        expect([run.state, run.verdict, run.result!.status]).toEqual(["done", "inconclusive", "failed"]);
        expect(run.result!.reason).toContain("The sensor's thread ended");
      }
      const next = [await submit("quiet"), await submit("other")];
      for (const { verdict, result } of await Promise.all(next.map(done))) {
        expect([verdict, result!.reason, result!.losses]).toEqual(["seeded", null, []]);
      }
      expect(workers.threads.length).toBe(before + 1);
    },
    WAIT_MS * 2,
  );

  test(
    "drains by finishing the scan in hand and taking no other",
    async () => {
      const run = await submit("last");
      await begun(run);
      const drained = agent.drain();
      const late = await submit("quiet");
      await drained;
      expect((await server.admin.run(run)).verdict).toBe("seeded");
      expect(await containers(run)).toBe(0);
      expect((await server.admin.run(late)).state).toBe("queued");
    },
    WAIT_MS * 2,
  );
});
