import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "../../protocol/client.ts";
import { storeOf } from "../stores/stores.ts";
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

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

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

  test("a behaviour was last seen by a run that nothing speaks against, on the same Node.js", async () => {
    await using server = await startTestServer();
    const first = await completeRun(server, ["/a", "/b"], { version: "1.0.0" });
    await completeRun(server, ["/a", "/b"], { version: "1.0.0", node_version: "24.0.0" });
    const other = await completeRun(server, ["/a"], { version: "1.1.0", node_version: "24.0.0" });
    await completeRun(server, ["/a", "/new"], { version: "1.1.0" });
    const seen = async (node: number) =>
      (await server.admin.baseline("lodash", { node })).entries.map((entry) => [entry.value, entry.last_run]);
    expect(await seen(22)).toEqual([
      ["/a", first.id],
      ["/b", first.id],
    ]);
    expect((await seen(24))[0]).toEqual(["/a", other.id]);
    const again = await completeRun(server, ["/b"], { version: "1.1.0" });
    expect(await seen(22)).toEqual([
      ["/a", first.id],
      ["/b", again.id],
    ]);
    await server.admin.deleteRun(again.id, "x");
    expect((await seen(22))[1]).toEqual(["/b", first.id]);
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
      () => ({ verdict: "seeded" as const, reason: null, fingerprints: [], deviations: [], allowed: [], rules: 1 }),
      () => ({ verdict: "clean" as const, reason: null, fingerprints: [], deviations: [], allowed: [], rules: 1 }),
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
      allowed: [],
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

  test("whose server is killed before the verdict is stored is not taken, and is judged once when it is sent again", async () => {
    using folder = temporaryFolder();
    const store = await storeOf(folder.path);
    const source = `
      import { startTestServer } from ${JSON.stringify(join(import.meta.dir, "support.ts"))};
      const analyse = () => process.kill(process.pid, "SIGKILL");
      console.log((await startTestServer({ dataDir: ${JSON.stringify(folder.path)}, store: ${JSON.stringify(store)}, analyse })).url);`;
    const child = Bun.spawn([process.execPath, "-e", source], { stdout: "pipe", stderr: "inherit" });
    const { value } = await child.stdout.getReader().read();
    const url = new TextDecoder().decode(value).trim();
    const token = (name: string) => readFileSync(join(folder.path, `${name}-token`), "utf8").trim();
    const killed = {
      admin: createClient({ url, token: token("admin") }),
      runner: createClient({ url, token: token("runner") }),
    };
    const lease = await leaseOne(killed);
    await killed.runner.putSegment(lease.run_id, lease.lease, 0, segment(["/a"]));
    expect(await codeOf(killed.runner.putResult(lease.run_id, lease.lease, result(1)))).toBe("server_unreachable");
    await child.exited;
    expect(child.signalCode).toBe("SIGKILL");

    const next = await startTestServer({ dataDir: folder.path });
    expect(await next.admin.run(lease.run_id)).toMatchObject({ state: "leased", attempt: 1, result: null });
    expect(await codeOf(next.admin.baseline("lodash"))).toBe("not_found");
    for (const _ of ["the answer was lost", "and lost once more"]) {
      expect(await next.runner.putResult(lease.run_id, lease.lease, result(1))).toMatchObject({
        ...{ id: lease.run_id, state: "done", verdict: "seeded", events: 1, attempt: 1 },
      });
    }
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
