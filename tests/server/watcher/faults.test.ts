import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { listKept, listSeenReleases } from "../../../server/store/seen-releases.ts";
import { readWatch } from "../../../server/store/watches.ts";
import { type Place, place } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

/** A package with one release that is new, and another package that is well. */
async function sickAndWell(): Promise<Place> {
  const here = await place();
  for (const name of ["sick", "well"]) {
    await here.publish(name, "1.0.0");
    await here.add(name);
    await here.publish(name, "1.0.1");
  }
  here.requests.length = 0;
  return here;
}
const examined = async (here: Place, name: string) => (await here.runs(name)).length === 1;
const trouble = async (here: Place, name: string) => (await readWatch(here.services.db, name))?.error ?? null;
const asked = (here: Place, path: string) => here.requests.filter((request) => request.path === path);

describe("a registry", () => {
  test("that wants fewer requests is left alone for as long as it says, all its packages", async () => {
    await using here = await sickAndWell();
    let refusals = 0;
    here.fault = () =>
      refusals++ === 0 ? new Response("", { status: 429, headers: { "retry-after": "3" } }) : undefined;
    await here.watchUntil(async () => (await examined(here, "sick")) && examined(here, "well"), { concurrency: 1 });
    expect(here.requests[1]!.at - here.requests[0]!.at).toBeGreaterThan(2900);
    expect(await trouble(here, "sick")).toBeNull();
  });

  test.each([
    ["an error", () => new Response("", { status: 500 }), "The registry answered with status 500."],
    ["a page", () => new Response("<html>"), "The registry did not answer with JSON."],
    [
      "half a document",
      () => new Response('{"name":"sick","versions":{"1.0.1":{"na'),
      "The registry did not answer with JSON.",
    ],
    [
      "another package",
      () => Response.json({ name: "well", versions: {} }),
      "The registry's answer about sick cannot be used: it describes another package.",
    ],
    ["a huge document", () => new Response("x".repeat(200_000)), "sent more than 100000 bytes"],
    ["no answer in time", () => Bun.sleep(5000).then(() => new Response("{}")), "did not answer within 0.5 seconds"],
  ])(
    "that gives %s is asked again later; other packages are served, and nothing is missed",
    async (_, answer, told) => {
      await using here = await sickAndWell();
      here.fault = (__, path) => (path === "sick" ? answer() : undefined);
      const limits = { packumentBytes: 100_000, packumentMs: 500 };
      await here.watchUntil(async () => (await trouble(here, "sick")) !== null && examined(here, "well"), { limits });
      expect(await trouble(here, "sick")).toContain(told);
      const watch = await readWatch(here.services.db, "sick");
      expect(watch!.failures).toBe(1);
      // Half a minute later, give or take a tenth.
      expect(watch!.due_at! - watch!.error_at!).toBeWithin(27_000, 33_001);
      expect(await here.runs("sick")).toEqual([]);

      here.fault = undefined;
      await here.due();
      await here.watchUntil(() => examined(here, "sick"));
      expect((await readWatch(here.services.db, "sick"))!.failures).toBe(0);
    },
  );

  test("that is not well is asked less and less often", async () => {
    await using here = await sickAndWell();
    here.fault = (_, path) => (path === "sick" ? new Response("", { status: 500 }) : undefined);
    const pauses: number[] = [];
    for (let failures = 1; failures <= 9; failures++) {
      await here.due();
      await here.watchUntil(async () => (await readWatch(here.services.db, "sick"))!.failures === failures);
      const { due_at, error_at } = (await readWatch(here.services.db, "sick"))!;
      pauses.push(Math.round((due_at! - error_at!) / 1000));
    }
    for (const [i, pause] of pauses.entries()) {
      const seconds = Math.min(30 * 2 ** i, 3600);
      expect(pause).toBeWithin(Math.floor(seconds * 0.9), Math.ceil(seconds * 1.1) + 1);
    }
  });

  test.each([
    ["cut short", (bytes: Uint8Array<ArrayBuffer>) => new Response(bytes.slice(0, 20)), "does not match its sha512"],
    ["another one", () => new Response("evil"), "does not match its sha512"],
    ["gone", () => new Response("", { status: 404 }), "no longer has"],
  ])(
    "whose tarball is %s: the release is examined all the same, and the tarball tried again",
    async (_, answer, told) => {
      await using here = await sickAndWell();
      here.fault = (__, path) => (path.endsWith("1.0.1.tgz") ? answer(new Uint8Array(100)) : undefined);
      const seen = async () => (await listSeenReleases(here.services.db, "sick"))[0];
      await here.watchUntil(async () => (await seen())?.tarball_error != null);
      expect((await seen())!.tarball_error).toContain(told);
      expect(await here.runs("sick")).toEqual(["1.0.1 scan"]);
      expect(await listKept(here.services.db, "sick")).toEqual([]);

      here.fault = undefined;
      await here.services.db.query.updateTable("release").set({ fetch_at: 0 }).execute();
      await here.watchUntil(async () => (await listKept(here.services.db, "sick")).length === 1);
      expect(await here.runs("sick")).toHaveLength(1);
      expect((await seen())!.tarball_error).toBeNull();
    },
  );

  test("is never asked more often than the rate allows, and by no more at a time than it is told", async () => {
    await using here = await place();
    const names = Array.from({ length: 40 }, (_, i) => `p${i}`);
    for (const name of names) {
      await here.publish(name, "1.0.0");
      await here.add(name);
    }
    here.requests.length = 0;
    let at = 0;
    let most = 0;
    const begun = performance.now();
    here.fault = async () => {
      most = Math.max(most, ++at);
      await Bun.sleep(150);
      at -= 1;
      return undefined as never;
    };
    await here.watchUntil(() => names.every((name) => asked(here, name).length === 1), { rate: 20, concurrency: 3 });
    expect(most).toBeLessThanOrEqual(3);
    // The first turn is at once, the others follow 50 ms apart at least.
    expect(performance.now() - begun).toBeGreaterThanOrEqual(39 * 50);
  });
});

test("a package without ETags is read again only where it changed", async () => {
  await using here = await sickAndWell();
  await here.watchUntil(() => examined(here, "sick"));
  const plain = { name: "sick", "dist-tags": {}, versions: {} };
  here.fault = (_, path) => (path === "sick" ? Response.json(plain) : undefined);
  for (let i = 0; i < 2; i++) {
    await here.due();
    const before = asked(here, "sick").length;
    await here.watchUntil(
      async () => asked(here, "sick").length > before && (await readWatch(here.services.db, "sick"))!.due_at! > 0,
    );
  }
  const watch = await here.services.db.query
    .selectFrom("watch")
    .selectAll()
    .where("package", "=", "sick")
    .executeTakeFirstOrThrow();
  expect([watch.etag, watch.digest]).toEqual([
    null,
    new Bun.CryptoHasher("sha256").update(JSON.stringify(plain)).digest("base64url"),
  ]);
  // What was handled stays handled, whatever the registry shows today.
  expect(await here.runs("sick")).toHaveLength(1);
});
