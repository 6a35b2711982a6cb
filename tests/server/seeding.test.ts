import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Lease } from "../../protocol/models.ts";
import { codeOf, completeRun, finishRun, leaseNext, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

async function seeds(server: TestServer, count: number): Promise<Record<string, Lease>> {
  const leases: Record<string, Lease> = {};
  for (let i = 0; i < count; i++) {
    const lease = await leaseNext(server);
    leases[lease.version] = lease;
  }
  return leases;
}

async function until(done: () => Promise<boolean>): Promise<void> {
  while (!(await done())) await Bun.sleep(10);
}

describe("adding a package", () => {
  test("queues its latest releases, stable ones first, and makes the baseline of all of them when the last has ended", async () => {
    await using server = await startTestServer();
    const added = await server.admin.addPackage({ name: "lodash", seed: 3 });
    expect(added.seeding).toBe(true);
    expect(added.seeds.map(({ version, state }) => [version, state])).toEqual([
      ["0.9.0", "queued"],
      ["1.0.0", "queued"],
      ["1.1.0", "queued"],
    ]);
    const leases = await seeds(server, 3);
    expect(await finishRun(server, leases["1.1.0"]!, ["/a", "/late"])).toMatchObject({
      kind: "seed",
      verdict: "seeded",
    });
    await finishRun(server, leases["0.9.0"]!, ["/a", "/early"]);
    expect((await server.admin.package("lodash")).seeds.map((seed) => seed.verdict)).toEqual([
      "seeded",
      null,
      "seeded",
    ]);
    expect(await codeOf(server.admin.baseline("lodash"))).toBe("not_found");
    await finishRun(server, leases["1.0.0"]!, ["/a", "/early"]);

    const baseline = await server.admin.baseline("lodash");
    expect([baseline.maturity, baseline.versions, baseline.node_major]).toEqual([3, ["0.9.0", "1.0.0", "1.1.0"], 22]);
    expect(
      baseline.entries.map((entry) => [entry.value, entry.versions, entry.first_version, entry.last_version]),
    ).toEqual([
      ["/a", ["0.9.0", "1.0.0", "1.1.0"], "0.9.0", "1.1.0"],
      ["/early", ["0.9.0", "1.0.0"], "0.9.0", "1.0.0"],
      ["/late", ["1.1.0"], "1.1.0", "1.1.0"],
    ]);
    const detail = await server.admin.package("lodash");
    expect([detail.seeding, detail.maturity, detail.baselines]).toEqual([
      false,
      3,
      [{ node_major: 22, maturity: 3, fingerprints: 3 }],
    ]);
    expect((await server.admin.run(leases["1.1.0"]!.run_id)).reason).toBe(
      "Seeded from 3 of 3 releases: 0.9.0, 1.0.0, 1.1.0.",
    );
    expect((await completeRun(server, ["/early", "/late"])).verdict).toBe("clean");
  });

  test("takes prereleases only where there are too few others, and never more than there are", async () => {
    await using server = await startTestServer();
    const { seeds: all } = await server.admin.addPackage({ name: "lodash", seed: 9 });
    expect(all.map((seed) => seed.version)).toEqual(["0.9.0", "1.0.0", "1.1.0", "2.0.0-rc.1"]);
    expect((await server.admin.addPackage({ name: "axios" })).seeds).toHaveLength(3);
    expect((await server.admin.addPackage({ name: "@types/node", seed: 0 })).seeds).toEqual([]);
  });

  test("twice, or with a baseline, queues nothing more", async () => {
    await using server = await startTestServer();
    const first = await server.admin.addPackage({ name: "lodash", seed: 1 });
    expect((await server.admin.addPackage({ name: "lodash", seed: 3 })).seeds).toEqual(first.seeds);
    await finishRun(server, await leaseNext(server), ["/a"]);
    await server.admin.addPackage({ name: "lodash", seed: 3 });
    expect((await server.admin.runs()).runs).toHaveLength(1);
  });

  test("that nobody knows adds nothing", async () => {
    await using server = await startTestServer();
    expect(await codeOf(server.admin.addPackage({ name: "unheard-of" }))).toBe("package_not_found");
    expect((await server.admin.packages()).packages).toEqual([]);
  });
});

describe("a seed", () => {
  test("that fails, is inconclusive or leaks does not seed", async () => {
    await using server = await startTestServer();
    await server.admin.addPackage({ name: "lodash", seed: 4 });
    const leases = await seeds(server, 4);
    expect((await finishRun(server, leases["0.9.0"]!, ["/broken"], { status: "failed" })).verdict).toBe("inconclusive");
    expect((await finishRun(server, leases["1.0.0"]!, ["/a", "/leak/npm-token"])).verdict).toBe("deviant");
    await finishRun(server, leases["1.1.0"]!, ["/a"]);
    await server.admin.failRun(leases["2.0.0-rc.1"]!.run_id, "stuck");
    const baseline = await server.admin.baseline("lodash");
    expect([baseline.versions, baseline.entries.map((entry) => entry.value)]).toEqual([["1.1.0"], ["/a"]]);
    const [change] = (await server.admin.baselineHistory("lodash")).changes;
    expect(change).toMatchObject({ action: "baseline.seed", reason: "Seeded from 1 of 4 releases: 1.1.0." });
  });

  test("is not alone enough: where all fail there is no baseline, and the next scan seeds one", async () => {
    await using server = await startTestServer();
    await server.admin.addPackage({ name: "lodash", seed: 2 });
    const leases = await seeds(server, 2);
    for (const lease of Object.values(leases)) await finishRun(server, lease, ["/a"], { status: "failed" });
    expect(await codeOf(server.admin.baseline("lodash"))).toBe("not_found");
    expect((await server.admin.package("lodash")).seeding).toBe(false);
    expect((await completeRun(server, ["/b"])).verdict).toBe("seeded");
    expect((await server.admin.baseline("lodash")).maturity).toBe(1);
  });

  test("that is retried while others are awaited is replaced by its new run", async () => {
    await using server = await startTestServer();
    await server.admin.addPackage({ name: "lodash", seed: 2 });
    const leases = await seeds(server, 2);
    await finishRun(server, leases["1.0.0"]!, ["/a"], { status: "failed" });
    await server.admin.retryRun(leases["1.0.0"]!.run_id);
    await finishRun(server, leases["1.1.0"]!, ["/b"]);
    expect((await server.admin.package("lodash")).seeding).toBe(true);
    expect(await finishRun(server, await leaseNext(server), ["/a"])).toMatchObject({ kind: "seed", verdict: "seeded" });
    expect((await server.admin.baseline("lodash")).versions).toEqual(["1.0.0", "1.1.0"]);
  });

  test("whose runner never answers counts as failed in the end", async () => {
    await using server = await startTestServer({ leaseMs: 20, backoffMs: [], sweepMs: 20 });
    await server.admin.addPackage({ name: "lodash", seed: 1 });
    await leaseNext(server);
    await until(async () => !(await server.admin.package("lodash")).seeding);
    expect((await server.admin.package("lodash")).seeds[0]!.state).toBe("failed");
  });
});

test("a scan that ends while its package is being seeded waits for the baseline and is compared with it", async () => {
  await using server = await startTestServer({ sweepMs: 20 });
  await server.admin.addPackage({ name: "lodash", seed: 1 });
  const seed = await leaseNext(server);
  const scan = await completeRun(server, ["/a", "/new"], { version: "1.1.0" });
  expect([scan.state, scan.verdict]).toEqual(["analysing", null]);
  await finishRun(server, seed, ["/a"]);
  await until(async () => (await server.admin.run(scan.id)).state === "done");
  expect(await server.admin.run(scan.id)).toMatchObject({ verdict: "deviant", deviations: 1 });
});

test("baselines are kept apart by the major version of Node.js", async () => {
  await using server = await startTestServer();
  await completeRun(server, ["/a", "/22"]);
  expect((await completeRun(server, ["/a", "/24"], { node_version: "v24.1.0" })).verdict).toBe("seeded");
  expect((await completeRun(server, ["/22"], { node_version: "24.2.0" })).verdict).toBe("deviant");
  expect((await completeRun(server, ["/22"])).verdict).toBe("clean");
  const values = async (node?: number) =>
    (await server.admin.baseline("lodash", node === undefined ? {} : { node })).entries.map((entry) => entry.value);
  expect([await values(22), await values(24), await values()]).toEqual([
    ["/22", "/a"],
    ["/24", "/a"],
    ["/24", "/a"],
  ]);
  expect((await server.admin.baseline("lodash")).node_majors).toEqual([22, 24]);
  expect(await codeOf(server.admin.baseline("lodash", { node: 20 }))).toBe("not_found");
});
