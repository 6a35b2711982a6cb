import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { findFeed } from "../../../server/store/feeds.ts";
import { listKept, listSeenReleases } from "../../../server/store/seen-releases.ts";
import { readWatch } from "../../../server/store/watches.ts";
import type { FeedSettings } from "../../../server/watcher/feed.ts";
import { type Place, place } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

/** An hour: nothing is found by polling. */
const intervalMs = 3_600_000;
const follow = (here: Place, more: Partial<FeedSettings> = {}) => ({
  intervalMs,
  feed: { url: `${here.registry.url}_changes`, packages: [], except: [], everyMs: 20, ...more },
});
const feedOf = async (here: Place) => findFeed(here.services.db, `${here.registry.url}_changes`);
const kept = async (here: Place, name: string, count = 1) => (await listKept(here.services.db, name)).length === count;
const known = async (here: Place) =>
  (await here.services.db.query.selectFrom("package").select("name").orderBy("name").execute()).map(({ name }) => name);

/** A place where following has begun, with two packages that are watched. */
async function following(): Promise<Place> {
  const here = await place();
  for (const name of ["lodash", "axios", "stranger"]) await here.publish(name, "1.0.0");
  for (const name of ["lodash", "axios"]) await here.add(name);
  await here.watchUntil(async () => (await feedOf(here))?.caught_up_at != null, follow(here));
  return here;
}

/** Lets the registry say of these releases that they are from long ago. */
function publishedLongAgo(here: Place, name: string, versions: string[]): void {
  here.fault = (request, path) => {
    if (path !== name || request.headers.get("x-true") !== null) return undefined;
    return fetch(request.url, { headers: { "x-true": "1" } }).then(async (answer) => {
      const document = (await answer.json()) as { time: Record<string, string> };
      for (const version of versions) document.time[version] = "2020-01-01T00:00:00.000Z";
      return Response.json(document);
    });
  };
}

