import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Deviation } from "../../protocol/models.ts";
import { codeOf, completeRun, mint, startTestServer, type TestServer } from "./support.ts";
import { createClient } from "../../protocol/client.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const FIVE = ["/1", "/2", "/3", "/4", "/5"];

async function deviationsOf(server: TestServer, run: string): Promise<Deviation[]> {
  const { deviations } = await server.admin.deviations({ run });
  return deviations.toSorted((a, b) => (a.value < b.value ? -1 : 1));
}

async function find(server: TestServer, run: string, value: string): Promise<Deviation> {
  return (await deviationsOf(server, run)).find((one) => one.value === value)!;
}

async function valuesOf(server: TestServer): Promise<string[]> {
  return (await server.admin.baseline("lodash")).entries.map((entry) => entry.value);
}

/** A package with the baseline `/a`, and a run with five deviations. */
async function five(server: TestServer) {
  await completeRun(server, ["/a"], { version: "1.0.0" });
  return completeRun(server, ["/a", ...FIVE], { version: "1.1.0" });
}

describe("promoting one of five deviations", () => {
  test("leaves four in the next run; undo brings the fifth back; history says who and why", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    expect([run.open, run.promoted, run.rejected]).toEqual([5, 0, 0]);
    const triage = createClient({ url: server.url, token: await mint(server.folder, "triage", "mara") });
    const { id } = await find(server, run.id, "/2");
    expect(await triage.promoteDeviations({ ids: [id], reason: "the new cache" })).toEqual({ promoted: 1 });
    expect(await server.admin.run(run.id)).toMatchObject({ open: 4, promoted: 1, rejected: 0, deviations: 5 });
    const four = await completeRun(server, ["/a", ...FIVE], { version: "1.1.0" });
    expect((await deviationsOf(server, four.id)).map((one) => one.value)).toEqual(["/1", "/3", "/4", "/5"]);
    expect((await server.admin.baseline("lodash")).maturity).toBe(1);

    expect(await triage.undoBaseline("lodash", "it was the wrong one")).toEqual({ undone: "baseline.promote" });
    expect(await server.admin.run(run.id)).toMatchObject({ open: 5, promoted: 0 });
    expect((await completeRun(server, ["/a", ...FIVE], { version: "1.1.0" })).deviations).toBe(5);

    const { changes } = await server.admin.baselineHistory("lodash");
    expect(changes.map(({ actor, action, reason, undone }) => [actor, action, reason, undone])).toEqual([
      ["mara", "baseline.undo", "it was the wrong one", false],
      ["mara", "baseline.promote", "the new cache", true],
      ["fangs", "baseline.seed", "The first complete run, of 1.0.0.", false],
    ]);
    expect(changes[1]!.added).toEqual([`deviation ${id} promoted`, "import fs_new_path_read /2"]);
    expect(changes[0]!).toMatchObject({ undoes: changes[1]!.id, removed: changes[1]!.added, added: [] });
  });

  test("by parts of their ids, all or none, once", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    const [one, two] = await deviationsOf(server, run.id);
    const ids = [one!.id.slice(-12), two!.id.slice(-12)];
    expect(await codeOf(server.admin.promoteDeviations({ ids: [...ids, "ffffffff"], reason: "x" }))).toBe("not_found");
    expect((await server.admin.run(run.id)).promoted).toBe(0);
    expect(await server.admin.promoteDeviations({ ids, reason: "x" })).toEqual({ promoted: 2 });
    expect(await server.admin.promoteDeviations({ ids, reason: "x" })).toEqual({ promoted: 0 });
    expect((await server.admin.baselineHistory("lodash")).changes).toHaveLength(2);
  });

  test("is refused of a run that did not complete, and where there is no baseline", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    const broken = await completeRun(server, ["/new"], { status: "failed" });
    const ids = (await deviationsOf(server, broken.id)).map((one) => one.id);
    expect(ids).toHaveLength(1);
    expect(await codeOf(server.admin.promoteDeviations({ ids, reason: "x" }))).toBe("conflict");
    const deviant = await completeRun(server, ["/new"]);
    await server.admin.resetPackage("lodash", "start again");
    const other = (await deviationsOf(server, deviant.id)).map((one) => one.id);
    expect(await codeOf(server.admin.promoteDeviations({ ids: other, reason: "x" }))).toBe("conflict");
  });
});

