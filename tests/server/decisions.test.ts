import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { createClient } from "../../protocol/client.ts";
import { deviationsOf, find, FIVE, five, valuesOf } from "./five.ts";
import { codeOf, completeRun, mint, startTestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

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

  test("takes out what was promoted of it alone, and undo gives it back", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    const { id } = await find(server, run.id, "/2");
    await server.admin.promoteDeviations({ ids: [id], reason: "fine" });
    expect(await server.admin.rejectRun(run.id, "not fine")).toEqual({ rejected: 5 });
    expect(await valuesOf(server)).toEqual(["/a"]);
    await server.admin.undoBaseline("lodash", "fine");
    expect(await valuesOf(server)).toEqual(["/2", "/a"]);
    expect((await server.admin.deviation(id)).state).toBe("promoted");
  });

  test("is refused while it goes on", async () => {
    await using server = await startTestServer();
    const { runs } = await server.admin.submitScan({ package: "lodash" });
    expect(await codeOf(server.admin.rejectRun(runs[0]!.id, "x"))).toBe("conflict");
  });
});