describe("the changes feed", () => {
  test("tells at once what changed of the watched packages, and of no others", async () => {
    await using here = await following();
    await here.publish("lodash", "1.0.1");
    await here.publish("stranger", "1.0.1");
    await here.watchUntil(() => kept(here, "lodash"), follow(here));
    expect(await here.runs("lodash")).toEqual(["1.0.1 scan"]);
    expect(await known(here)).toEqual(["axios", "lodash"]);
    expect(await here.runs("axios")).toEqual([]);
  });

  test("is read on from where it was, in parts, over several starts: nothing is missed, nothing doubled", async () => {
    await using here = await following();
    const names = Array.from({ length: 25 }, (_, i) => `p${i}`);
    for (const name of names) {
      await here.publish(name, "1.0.0");
      await here.add(name);
      await here.publish(name, "1.0.1");
    }
    await here.due();
    let begun = 0;
    here.fault = (_, path) => {
      // The server ends in the middle of the third part, and of the sixth.
      if (path === "_changes" && [3, 6].includes(++begun)) return new Response("", { status: 500 });
      return undefined;
    };
    const places: number[] = [];
    for (let i = 0; i < 3; i++) {
      await here.watchUntil(
        async () => {
          places.push((await feedOf(here))!.since);
          return i < 2
            ? begun >= 3 * (i + 1)
            : (await Promise.all(names.map((name) => kept(here, name)))).every(Boolean);
        },
        follow(here, { limit: 4 }),
      );
    }
    for (const name of names) expect(await here.runs(name)).toEqual(["1.0.1 scan"]);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  test("of a whole registry brings packages in that nobody added: their history makes the baseline", async () => {
    await using here = await following();
    for (const version of ["1.0.0", "1.1.0", "1.2.0", "2.0.0"]) await here.publish("@corp/old", version);
    await here.publish("@corp/old", "2.0.1");
    publishedLongAgo(here, "@corp/old", ["1.0.0", "1.1.0", "1.2.0", "2.0.0", "2.0.1"]);
    await here.publish("denied-thing", "1.0.0");
    await here.publish("other", "1.0.0");
    const whole = follow(here, { packages: ["@corp/*", "denied-*"], except: ["denied-*"] });
    await here.watchUntil(async () => (await readWatch(here.services.db, "@corp/old"))?.polled_at != null, whole);
    expect(await known(here)).toEqual(["@corp/old", "axios", "lodash"]);
    // All of it is older than the following, so nothing is new: the latest three are seeds.
    expect((await here.runs("@corp/old")).toSorted()).toEqual(["1.2.0 seed", "2.0.0 seed", "2.0.1 seed"]);

    await here.publish("@corp/old", "2.0.2");
    await here.watchUntil(() => kept(here, "@corp/old"), whole);
    expect((await here.runs("@corp/old")).at(-1)).toBe("2.0.2 scan");
    const jobs = await here.services.db.query.selectFrom("job").select("priority").distinct().execute();
    expect(jobs.map(({ priority }) => priority).toSorted()).toEqual([1, 4]);
  });

  test("sees what is new of a package that nobody knew, and what is not", async () => {
    await using here = await following();
    // Two releases of today; the registry says that the first is old.
    await here.publish("fresh", "1.0.0");
    await here.publish("fresh", "1.0.1");
    publishedLongAgo(here, "fresh", ["1.0.0"]);
    await here.watchUntil(() => kept(here, "fresh"), follow(here, { packages: ["*"] }));
    expect((await here.runs("fresh")).toSorted()).toEqual(["1.0.0 seed", "1.0.1 scan"]);
    expect((await listSeenReleases(here.services.db, "fresh")).map(({ version }) => version)).toEqual(["1.0.1"]);
  });

  test("that was begun anew has every watched package looked at, and is followed from its end", async () => {
    await using here = await following();
    await here.services.db.query.updateTable("feed").set({ since: 1_000_000 }).execute();
    await here.publish("axios", "1.0.1");
    await here.watchUntil(() => kept(here, "axios"), follow(here));
    const feed = (await feedOf(here))!;
    expect([feed.resets, feed.since]).toEqual([1, 4]);
  });

  test("that is in trouble is asked less often, and says what it has; polling goes on", async () => {
    await using here = await following();
    await here.publish("lodash", "1.0.1");
    await here.due();
    here.fault = (_, path) => (path === "_changes" ? new Response("nonsense") : undefined);
    await here.watchUntil(
      async () => (await feedOf(here))!.error !== null && (await kept(here, "lodash")),
      follow(here),
    );
    expect((await feedOf(here))!.error).toContain("cannot be read: it is not JSON");
    here.fault = undefined;
    await here.watchUntil(async () => (await feedOf(here))!.error === null, follow(here));
  });

  test("is believed over a cache: a package is looked at again when the change is not to be seen yet", async () => {
    await using here = await following();
    await here.publish("lodash", "1.0.1");
    const before = here.requests.filter(({ path }) => path === "lodash").length;
    // The cache still has the document of before, for one more request.
    const old = { name: "lodash", "dist-tags": { latest: "1.0.0" }, versions: {} };
    let asked = 0;
    here.fault = (_, path) => (path === "lodash" && asked++ === 0 ? Response.json(old) : undefined);
    await here.watchUntil(() => kept(here, "lodash"), follow(here));
    expect(here.requests.filter(({ path }) => path === "lodash").length).toBe(before + 2);
  });

  test("is believed even where it tells of a change in the middle of a look that does not see it", async () => {
    await using here = await following();
    await here.due();
    const before = (await feedOf(here))!.since;
    let asked = 0;
    here.fault = async (_, path) => {
      if (path !== "lodash" || asked++ > 0) return undefined as never;
      // This look began before the release, and ends when the feed has told of it.
      await here.publish("lodash", "1.0.1");
      while ((await feedOf(here))!.since === before) await Bun.sleep(5);
      return Response.json({ name: "lodash", "dist-tags": { latest: "1.0.0" }, versions: {} });
    };
    await here.watchUntil(() => kept(here, "lodash"), follow(here));
    expect(await here.runs("lodash")).toEqual(["1.0.1 scan"]);
    expect(asked).toBe(2);
  });
});
