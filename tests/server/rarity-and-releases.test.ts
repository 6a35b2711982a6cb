import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { codeOf, completeRun, startTestServer } from "./support.ts";
import { deviationsOf, five } from "./five.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

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
    // The candidate was deviant: the release before it ran again, as its control, which is no run for its own sake.
    expect((await server.admin.runs()).runs.filter(({ kind }) => kind === "control")).toHaveLength(1);
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