describe("a leak", () => {
  test("can never be promoted, alone or with its run, and is a deviation again and again", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    const run = await completeRun(server, ["/a", "/b", "/leak/token"]);
    const leak = await find(server, run.id, "/leak/token");
    expect(await codeOf(server.admin.promoteDeviations({ ids: [leak.id], reason: "x" }))).toBe("conflict");
    expect(await codeOf(server.admin.promoteRun(run.id, "x"))).toBe("conflict");
    expect((await server.admin.run(run.id)).open).toBe(2);
    const { id } = await find(server, run.id, "/b");
    await server.admin.promoteDeviations({ ids: [id], reason: "fine" });
    const again = await completeRun(server, ["/b", "/leak/token"]);
    expect((await deviationsOf(server, again.id)).map((one) => one.value)).toEqual(["/leak/token"]);
  });
});

describe("a rejected deviation", () => {
  test("stays one for ever, and later runs say that it was rejected before", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    const bad = await find(server, run.id, "/3");
    expect(await server.admin.rejectDeviations({ ids: [bad.id], reason: "no" })).toEqual({ rejected: 1 });
    const next = await completeRun(server, ["/a", ...FIVE], { version: "1.1.0" });
    const again = await find(server, next.id, "/3");
    expect([again.state, again.rejected_before]).toEqual(["open", bad.id]);
    expect((await find(server, next.id, "/4")).rejected_before).toBeNull();
    expect((await server.admin.deviation(bad.id)).rejected_before).toBeNull();

    expect(await codeOf(server.admin.promoteDeviations({ ids: [bad.id], reason: "x" }))).toBe("conflict");
    expect(await codeOf(server.admin.promoteDeviations({ ids: [again.id], reason: "x" }))).toBe("conflict");
    expect(await codeOf(server.admin.promoteRun(next.id, "x"))).toBe("conflict");
    // Not even a baseline that was imported with it makes it right.
    await server.admin.importBaseline("lodash", {
      node_major: 22,
      versions: ["1.0.0"],
      behaviours: [{ actor: "import", category: "fs_new_path_read", value: "/3" }],
      reason: "x",
    });
    expect((await completeRun(server, ["/3"])).verdict).toBe("deviant");
  });

  test("that was promoted leaves the baseline, and undo puts it back", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    await server.admin.promoteRun(run.id, "fine");
    const { id } = await find(server, run.id, "/3");
    await server.admin.rejectDeviations({ ids: [id], reason: "not fine" });
    expect(await valuesOf(server)).not.toContain("/3");
    await server.admin.undoBaseline("lodash", "fine after all");
    expect(await valuesOf(server)).toContain("/3");
    expect((await server.admin.deviation(id)).state).toBe("promoted");
  });
});

describe("rejecting a run", () => {
  test("rejects all that is open of it and keeps it from being promoted", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    expect(await server.admin.rejectRun(run.id, "bad release")).toEqual({ rejected: 5 });
    expect(await server.admin.run(run.id)).toMatchObject({ open: 0, rejected: 5, decision: "rejected" });
    expect((await server.admin.pending()).runs).toEqual([]);
    expect(await codeOf(server.admin.promoteRun(run.id, "x"))).toBe("conflict");
    await server.admin.undoBaseline("lodash", "x");
    expect(await server.admin.promoteRun(run.id, "x")).toEqual({ promoted: 5 });
  });

  test("that built the baseline takes out what it alone had brought, and undo gives it back", async () => {
    await using server = await startTestServer();
    const first = await completeRun(server, ["/a", "/evil"], { version: "1.0.0" });
    const second = await completeRun(server, ["/a", "/b"], { version: "1.1.0" });
    await server.admin.promoteRun(second.id, "fine");
    const before = await server.admin.baseline("lodash");
    await server.admin.rejectRun(first.id, "it was the bad one");
    const after = await server.admin.baseline("lodash");
    expect([after.versions, after.entries.map((entry) => [entry.value, entry.first_version])]).toEqual([
      ["1.1.0"],
      [
        ["/a", "1.1.0"],
        ["/b", "1.1.0"],
      ],
    ]);
    await server.admin.undoBaseline("lodash", "x");
    expect(await server.admin.baseline("lodash")).toEqual(before);
  });

  test("is refused while it goes on", async () => {
    await using server = await startTestServer();
    const { runs } = await server.admin.submitScan({ package: "lodash" });
    expect(await codeOf(server.admin.rejectRun(runs[0]!.id, "x"))).toBe("conflict");
  });
});

