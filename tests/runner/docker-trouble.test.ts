/** A runner whose Docker is gone, hangs, or loses a container: by a socket in between, as the daemon is everybody's. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunDetail } from "../../protocol/models.ts";
import { type Agent, startAgent } from "../../runner/agent.ts";
import { until } from "../../runner/sandbox/deadline.ts";
import { connectDocker } from "../../runner/sandbox/docker.ts";
import { LABELS, ownOwner } from "../../runner/sandbox/owner.ts";
import type { RegistryClient } from "../../npm/registry.ts";
import { type Network, network } from "../chaos/proxy.ts";
import { type TestServer, startTestServer } from "../server/support.ts";
import { type TestRelease, noSandbox, openTestHost, quiet } from "./sandbox/support.ts";

const WAIT_MS = 90_000;
const NAME = "docker-trouble";

const slow = (name: string): TestRelease => ({
  manifest: { name, version: "1.0.0", scripts: { postinstall: "sleep 4" } },
});

const registry: RegistryClient = {
  packument: async (name) => ({
    name,
    "dist-tags": { latest: "1.0.0" },
    versions: { "1.0.0": { name, version: "1.0.0", dist: { tarball: "http://registry.test/x.tgz" } } },
  }),
  tarball: () => Promise.reject(new Error("no test needs a tarball")),
};

describe.skipIf(noSandbox !== null)("a runner", () => {
  const stack = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "fangs-test-"));
  stack.defer(() => rmSync(folder, { recursive: true }));
  const told: string[] = [];
  let docker: Network;
  let server: TestServer;
  let agent: Agent;
  beforeAll(async () => {
    const socket = join(folder, "docker.sock");
    docker = stack.use(await network(() => "/var/run/docker.sock", socket));
    const releases = [
      slow("killed"),
      slow("cut"),
      slow("hung"),
      quiet(),
      ...["cut", "hung", "last"].map((name) => quiet(`after-${name}`)),
    ];
    const { host } = stack.use(await openTestHost(releases, { docker: socket, runner: NAME }));
    server = stack.use(await startTestServer({ registry }));
    agent = await startAgent({
      ...{ client: server.runner, host, name: NAME, version: "0.0.0", concurrency: 1 },
      tell: (line) => void told.push(line),
    });
  }, 240_000);
  afterAll(async () => {
    docker?.mend();
    await agent?.drain();
    await stack.disposeAsync();
    // The real daemon, past the socket in between.
    expect(await networks()).toEqual([]);
  }, WAIT_MS);

  const submit = async (name: string): Promise<string> =>
    (await server.admin.submitScan({ package: name, version: "1.0.0" })).runs[0]!.id;
  const containers = async (run: string) =>
    (await connectDocker()).listContainers({ all: true, filters: { label: [`${LABELS.run}=${run}`] } });
  const networks = async () =>
    (await connectDocker()).listNetworks({ filters: { label: [`${LABELS.owner}=${ownOwner(NAME)}`] } });
  /** Waits until the release's own script runs. */
  const begun = async (run: string): Promise<void> => {
    expect(await until(WAIT_MS, 100, async () => (await containers(run)).length === 1)).toBe(true);
    await Bun.sleep(2000);
  };
  const done = async (run: string): Promise<RunDetail> => {
    expect(await until(WAIT_MS, 100, async () => (await server.admin.run(run)).state === "done")).toBe(true);
    return server.admin.run(run);
  };
  const standing = async () => (await server.admin.runners()).runners.find(({ name }) => name === NAME)!;
  const isUnable = () => until(WAIT_MS, 50, async () => (await standing()).state === "unable");
  /** What of a run is still there: its container, and interfaces on this runner's bridge. */
  async function leftovers(run: string): Promise<number> {
    const bridge = (await networks())[0]!.Name;
    const links = await Bun.$`ip -o link show master ${bridge}`.quiet().text();
    return (await containers(run)).length + links.split("\n").filter(Boolean).length;
  }

  test(
    "whose container is killed calls the run inconclusive, and does the next",
    async () => {
      const run = await submit("killed");
      await begun(run);
      const [container] = await containers(run);
      await (await connectDocker()).getContainer(container!.Id).kill();
      const { verdict, attempt, result } = await done(run);
      expect([verdict, attempt, result!.status]).toEqual(["inconclusive", 1, "failed"]);
      expect(result!.reason).toMatch(/^The install failed with /);
      expect(await until(10_000, 50, async () => (await leftovers(run)) === 0)).toBe(true);
      const next = await done(await submit("quiet"));
      expect([next.verdict, next.result!.reason]).toEqual(["seeded", null]);
      expect(told.some((line) => line.startsWith("takes no jobs"))).toBe(false);
    },
    WAIT_MS * 2,
  );

  test.each([
    ["is gone", "cut", () => docker.end()],
    ["hangs", "hung", () => docker.cut()],
  ])(
    "whose Docker %s in the middle of a scan calls the run inconclusive, says so, takes nothing on, and goes on when it is back",
    async (_, name, harm) => {
      told.length = 0;
      const run = await submit(name);
      await begun(run);
      harm();
      const { verdict, attempt, result } = await done(run);
      expect([verdict, attempt, result!.status]).toEqual(["inconclusive", 1, "failed"]);
      expect(result!.reason).toMatch(/Docker|sandbox/);
      // Nothing of the package runs on, though nobody could ask Docker to end it.
      expect(await until(10_000, 50, async () => (await containers(run)).length === 0)).toBe(true);

      expect(await isUnable()).toBe(true);
      expect((await standing()).trouble).toMatch(/^Docker does not answer at .+\/docker\.sock\.$/);
      const waiting = await submit(`after-${name}`);
      const { jobs } = await server.admin.jobs();
      expect(jobs.map(({ run_id, blocked }) => [run_id, blocked])).toEqual([
        [waiting, expect.stringContaining(`The runner ${NAME} is unable: Docker does not answer at `)],
      ]);

      docker.mend();
      const later = await done(waiting);
      expect([later.verdict, later.attempt, later.result!.reason]).toEqual(["seeded", 1, null]);
      expect((await standing()).state).toBe("active");
      expect(told.filter((line) => line.startsWith("takes"))).toEqual([
        expect.stringMatching(/^takes no jobs: Docker does not answer/),
        "takes jobs again",
      ]);
      expect(await until(10_000, 50, async () => (await leftovers(run)) === 0)).toBe(true);
    },
    WAIT_MS * 3,
  );

  test(
    "that gets a job when Docker has just gone hands it back, and it is no attempt",
    async () => {
      // It waits for a job by now.
      expect(await until(WAIT_MS, 50, async () => (await standing()).state === "active")).toBe(true);
      await Bun.sleep(1000);
      docker.end();
      const run = await submit("after-last");
      expect(await isUnable()).toBe(true);
      expect(told.some((line) => line.startsWith("after-last 1.0.0: handed back: Docker does not answer"))).toBe(true);
      expect((await server.admin.run(run)).state).toBe("queued");
      docker.mend();
      const { verdict, attempt } = await done(run);
      expect([verdict, attempt]).toEqual(["seeded", 1]);
    },
    WAIT_MS * 2,
  );
});
