import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { listAudit } from "../../server/store/audit.ts";
import { openStore } from "../../server/store/open.ts";
import { storeOf } from "../stores/stores.ts";
import { codeOf, completeRun, leaseOne, startTestServer, type TestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

async function auditOf(server: TestServer, subject: string) {
  const db = openStore(await storeOf(server.folder));
  const entries = await listAudit(db, subject);
  await db.close();
  return entries;
}

describe("promoting a run", () => {
  test("accepts its open deviations and its version into the baseline, once, and says so in the audit", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"], { version: "1.0.0" });
    const deviant = await completeRun(server, ["/a", "/new"], { version: "1.1.0" });
    expect(await server.admin.promoteRun(deviant.id, "looked at it")).toEqual({ promoted: 1 });
    const baseline = await server.admin.baseline("lodash");
    expect([baseline.maturity, baseline.versions]).toEqual([2, ["1.0.0", "1.1.0"]]);
    expect(baseline.entries.map((entry) => [entry.value, entry.first_version, entry.last_version])).toEqual([
      ["/a", "1.0.0", "1.1.0"],
      ["/new", "1.1.0", "1.1.0"],
    ]);
    expect((await server.admin.deviations({ state: "open" })).deviations).toEqual([]);
    expect((await server.admin.pending()).runs).toEqual([]);
    expect((await completeRun(server, ["/new"], { version: "1.1.0" })).verdict).toBe("clean");

    expect(await server.admin.promoteRun(deviant.id, "again")).toEqual({ promoted: 0 });
    expect(await auditOf(server, "lodash")).toMatchObject([
      { actor: "local-admin", action: "package.add" },
      { actor: "fangs", action: "baseline.seed" },
      { actor: "local-admin", action: "baseline.promote", reason: "looked at it" },
    ]);
  });

  test("that shows what another promoted run showed first leaves the credit with that one", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"], { version: "1.0.0" });
    const first = await completeRun(server, ["/new"], { version: "1.1.0" });
    const second = await completeRun(server, ["/new"], { version: "1.1.0" });
    await server.admin.promoteRun(first.id, "x");
    expect(await server.admin.promoteRun(second.id, "x")).toEqual({ promoted: 1 });
    const entry = (await server.admin.baseline("lodash")).entries.find(({ value }) => value === "/new");
    expect([entry?.first_run, entry?.last_run]).toEqual([first.id, second.id]);
  });

  test("is refused while it goes on, when it is inconclusive and when it failed", async () => {
    await using server = await startTestServer();
    const going = await leaseOne(server);
    expect(await codeOf(server.admin.promoteRun(going.run_id, "x"))).toBe("conflict");
    const inconclusive = await completeRun(server, ["/a"], { status: "failed" });
    const refusal = await server.admin.promoteRun(inconclusive.id, "x").catch((error: { hint: string }) => error.hint);
    expect(refusal).toContain("fangs run retry");
    await server.admin.failRun(going.run_id, "enough");
    expect(await codeOf(server.admin.promoteRun(going.run_id, "x"))).toBe("conflict");
  });

  test("of a package without a baseline makes all that it did the baseline", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    const deviant = await completeRun(server, ["/a", "/b"], { version: "1.1.0" });
    await server.admin.removePackage("lodash");
    expect(await server.admin.promoteRun(deviant.id, "start from here")).toEqual({ promoted: 1 });
    const baseline = await server.admin.baseline("lodash");
    expect([baseline.versions, baseline.entries.map((entry) => entry.value)]).toEqual([["1.1.0"], ["/a", "/b"]]);
  });
});