describe("undo", () => {
  test("done again takes back the change before, until only the seeding is left", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    const [one, two] = await deviationsOf(server, run.id);
    await server.admin.promoteDeviations({ ids: [one!.id], reason: "x" });
    await server.admin.rejectDeviations({ ids: [two!.id], reason: "x" });
    await server.admin.undoBaseline("lodash", "x");
    await server.admin.undoBaseline("lodash", "x");
    expect(await server.admin.run(run.id)).toMatchObject({ open: 5, promoted: 0, rejected: 0 });
    expect(await valuesOf(server)).toEqual(["/a"]);
    expect(await codeOf(server.admin.undoBaseline("lodash", "x"))).toBe("conflict");
    expect(await codeOf(server.admin.undoBaseline("nothing", "x"))).toBe("conflict");
  });

  test("of a reset brings the baseline back as it was", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    await server.admin.promoteRun(run.id, "fine");
    const before = await server.admin.baseline("lodash");
    await server.admin.resetPackage("lodash", "start again");
    expect(await codeOf(server.admin.baseline("lodash"))).toBe("not_found");
    expect(await codeOf(server.admin.resetPackage("lodash", "again"))).toBe("not_found");
    // Started in between: it must not add to what is there again.
    await server.admin.addPackage({ name: "lodash", seed: 1 });
    expect(await server.admin.undoBaseline("lodash", "no")).toEqual({ undone: "package.reset" });
    expect(await server.admin.baseline("lodash")).toEqual(before);
    expect((await server.admin.package("lodash")).seeding).toBe(false);
  });
});

describe("rebuilding a baseline", () => {
  test("leaves what accepted runs and single promotions brought, and nothing else", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    const { id } = await find(server, run.id, "/1");
    await server.admin.promoteDeviations({ ids: [id], reason: "fine" });
    const kept = await server.admin.baseline("lodash");
    const behaviours = [...kept.entries, { actor: "import", category: "net_new_dns", value: "x.example" }].map(
      ({ actor, category, value }) => ({ actor, category, value }),
    );
    await server.admin.importBaseline("lodash", {
      node_major: 22,
      versions: ["1.0.0", "0.1.0"],
      behaviours,
      reason: "x",
    });
    expect(await valuesOf(server)).toContain("x.example");
    expect(await server.admin.rebuildBaseline("lodash", "clean up")).toEqual(kept);
    await server.admin.undoBaseline("lodash", "x");
    expect(await valuesOf(server)).toContain("x.example");
  });

  test("is refused where nothing would be left, and changes nothing then", async () => {
    await using server = await startTestServer();
    const behaviours = [{ actor: "import", category: "net_new_dns", value: "x.example" }];
    await server.admin.importBaseline("lodash", { node_major: 22, versions: ["1.0.0"], behaviours, reason: "x" });
    expect(await codeOf(server.admin.rebuildBaseline("lodash", "x"))).toBe("conflict");
    expect(await valuesOf(server)).toEqual(["x.example"]);
    expect(await codeOf(server.admin.rebuildBaseline("axios", "x"))).toBe("not_found");
  });
});

