import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { listAudit } from "../../server/store/audit.ts";
import { openStore } from "../../server/store/open.ts";
import type { AllowRequest } from "../../protocol/requests.ts";
import { storeOf } from "../stores/stores.ts";
import { codeOf, completeRun, startTestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const CACHE: AllowRequest = { kind: "path", value: "/cache/", note: "a cache of ours" };

describe("an allowed behaviour", () => {
  test("is no deviation, and the run shows it with the entry that did it, also when that is gone", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    const entry = await server.admin.addAllow({ ...CACHE, package: "lodash" });
    const run = await completeRun(server, ["/a", "/cache/x", "/cache/y"]);
    expect(run).toMatchObject({ verdict: "clean", deviations: 0 });
    expect(await server.admin.removeAllow(entry.id)).toEqual({ removed: 1 });
    const { allowed } = await server.admin.run(run.id);
    expect(allowed.map(({ value, rule }) => [value, rule])).toEqual([
      ["/cache/x", entry],
      ["/cache/y", entry],
    ]);
    expect((await completeRun(server, ["/cache/x"])).verdict).toBe("deviant");
  });

  test("of another package, of another actor or of the past is a deviation", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    await server.admin.addAllow({ ...CACHE, package: "axios" });
    await server.admin.addAllow({ ...CACHE, actor: "installer" });
    const soon = Date.now() + 300;
    await server.admin.addAllow({ ...CACHE, expires_at: soon });
    expect((await completeRun(server, ["/cache/x"])).verdict).toBe("clean");
    while (Date.now() <= soon) await Bun.sleep(20);
    expect((await completeRun(server, ["/cache/x"])).verdict).toBe("deviant");
  });

  test("does not become known by it: not by promoting its run, nor by a rebuild", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    await server.admin.addAllow(CACHE);
    const run = await completeRun(server, ["/a", "/b", "/cache/x"], { version: "1.1.0" });
    await server.admin.promoteRun(run.id, "fine");
    await server.admin.rebuildBaseline("lodash", "x");
    expect((await server.admin.baseline("lodash")).entries.map((entry) => entry.value)).toEqual(["/a", "/b"]);
  });

  test("is never a leak", async () => {
    await using server = await startTestServer();
    await completeRun(server, ["/a"]);
    await server.admin.addAllow({ ...CACHE, value: "/leak/" });
    expect((await completeRun(server, ["/leak/x"])).verdict).toBe("deviant");
  });
});