describe("ending and repeating", () => {
  test("a run that is failed by hand keeps the reason and leaves the queue", async () => {
    await using server = await startTestServer();
    const scan = await server.admin.submitScan({ package: "lodash" });
    const id = scan.runs[0]!.id;
    expect(await server.admin.failRun(id, "not needed")).toMatchObject({
      state: "failed",
      reason: "not needed",
      verdict: null,
    });
    expect(await codeOf(server.admin.failRun(id, "again"))).toBe("conflict");
    await server.runner.registerRunner({
      name: "r",
      modes: ["registry"],
      image: "i",
      probes: [],
      concurrency: 1,
      version: "2",
    });
    expect(await server.runner.lease({ runner: "r", wait_ms: 0 })).toBeUndefined();
  });

  test("a retry is a new run of the same scan, possible once the old one is over", async () => {
    await using server = await startTestServer();
    const lease = await leaseOne(server);
    expect(await codeOf(server.admin.retryRun(lease.run_id))).toBe("conflict");
    const old = await server.admin.failRun(lease.run_id, "stuck");
    const next = await server.admin.retryRun(old.id);
    expect(next).toMatchObject({ scan_id: old.scan_id, state: "queued", attempt: 1, version: old.version });
    expect((await server.admin.scan(old.scan_id)).runs.map((run) => run.id)).toEqual([old.id, next.id]);
    expect((await server.runner.lease({ runner: "runner-1", wait_ms: 0 }))?.run_id).toBe(next.id);
  });
});

describe("packages", () => {
  test("are added, listed with their baseline, and removed with it while their runs stay", async () => {
    await using server = await startTestServer();
    expect(await server.admin.addPackage({ name: "@types/node", seed: 0 })).toMatchObject({
      name: "@types/node",
      maturity: 0,
      fingerprints: 0,
    });
    await server.admin.addPackage({ name: "@types/node", seed: 0 });
    const run = await completeRun(server, ["/a", "/b"]);
    const { packages } = await server.admin.packages();
    expect(packages.map(({ name, maturity, fingerprints }) => [name, maturity, fingerprints])).toEqual([
      ["@types/node", 0, 0],
      ["lodash", 1, 2],
    ]);
    await server.admin.removePackage("@types/node");
    await server.admin.removePackage("lodash");
    expect(await codeOf(server.admin.removePackage("lodash"))).toBe("not_found");
    expect((await server.admin.packages()).packages).toEqual([]);
    expect((await server.admin.run(run.id)).verdict).toBe("seeded");
    expect((await completeRun(server, ["/c"])).verdict).toBe("seeded");
    expect(await auditOf(server, "lodash")).toMatchObject([
      { action: "package.add" },
      { action: "baseline.seed" },
      { action: "package.remove" },
      { action: "package.add" },
      { action: "baseline.seed" },
    ]);
  });
});

describe("lists", () => {
  test("come page by page, newest first, and filtered", async () => {
    await using server = await startTestServer();
    for (let i = 0; i < 5; i++) await server.admin.submitScan({ package: i % 2 === 0 ? "lodash" : "axios" });
    const all = await server.admin.runs();
    expect(all.next).toBeNull();
    const first = await server.admin.runs({ limit: 2 });
    const second = await server.admin.runs({ limit: 2, before: first.next! });
    const third = await server.admin.runs({ limit: 2, before: second.next! });
    expect([...first.runs, ...second.runs, ...third.runs]).toEqual(all.runs);
    expect(third.next).toBeNull();
    expect((await server.admin.runs({ package: "axios" })).runs).toHaveLength(2);
    expect((await server.admin.runs({ state: "done" })).runs).toEqual([]);
  });

  test("pending shows the most severe first", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    const critical = await completeRun(server, ["/secret"]);
    const low = await completeRun(server, ["/harmless"]);
    expect((await server.admin.pending()).runs.map((run) => run.id)).toEqual([critical.id, low.id]);
    const { deviations } = await server.admin.deviations({ severity: "critical" });
    expect(deviations.map((one) => one.value)).toEqual(["/secret"]);
    expect(await server.admin.deviation(deviations[0]!.id)).toEqual(deviations[0]!);
  });
});
