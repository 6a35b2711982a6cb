import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { integrityOf } from "../../../npm/integrity.ts";
import { removePackage, setPackage } from "../../../server/packages.ts";
import { listKept, listSeenReleases } from "../../../server/store/seen-releases.ts";
import { readWatch } from "../../../server/store/watches.ts";
import { submitScan } from "../../../server/submit.ts";
import { withKept } from "../../../server/kept-registry.ts";
import { type Place, place } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const polled = async (here: Place, name: string, times = 1): Promise<boolean> =>
  here.requests.filter(({ path }) => path === name).length > times &&
  (await readWatch(here.services.db, name))?.due_at !== 0;
const kept = async (here: Place, name: string, count: number): Promise<boolean> =>
  (await listKept(here.services.db, name)).length === count;

describe("the watcher", () => {
  test("queues what was published since the package was added, of every tag and major line, each once", async () => {
    await using here = await place();
    for (const version of ["1.0.0", "1.1.0", "2.0.0"]) await here.publish("lodash", version);
    await here.add("lodash");
    await here.publish("lodash", "2.0.1");
    await here.publish("lodash", "3.0.0-rc.1", "next");
    // A patch below what is known: it is new all the same.
    await here.publish("lodash", "1.0.1", "v1");
    await here.watchUntil(() => kept(here, "lodash", 3));
    expect((await here.runs("lodash")).toSorted()).toEqual(["1.0.1 scan", "2.0.1 scan", "3.0.0-rc.1 scan"]);

    await here.due();
    const before = here.requests.length;
    await here.watchUntil(() => here.requests.length > before && polled(here, "lodash"));
    expect(await here.runs("lodash")).toHaveLength(3);
    expect(here.requests.at(-1)!.etag).not.toBeNull();

    const seen = await listSeenReleases(here.services.db, "lodash");
    expect(seen.map(({ version, tags, cause }) => `${version} ${tags} ${cause}`).toSorted()).toEqual([
      "1.0.1 v1 published",
      "2.0.1 latest published",
      "3.0.0-rc.1 next published",
    ]);
    expect(seen.every(({ run_id, tarball_bytes }) => run_id !== null && (tarball_bytes ?? 0) > 0)).toBe(true);
  });

  test("misses nothing that is published between the adding and the first look", async () => {
    await using here = await place();
    await here.publish("left-pad", "1.0.0");
    await here.add("left-pad");
    await here.publish("left-pad", "1.0.1");
    await here.watchUntil(() => kept(here, "left-pad", 1));
    expect(await here.runs("left-pad")).toEqual(["1.0.1 scan"]);
  });

  test("keeps the tarball, so that a release can be had after it was unpublished", async () => {
    await using here = await place();
    await here.publish("@corp/tool", "1.0.0");
    await here.add("@corp/tool");
    await here.publish("@corp/tool", "1.0.1");
    await here.watchUntil(() => kept(here, "@corp/tool", 1));
    here.registry.unpublish("@corp/tool", "1.0.1");
    const { versions, "dist-tags": tags } = await withKept(here.services).packument("@corp/tool");
    expect(Object.keys(versions).toSorted()).toEqual(["1.0.0", "1.0.1"]);
    expect((await withKept(here.services).tarball(versions["1.0.1"]!.dist)).length).toBeGreaterThan(50);
    expect((await submitScan(here.services, { package: "@corp/tool", version: "1.0.1" })).version).toBe("1.0.1");
    expect(Object.keys(tags)).toEqual(["latest"]);

    here.registry.unpublish("@corp/tool");
    expect(Object.keys((await withKept(here.services).packument("@corp/tool")).versions)).toEqual(["1.0.1"]);
    // A package that is gone is no news, but it is told.
    await here.due();
    await here.watchUntil(async () => (await readWatch(here.services.db, "@corp/tool"))?.error !== null);
    expect((await readWatch(here.services.db, "@corp/tool"))?.error).toBe("The registry has no package @corp/tool.");
  });

  test("does not queue a release twice that somebody has had examined already", async () => {
    await using here = await place();
    await here.publish("axios", "1.0.0");
    await here.add("axios");
    await here.publish("axios", "1.1.0");
    const scan = await submitScan(here.services, { package: "axios", version: "1.1.0" });
    await here.watchUntil(() => kept(here, "axios", 1));
    expect(await here.runs("axios")).toEqual(["1.1.0 scan"]);
    expect((await listSeenReleases(here.services.db, "axios"))[0]?.run_id).toBe(scan.runs[0]!.id);
  });

  test("examines a known version again whose tarball is another one, and an old one that a tag goes to", async () => {
    await using here = await place();
    for (const version of ["1.0.0", "1.1.0"]) await here.publish("ms", version);
    await here.add("ms");
    here.registry.unpublish("ms", "1.1.0");
    await here.registry.publish({ "package.json": JSON.stringify({ name: "ms", version: "1.1.0" }), "evil.js": "1" });
    here.registry.tag("ms", "stable", "1.0.0");
    await here.watchUntil(() => kept(here, "ms", 2));
    const seen = await listSeenReleases(here.services.db, "ms");
    expect(seen.map(({ version, cause }) => `${version} ${cause}`).toSorted()).toEqual([
      "1.0.0 tagged",
      "1.1.0 republished",
    ]);
    expect((await here.runs("ms")).toSorted()).toEqual(["1.0.0 scan", "1.1.0 scan"]);
  });

  test("takes a flood of releases whole, in several transactions", async () => {
    await using here = await place();
    await here.publish("flood", "1.0.0");
    await here.add("flood");
    await Promise.all(Array.from({ length: 120 }, (_, i) => here.publish("flood", `1.0.${i + 1}`)));
    await here.watchUntil(() => kept(here, "flood", 120));
    expect(new Set(await here.runs("flood")).size).toBe(120);
    expect(await here.runs("flood")).toHaveLength(120);
  });

  test("leaves alone what was turned off or removed, and looks again when it is turned on", async () => {
    await using here = await place();
    for (const name of ["off", "removed", "on"]) {
      await here.publish(name, "1.0.0");
      await here.add(name);
    }
    await setPackage(here.services, "off", { watch: { enabled: false } }, "test");
    await removePackage(here.services, "removed", "test");
    for (const name of ["off", "removed", "on"]) await here.publish(name, "1.0.1");
    await here.watchUntil(() => kept(here, "on", 1));
    expect([await here.runs("off"), await here.runs("removed")]).toEqual([[], []]);
    await setPackage(here.services, "off", { watch: { enabled: true, interval_ms: 60_000 } }, "test");
    await here.watchUntil(() => kept(here, "off", 1));
    expect(await here.runs("off")).toEqual(["1.0.1 scan"]);
  });

  test("two of them beside each other double nothing", async () => {
    await using here = await place();
    const names = Array.from({ length: 12 }, (_, i) => `twin-${i}`);
    for (const name of names) {
      await here.publish(name, "1.0.0");
      await here.add(name);
      await here.publish(name, "1.0.1");
    }
    const all = async () => {
      for (const name of names) if (!(await kept(here, name, 1))) return false;
      return true;
    };
    await Promise.all([here.watchUntil(all), here.watchUntil(all)]);
    for (const name of names) expect(await here.runs(name)).toEqual(["1.0.1 scan"]);
  });
});

test("a kept tarball that was altered on disk is not handed out", async () => {
  await using here = await place();
  await here.publish("ms", "1.0.0");
  await here.add("ms");
  await here.publish("ms", "1.0.1");
  await here.watchUntil(() => kept(here, "ms", 1));
  const [release] = await listKept(here.services.db, "ms");
  const dist = release!.manifest["dist"] as { tarball: string; integrity: string };
  const integrity = integrityOf(dist)!;
  expect(await here.services.tarballs.get(integrity)).toBeDefined();
  await here.services.tarballs.put(integrity, new TextEncoder().encode("something else"));
  expect(await here.services.tarballs.get(integrity)).toBeUndefined();
});
