import { beforeEach, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Category } from "../../protocol/facts.ts";
import type { HuntQuery } from "../../protocol/hunt.ts";
import { hunt } from "../../server/hunt.ts";
import { insertFingerprints } from "../../server/store/fingerprints.ts";
import type { Database } from "../../server/store/open.ts";
import { insertRun } from "../../server/store/runs.ts";
import { insertScan } from "../../server/store/scans.ts";
import { newStore } from "../stores/stores.ts";
import { codeOf, completeRun, startTestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

let db: Database;
beforeEach(async () => {
  db = await newStore();
});

/** A run that showed these values, analysed at a moment. */
async function seen(
  release: string,
  values: readonly [Category, string, actor?: string][],
  at = 1000,
  into: Database = db,
): Promise<string> {
  const [name = "", version = ""] = release.split(" ");
  const scan = await insertScan(into, { package: name, version, runner: null, before: null, created_at: at });
  const id = await insertRun(into, { scan_id: scan.id, package: name, version, now: at });
  const fingerprints = values.map(([category, value, actor = "import"], first) => {
    return { actor, category, value, count: 1, first };
  });
  await insertFingerprints(into, { id, package: name, version, node_major: null }, fingerprints, at);
  return id;
}

/** All pages, of so many hits each. */
async function hits(query: HuntQuery, limit = 2, from: Database = db) {
  const all = [];
  let after: string | null | undefined;
  for (let pages = 0; after !== null && pages < 1000; pages++) {
    const page = await hunt(from, { ...query, limit, ...(after === undefined ? {} : { after }) });
    expect(page.hits.length).toBeLessThanOrEqual(limit);
    all.push(...page.hits);
    after = page.next;
  }
  return all;
}

const values = async (query: HuntQuery) => (await hits(query)).map(({ value }) => value).sort();

describe("a hunt", () => {
  test("tells who did it, in which releases, how often, when first and when last", async () => {
    const first = await seen("alpha 1.0.0", [["net_new_dns", "c2.first.example", "script:alpha"]], 100);
    await seen("alpha 1.1.0", [["net_new_dns", "c2.first.example", "script:alpha"]], 200);
    const last = await seen("alpha 1.1.0", [["net_new_dns", "c2.first.example", "script:alpha"]], 300);
    await seen("beta 2.0.0", [["net_new_dns", "c2.first.example"]], 250);
    expect(await hits({ dns: "c2.first.example" }, 1)).toEqual([
      {
        category: "net_new_dns",
        value: "c2.first.example",
        package: "alpha",
        actor: "script:alpha",
        runs: 3,
        versions: ["1.1.0", "1.0.0"],
        first: { run_id: first, version: "1.0.0", at: 100 },
        last: { run_id: last, version: "1.1.0", at: 300 },
      },
      expect.objectContaining({ package: "beta", actor: "import", runs: 1, versions: ["2.0.0"] }),
    ]);
  });

  test("takes beginnings, ends, middles and single characters, and nothing else for a wildcard", async () => {
    const names = ["a.tail.example", "b.tail.example", "tail.example", "tail.example.org", "x-tail.example"];
    const odd = ["100%_off.example", "100 x off.example", "a[b].example"];
    await seen(
      "globs 1.0.0",
      [...names, ...odd].map((name) => ["net_new_dns", name]),
    );
    expect(await values({ dns: "*.tail.example" })).toEqual(["a.tail.example", "b.tail.example"]);
    expect(await values({ dns: "?.tail.example" })).toEqual(["a.tail.example", "b.tail.example"]);
    expect(await values({ dns: "tail.*" })).toEqual(["tail.example", "tail.example.org"]);
    expect(await values({ dns: "*TAIL.EXAMPLE." })).toEqual(names.filter((name) => name.endsWith("e")).sort());
    expect(await values({ dns: "*tail*" })).toEqual(names.toSorted());
    expect(await values({ dns: "*%_off*" })).toEqual(["100%_off.example"]);
    expect(await values({ dns: "100%*" })).toEqual(["100%_off.example"]);
    expect(await values({ dns: "a[b]*" })).toEqual(["a[b].example"]);
    expect(await values({ dns: "100_%_off.example" })).toEqual([]);
    expect(await values({ value: "*x-tail*" })).toEqual(["x-tail.example"]);
  });

  test("for an address finds every port, for a host what was spoken to by name, for a program its name", async () => {
    await seen("kinds 1.0.0", [
      ["net_new_destination", "192.0.2.7:443"],
      ["net_new_destination", "192.0.2.77:443"],
      ["net_new_destination", "[2001:db8::7]:4444"],
      ["net_new_destination", "api.kinds.example:443"],
      ["net_new_https_host", "api.kinds.example"],
      ["proc_new_exec", "/usr/bin/curl"],
      ["proc_new_exec", "/usr/bin/notcurl"],
      ["fs_new_path_read", "<HOME>/.npmrc"],
      ["cred_new_access", "/root/.npmrc"],
    ]);
    expect(await values({ ip: "192.0.2.7" })).toEqual(["192.0.2.7:443"]);
    expect(await values({ ip: "192.0.2.*" })).toEqual(["192.0.2.77:443", "192.0.2.7:443"]);
    expect(await values({ ip: "2001:DB8::7" })).toEqual(["[2001:db8::7]:4444"]);
    expect(await values({ ip: "*:4444" })).toEqual(["[2001:db8::7]:4444"]);
    expect(await values({ host: "api.kinds.example" })).toEqual(["api.kinds.example", "api.kinds.example:443"]);
    expect(await values({ exec: "curl" })).toEqual(["/usr/bin/curl"]);
    expect(await values({ exec: "*curl" })).toEqual(["/usr/bin/curl", "/usr/bin/notcurl"]);
    expect(await values({ path: "*/.npmrc" })).toEqual(["/root/.npmrc", "<HOME>/.npmrc"]);
  });

  test("keeps to a package, an actor and a time", async () => {
    const name = "narrow.example";
    await seen(
      "one 1.0.0",
      [
        ["net_new_dns", name, "script:one"],
        ["net_new_dns", name],
      ],
      5000,
    );
    await seen("two 1.0.0", [["net_new_dns", name, "script:two"]], 6000);
    const who = async (query: HuntQuery) =>
      (await hits({ dns: name, ...query })).map((hit) => `${hit.package} ${hit.actor}`).sort();
    expect(await who({})).toEqual(["one import", "one script:one", "two script:two"]);
    expect(await who({ package: "one" })).toEqual(["one import", "one script:one"]);
    expect(await who({ actor: "script:*" })).toEqual(["one script:one", "two script:two"]);
    expect(await who({ actor: "import" })).toEqual(["one import"]);
    expect(await who({ since: 6000 })).toEqual(["two script:two"]);
    expect(await who({ since: 6001 })).toEqual([]);
    expect(await who({ package: "nobody" })).toEqual([]);
    expect(await codeOf(hunt(db, { dns: name, actor: "*:one" }))).toBe("usage");
  });

  test("gives every hit once, whatever the size of its pages", async () => {
    const own = await newStore();
    for (let run = 0; run < 12; run++) {
      const some = Array.from({ length: 9 }, (_, i): [Category, string, string] => {
        const category = i % 2 === 0 ? "fs_new_path_read" : "fs_new_path_write";
        return [category, `/pages/${(i * 7 + run) % 11}/${run % 3}`, i % 3 === 0 ? "import" : "installer"];
      });
      await seen(`p${run % 4} 1.${run}.0`, some, 1000 + run, own);
    }
    const key = ({ category, value, package: name, actor }: Awaited<ReturnType<typeof hits>>[number]) =>
      [category, value, name, actor].join(" ");
    for (const pattern of ["/pages/*", "*/1", "*ages*", "/pages/3/1", "/pages/?/0"]) {
      const whole = (await hits({ path: pattern }, 500, own)).map(key);
      expect(whole.length).toBeGreaterThan(0);
      for (const limit of [1, 2, 3, 7, 50]) {
        expect((await hits({ path: pattern }, limit, own)).map(key)).toEqual(whole);
      }
      expect(new Set(whole).size).toBe(whole.length);
    }
  });

  test("is refused without a pattern, with two, and with a cursor that is none", async () => {
    expect(await codeOf(hunt(db, {}))).toBe("usage");
    expect(await codeOf(hunt(db, { dns: "a", ip: "b" }))).toBe("usage");
    for (const after of [
      "x",
      Buffer.from('{"category":1}').toString("base64url"),
      Buffer.from("null").toString("base64url"),
    ])
      expect(await codeOf(hunt(db, { dns: "*", after }))).toBe("usage");
  });

  test("over the API answers from runs of the server, also when their traces are gone", async () => {
    await using server = await startTestServer();
    const run = await completeRun(server, ["/etc/odd-file"]);
    const { hits: found, next } = await server.admin.hunt({ path: "/etc/odd-*" });
    expect(next).toBeNull();
    expect(found).toMatchObject([{ package: "lodash", versions: ["1.0.0"], runs: 1, last: { run_id: run.id } }]);
  });
});
