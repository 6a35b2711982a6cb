import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { openStore } from "../../server/store/open.ts";
import {
  codeOf,
  completeRun,
  leaseOne,
  result,
  segment,
  startTestServer,
  temporaryFolder,
  testAnalysis,
} from "./support.ts";

describe("the verdicts of a package's runs", () => {
  test("the first seeds the baseline, the same again is clean and only extends it, a new path is deviant and changes nothing", async () => {
    await using server = await startTestServer();
    const first = await completeRun(server, ["/a", "/b"], { version: "1.0.0" });
    expect(first).toMatchObject({ state: "done", verdict: "seeded", deviations: 0 });
    const clean = await completeRun(server, ["/a"], { version: "1.1.0" });
    expect(clean.verdict).toBe("clean");
    const deviant = await completeRun(server, ["/b", "/secret", "/new"], { version: "1.1.0" });
    expect(deviant).toMatchObject({ verdict: "deviant", deviations: 2, max_severity: "critical" });

    const baseline = await server.admin.baseline("lodash");
    expect([baseline.maturity, baseline.versions]).toEqual([1, ["1.0.0"]]);
    expect(
      baseline.entries.map(({ value, first_run, last_run, last_version }) => ({
        value,
        first_run,
        last_run,
        last_version,
      })),
    ).toEqual([
      { value: "/a", first_run: first.id, last_run: clean.id, last_version: "1.1.0" },
      { value: "/b", first_run: first.id, last_run: first.id, last_version: "1.0.0" },
    ]);
    const { deviations } = await server.admin.deviations({ run: deviant.id });
    expect(deviations.map(({ value, state }) => [value, state])).toEqual([
      ["/new", "open"],
      ["/secret", "open"],
    ]);
    expect(deviations[1]!.evidence).toMatchObject({ observed: "/secret", event: 1 });
    expect((await server.admin.pending()).runs.map((run) => run.id)).toEqual([deviant.id]);
  });

  test("a run that did not complete is inconclusive and seeds nothing", async () => {
    await using server = await startTestServer();
    expect((await completeRun(server, ["/a"], { status: "failed" })).verdict).toBe("inconclusive");
    expect(await codeOf(server.admin.baseline("lodash"))).toBe("not_found");
  });

  test("an analysis that throws, or trusts a run that did not complete, fails the run and never passes it", async () => {
    for (const analyse of [
      () => {
        throw new Error("out of luck");
      },
      () => ({ verdict: "seeded" as const, reason: null, fingerprints: [], deviations: [], rules: 1 }),
      () => ({ verdict: "clean" as const, reason: null, fingerprints: [], deviations: [], rules: 1 }),
    ]) {
      await using server = await startTestServer({ analyse });
      const run = await completeRun(server, ["/a"], { status: "failed" });
      expect([run.state, run.verdict]).toEqual(["failed", null]);
      expect(run.reason).toStartWith("The analysis failed: ");
      expect(await codeOf(server.admin.baseline("lodash"))).toBe("not_found");
    }
  });

  test("output that cannot be stored leaves none of it behind", async () => {
    const twice = { actor: "import", category: "net_new_dns" as const, value: "x", count: 1, first: 0 };
    const analyse = () => ({
      verdict: "seeded" as const,
      reason: null,
      fingerprints: [twice, twice],
      deviations: [],
      rules: 1,
    });
    await using server = await startTestServer({ analyse });
    expect((await completeRun(server, ["/a"])).state).toBe("failed");
    expect(await codeOf(server.admin.baseline("lodash"))).toBe("not_found");
  });

  test("two first runs that end together make one seed, not two", async () => {
    await using server = await startTestServer();
    const leases = [await leaseOne(server), await leaseOne(server)];
    for (const lease of leases) await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
    const runs = await Promise.all(
      leases.map((lease) => server.runner.putResult(lease.run_id, lease.lease, result(1))),
    );
    expect(runs.map((run) => run.verdict).toSorted()).toEqual(["clean", "seeded"]);
  });
});

describe("a result", () => {
  test("sent twice, even at once, is analysed once and answered alike", async () => {
    let analyses = 0;
    await using server = await startTestServer({
      analyse(input) {
        analyses++;
        return testAnalysis.analyse(input);
      },
    });
    const lease = await leaseOne(server);
    await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
    const send = () => server.runner.putResult(lease.run_id, lease.lease, result(1));
    const both = await Promise.all([send(), send()]);
    const again = await send();
    expect(both).toEqual([again, again]);
    expect(analyses).toBe(1);
  });

  test("that counts segments which are not there names them and can be sent again", async () => {
    await using server = await startTestServer();
    const lease = await leaseOne(server);
    await server.runner.putSegment(lease.run_id, lease.lease, 1, segment(["/a"]));
    const early = server.runner.putResult(lease.run_id, lease.lease, result(3));
    expect(await early.catch((error: Error) => error.message)).toContain("segments are missing: 0, 2");
    expect(await codeOf(server.runner.putResult(lease.run_id, lease.lease, result(1)))).toBe("conflict");
    await server.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/b"]));
    await server.runner.putSegment(lease.run_id, lease.lease, 2, segment(["/c"]));
    expect((await server.runner.putResult(lease.run_id, lease.lease, result(3))).verdict).toBe("seeded");
  });

  test("under a wrong lease is refused, and the run goes on", async () => {
    await using server = await startTestServer();
    const lease = await leaseOne(server);
    expect(await codeOf(server.runner.putResult(lease.run_id, Bun.randomUUIDv7(), result(0)))).toBe("lease_lost");
    expect(await codeOf(server.runner.putResult("nothing", lease.lease, result(0)))).toBe("lease_lost");
    expect((await server.admin.run(lease.run_id)).state).toBe("leased");
  });

  test("accepted just before the server died is analysed at the next start", async () => {
    using folder = temporaryFolder();
    const server = await startTestServer({ dataDir: folder.path });
    const run = await completeRun(server, ["/a"]);
    await server.stop();
    // The state between the two transactions, as a crash leaves it.
    const db = openStore(`sqlite:${join(folder.path, "fangs.db")}`);
    await db.query.updateTable("run").set({ state: "analysing", verdict: null }).execute();
    for (const table of ["fingerprint", "baseline_version", "baseline_entry"] as const)
      await db.query.deleteFrom(table).execute();
    await db.close();

    const next = await startTestServer({ dataDir: folder.path });
    expect(await next.admin.run(run.id)).toMatchObject({ state: "done", verdict: "seeded" });
    expect((await next.admin.baseline("lodash")).entries).toHaveLength(1);
    await next.stop();
  });
});

test("a runner that dies is replaced: its run is done by the next lease", async () => {
  await using server = await startTestServer({ leaseMs: 50, backoffMs: [1, 1], sweepMs: 10 });
  const lost = await leaseOne(server);
  const next = await server.runner.lease({ runner: "runner-1", wait_ms: 10_000 });
  expect(next).toMatchObject({ run_id: lost.run_id, attempt: 2 });
  expect(await codeOf(server.runner.putSegment(lost.run_id, lost.lease, 1, segment(["/late"])))).toBe("lease_lost");
});
