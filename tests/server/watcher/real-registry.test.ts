/** The watcher against the registry of npm's own configuration: whatever it is, and however it is that day. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { readNpmConfig } from "../../../npm/config.ts";
import { createPollSource } from "../../../npm/poll.ts";
import { createRegistryClient } from "../../../npm/registry.ts";
import { watchPackage } from "../../../server/packages.ts";
import { keptTarballs } from "../../../server/kept-tarballs.ts";
import { listKept, listSeenReleases } from "../../../server/store/seen-releases.ts";
import { readWatch } from "../../../server/store/watches.ts";
import { createPacer } from "../../../server/watcher/pacer.ts";
import { watch } from "../../../server/watcher/watch.ts";
import { temporaryFolder, testServices } from "../support.ts";

setDefaultTimeout(180_000);

/** Small, old and settled: a scoped one among them. */
const NAMES = ["is-number", "ms", "@types/ms"];

test("real packages are looked at, then found unchanged; a release taken from history is seen as new, checked and kept", async () => {
  using folder = temporaryFolder();
  const npm = readNpmConfig();
  const services = await testServices({
    registry: createRegistryClient(npm),
    tarballs: keptTarballs(`${folder.path}/tarballs`),
    now: Date.now,
  });
  for (const name of NAMES) await watchPackage(services, { name, seed: 0 }, "test");
  // As if is-number 7.0.0 had been published since.
  const row = await services.db.query
    .selectFrom("watch")
    .select("seen")
    .where("package", "=", "is-number")
    .executeTakeFirstOrThrow();
  const seen = JSON.parse(row.seen ?? "{}") as Record<string, string>;
  expect(Object.keys(seen)).toContain("7.0.0");
  delete seen["7.0.0"];
  await services.db.query
    .updateTable("watch")
    .set({ seen: JSON.stringify(seen) })
    .where("package", "=", "is-number")
    .execute();

  const stop = new AbortController();
  const watching = watch(services, { npm, intervalMs: 3_600_000, rate: 5 }, stop.signal);
  const deadline = performance.now() + 120_000;
  const all = async () => Promise.all(NAMES.map((name) => readWatch(services.db, name)));
  const complete = async () =>
    (await all()).every((known) => known?.polled_at !== null) &&
    (await listKept(services.db, "is-number")).length === 1;
  while (!(await complete()) && performance.now() < deadline) await Bun.sleep(100);
  stop.abort();
  await watching;

  // A registry that is not well today is no failure of the watcher's: it must have said so, and lost nothing.
  for (const known of await all()) expect(known?.polled_at !== null || known?.error !== null).toBe(true);
  const [release] = await listSeenReleases(services.db, "is-number");
  if (release === undefined) return expect((await readWatch(services.db, "is-number"))?.error).toBeString();
  expect([release.version, release.cause, release.tags]).toEqual(["7.0.0", "published", ["latest"]]);
  expect(release.tarball_bytes ?? release.tarball_error).not.toBeNull();

  const source = createPollSource(npm, {
    pace: createPacer(5, new AbortController().signal),
    signal: new AbortController().signal,
  });
  const { etag, digest } = await services.db.query
    .selectFrom("watch")
    .select(["etag", "digest"])
    .where("package", "=", "ms")
    .executeTakeFirstOrThrow();
  const again = await source.poll("ms", { etag, digest });
  expect(["unchanged", "document", "throttled", "failed"]).toContain(again.kind);
  process.stderr.write(
    `the configured registry: etag ${etag === null ? "none" : "given"}, asked again: ${again.kind}, signatures ${release.signatures}, provenance ${release.provenance}\n`,
  );
});