describe("importing a baseline", () => {
  test("puts it in the place of the old one; what both have keeps its history", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a", "/b"], { version: "1.0.0" });
    const old = await server.admin.baseline("lodash");
    const behaviours = ["/a", "/z"].map((value) => ({ actor: "import", category: "fs_new_path_read", value }));
    const now = await server.admin.importBaseline("lodash", {
      node_major: 22,
      versions: ["1.0.0", "1.1.0"],
      behaviours,
      reason: "from staging",
    });
    expect(now.versions).toEqual(["1.0.0", "1.1.0"]);
    expect(now.entries[0]).toEqual(old.entries[0]!);
    expect(now.entries[1]).toMatchObject({ value: "/z", first_version: "1.1.0", first_run: null });
    expect((await completeRun(server, ["/z"])).verdict).toBe("clean");
    expect((await completeRun(server, ["/b"])).verdict).toBe("deviant");
    await server.admin.undoBaseline("lodash", "x");
    expect(await valuesOf(server)).toEqual(["/a", "/b"]);
  });

  test("refuses leaks, categories and versions that are none, and keeps what is there", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    const good = { actor: "import", category: "fs_new_path_read", value: "/z" };
    for (const [versions, category] of [
      [["1.0.0"], "canary_leak"],
      [["1.0.0"], "net_new_thing"],
      [["1.0.0"], "__proto__"],
      [["^1"], "fs_new_path_read"],
    ] as const) {
      const behaviours = [good, { ...good, category }];
      const work = server.admin.importBaseline("lodash", {
        node_major: 22,
        versions: [...versions],
        behaviours,
        reason: "x",
      });
      expect(await codeOf(work)).toBe("invalid_body");
    }
    expect(await valuesOf(server)).toEqual(["/a"]);
  });
});

describe("what is told of deviations and releases", () => {
  test("a deviation says in how many other packages its behaviour was ever seen", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/common"], { package: "axios" });
    await completeRun(server, ["/common"], { package: "axios" });
    await completeRun(server, ["/common", "/x"], { package: "@types/node" });
    await completeRun(server, ["/a"]);
    const run = await completeRun(server, ["/common", "/x", "/rare"]);
    expect((await deviationsOf(server, run.id)).map((one) => [one.value, one.other_packages])).toEqual([
      ["/common", 2],
      ["/rare", 0],
      ["/x", 1],
    ]);
  });

  test("releases are listed with their runs, page by page, the one that ran last first", async () => {
    await using server = await startTestServer();
    const old = await completeRun(server, ["/a"], { version: "1.0.0" });
    const rc = await completeRun(server, ["/b"], { version: "2.0.0-rc.1" });
    const last = await completeRun(server, ["/a"], { version: "1.0.0" });
    const { releases } = await server.admin.releases("lodash");
    expect(releases.map(({ version, runs }) => [version, runs.map((run) => run.id)])).toEqual([
      ["1.0.0", [last.id, old.id]],
      ["2.0.0-rc.1", [rc.id]],
    ]);
    const first = await server.admin.releases("lodash", { limit: 1 });
    const second = await server.admin.releases("lodash", { limit: 1, before: first.next! });
    expect([...first.releases, ...second.releases]).toEqual(releases);
    expect(second.next).toBeNull();
  });

  test("history comes page by page", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    for (const { id } of await deviationsOf(server, run.id))
      await server.admin.promoteDeviations({ ids: [id], reason: "x" });
    const all = (await server.admin.baselineHistory("lodash")).changes;
    expect(all).toHaveLength(6);
    const first = await server.admin.baselineHistory("lodash", { limit: 4 });
    const rest = await server.admin.baselineHistory("lodash", { limit: 4, before: first.next! });
    expect([...first.changes, ...rest.changes]).toEqual(all);
    expect(rest.next).toBeNull();
  });
});

describe("severities of a package's own", () => {
  test("are kept, merged, taken away, and used by its next run", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    await server.admin.setPackage("lodash", { severities: { fs_new_path_read: "high", net_new_dns: "low" } });
    expect(await completeRun(server, ["/b"])).toMatchObject({ max_severity: "high" });
    const { severities } = await server.admin.setPackage("lodash", { severities: { fs_new_path_read: null } });
    expect(severities).toEqual({ net_new_dns: "low" });
    expect(await completeRun(server, ["/b"])).toMatchObject({ max_severity: "low" });
  });

  test("are refused of a leak, of what is no category, and of a package that is not watched", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    for (const category of ["canary_leak", "net_new_thing", "constructor"]) {
      const work = server.admin.setPackage("lodash", { severities: { [category]: "low" } });
      expect(await codeOf(work)).toBe("invalid_body");
    }
    expect(await codeOf(server.admin.setPackage("axios", { severities: {} }))).toBe("not_found");
  });
});
