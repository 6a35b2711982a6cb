import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { openStore } from "../../server/store/open.ts";
import { storeOf } from "../stores/stores.ts";
import { codeOf, completeRun, startTestServer } from "./support.ts";
import { deviationsOf, find, five, valuesOf } from "./five.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

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

  test("goes past the seeding of another Node.js, but not past a new one of the same", async () => {
    await using server = await startTestServer();
    const run = await five(server);
    await server.admin.promoteRun(run.id, "fine");
    await completeRun(server, ["/24"], { node_version: "24.0.0" });
    expect(await server.admin.undoBaseline("lodash", "x")).toEqual({ undone: "baseline.promote" });
    expect(await server.admin.run(run.id)).toMatchObject({ open: 5, decision: null });
    await server.admin.resetPackage("lodash", "start again");
    await completeRun(server, ["/b"]);
    expect(await codeOf(server.admin.undoBaseline("lodash", "x"))).toBe("conflict");
  });

  test("takes back what an earlier fangs wrote down, which knew more of a behaviour", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    await server.admin.resetPackage("lodash", "start again");
    const db = openStore(await storeOf(server.folder));
    await db.run(`update audit set before = replace(before, '"first_run"', '"last_version":"1.0.0","last_run":null,"first_run"')
      where action = 'package.reset'`);
    await db.close();
    await server.admin.undoBaseline("lodash", "x");
    expect(await valuesOf(server)).toEqual(["/a"]);
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

describe("resetting a package", () => {
  test("accepts none of its earlier runs any more: a rebuild does not bring them back", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a", "/old"]);
    await server.admin.resetPackage("lodash", "start again");
    await completeRun(server, ["/a"], { version: "1.1.0" });
    await server.admin.rebuildBaseline("lodash", "x");
    expect(await valuesOf(server)).toEqual(["/a"]);
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