describe("the list", () => {
  test("comes with the set cdn, for both versions of IP, which can be removed for good", async () => {
    await using server = await startTestServer();
    const { entries } = await server.admin.allowList();
    expect(entries.every((entry) => entry.shipped === "cdn" && entry.kind === "cidr" && entry.note !== "")).toBe(true);
    expect(entries.filter((entry) => entry.value.includes(":")).length).toBeGreaterThan(2);
    expect(entries.filter((entry) => entry.value.includes(".")).length).toBeGreaterThan(2);
    expect(await server.admin.removeAllow("cdn")).toEqual({ removed: entries.length });
    expect((await server.admin.allowList()).entries).toEqual([]);
    await server.stop();
    await using again = await startTestServer({ dataDir: server.folder });
    expect((await again.admin.allowList()).entries).toEqual([]);
  });

  test("is paged and filtered by package, the global entries included", async () => {
    await using server = await startTestServer();
    await server.admin.removeAllow("cdn");
    for (const name of ["lodash", "axios", undefined])
      await server.admin.addAllow({ ...CACHE, ...(name === undefined ? {} : { package: name }) });
    const all = (await server.admin.allowList()).entries;
    expect(all.map((entry) => entry.package)).toEqual([null, "axios", "lodash"]);
    expect((await server.admin.allowList({ package: "axios" })).entries.map((one) => one.package)).toEqual([
      null,
      "axios",
    ]);
    const first = await server.admin.allowList({ limit: 2 });
    const rest = await server.admin.allowList({ limit: 2, before: first.next! });
    expect([...first.entries, ...rest.entries]).toEqual(all);
  });

  test("has room for 3,000 entries per package, those for all included", async () => {
    await using server = await startTestServer();
    const entries = (name: string, count: number, more: Partial<AllowRequest> = {}): AllowRequest[] =>
      Array.from({ length: count }, (_, i) => ({ ...CACHE, value: `/${name}/${i}`, ...more }));
    const shipped = (await server.admin.allowList()).entries.length;
    await server.admin.importAllow({ entries: entries("all", 1000 - shipped) });
    await server.admin.importAllow({ entries: entries("one", 2000, { package: "axios" }) });
    await server.admin.importAllow({ entries: entries("other", 2000, { package: "lodash" }) });
    for (const more of [CACHE, { ...CACHE, package: "axios" }])
      expect(await codeOf(server.admin.addAllow(more))).toBe("conflict");
    await server.admin.addAllow({ ...CACHE, package: "express" });
    const long = entries("x".repeat(240), 1990, { package: "vite" });
    expect(await codeOf(server.admin.importAllow({ entries: long }))).toBe("conflict");
  });

  test("takes many at once or none, and what it has already only once", async () => {
    await using server = await startTestServer();
    const before = (await server.admin.allowList()).entries.length;
    const dns: AllowRequest = { kind: "dns", value: "*.example", note: "ours" };
    const bad = server.admin.importAllow({ entries: [CACHE, dns, { ...dns, value: "*" }] });
    expect(await bad.catch((error: Error) => error.message)).toContain("Entry 3: ");
    expect((await server.admin.allowList()).entries).toHaveLength(before);
    expect(await server.admin.importAllow({ entries: [CACHE, dns] })).toEqual({ added: 2, kept: 0 });
    expect(await server.admin.importAllow({ entries: [CACHE, dns] })).toEqual({ added: 0, kept: 2 });
    expect(await codeOf(server.admin.addAllow(CACHE))).toBe("conflict");
  });

  test("says in the audit who added and removed what", async () => {
    await using server = await startTestServer();
    const entry = await server.admin.addAllow({ ...CACHE, package: "lodash" });
    await server.admin.removeAllow(entry.id.slice(-12));
    await server.stop();
    const db = openStore(await storeOf(server.folder));
    const trail = await listAudit(db, "lodash");
    await db.close();
    expect(trail.map(({ actor, action, reason }) => [actor, action, reason])).toEqual([
      ["local-admin", "allow.add", CACHE.note],
      ["local-admin", "allow.remove", null],
    ]);
    expect(JSON.parse(trail[1]!.before!)).toEqual(entry);
  });

  test.each([
    ["sni", "*"],
    ["sni", "a b.example"],
    ["dns", "a.*.example"],
    ["dns", "https://a.example"],
    ["cidr", "0.0.0.0/0"],
    ["cidr", "::/0"],
    ["cidr", "300.0.0.0/8"],
    ["path", "tmp/x"],
    ["path", "/"],
    ["path", "/*"],
    ["path", "/a/*/b"],
    ["exec", "node"],
    ["command", "*"],
  ] as const)("takes no %s %s", async (kind, value) => {
    await using server = await startTestServer();
    expect(await codeOf(server.admin.addAllow({ kind, value, note: "x" }))).toBe("invalid_body");
  });

  test("takes nothing that ended in the past, or that is not there", async () => {
    await using server = await startTestServer();
    expect(await codeOf(server.admin.addAllow({ ...CACHE, expires_at: 1 }))).toBe("invalid_body");
    expect(await codeOf(server.admin.removeAllow("cnd"))).toBe("not_found");
    expect(await codeOf(server.admin.removeAllow("0199d000-0000-7000-8000-00000000000d"))).toBe("not_found");
  });
});
