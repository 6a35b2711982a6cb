/** Releases that the watcher handled, and which of their tarballs are still to be fetched. */
import { Type } from "@sinclair/typebox";
import type { Manifest } from "../../npm/packument.ts";
import type { KeptReleases, SeenRelease } from "../../protocol/watching.ts";
import { fromJson } from "./json.ts";
import type { Database } from "./open.ts";
import type { ReleaseRow } from "./schema.ts";

const Tags = Type.Array(Type.String());
const KeptManifest = Type.Record(Type.String(), Type.Unknown());
/** More than anybody reads at once. */
const LISTED = 50;

/** What names a release: the same version with another tarball is another one. */
export type ReleaseKey = Pick<ReleaseRow, "package" | "version" | "fingerprint">;

/** Writes a release down; false: it was there already. */
export async function insertRelease(
  db: Database,
  release: Omit<ReleaseRow, "tags" | "manifest" | "tarball_bytes" | "tarball_error" | "fetches"> & {
    tags: string[];
    manifest: Manifest;
  },
): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db.query
    .insertInto("release")
    .values({
      ...release,
      tags: JSON.stringify(release.tags),
      manifest: JSON.stringify(release.manifest),
      fetches: 0,
    })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

export async function setRelease(
  db: Database,
  key: ReleaseKey,
  changes: Partial<Pick<ReleaseRow, "run_id" | "tarball_bytes" | "tarball_error" | "fetch_at" | "fetches">>,
): Promise<void> {
  await db.query
    .updateTable("release")
    .set(changes)
    .where("package", "=", key.package)
    .where("version", "=", key.version)
    .where("fingerprint", "=", key.fingerprint)
    .execute();
}

/** Releases whose tarball is to be fetched now, the longest due first. */
export async function listFetches(
  db: Database,
  now: number,
  limit: number,
): Promise<(ReleaseKey & { manifest: string; fetches: number })[]> {
  return db.query
    .selectFrom("release")
    .select(["package", "version", "fingerprint", "manifest", "fetches"])
    .where("fetch_at", "<=", now)
    .orderBy("fetch_at")
    .limit(limit)
    .execute();
}

/** The newest first. */
export async function listSeenReleases(db: Database, name: string): Promise<SeenRelease[]> {
  const rows = await db.query
    .selectFrom("release")
    .selectAll()
    .where("package", "=", name)
    .orderBy("seen_at", "desc")
    .orderBy("version", "desc")
    .limit(LISTED)
    .execute();
  return rows.map((row) => ({
    version: row.version,
    cause: row.cause,
    tags: fromJson(Tags, row.tags),
    seen_at: row.seen_at,
    run_id: row.run_id,
    signatures: row.signatures,
    provenance: row.provenance === 1,
    tarball_bytes: row.tarball_bytes,
    tarball_error: row.tarball_error,
  }));
}

/** What is kept of a package's releases, of a republished version the newest. */
export async function listKept(db: Database, name: string): Promise<KeptReleases["releases"]> {
  const rows = await db.query
    .selectFrom("release")
    .select(["version", "seen_at", "manifest"])
    .where("package", "=", name)
    .where("tarball_bytes", "is not", null)
    .orderBy("seen_at")
    .execute();
  const newest = new Map(rows.map((row) => [row.version, row]));
  return [...newest.values()].map((row) => ({ ...row, manifest: fromJson(KeptManifest, row.manifest) }));
}

/** Forgets which tarballs are kept of releases seen before a moment. */
export async function dropKeptBefore(db: Database, moment: number): Promise<void> {
  await db.query
    .updateTable("release")
    .set({ tarball_bytes: null })
    .where("seen_at", "<", moment)
    .where("tarball_bytes", "is not", null)
    .execute();
}

/** The newest run that examines or examined a release; undefined: none, or none that came to an end of its own. */
export async function findExamination(db: Database, name: string, version: string): Promise<string | undefined> {
  const row = await db.query
    .selectFrom("run")
    .select("id")
    .where("package", "=", name)
    .where("version", "=", version)
    .where("kind", "!=", "control")
    .where("state", "not in", ["failed", "cancelled"])
    .orderBy("id", "desc")
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

/** The highest version of a package that has a run; undefined: none has. */
export async function newestExamined(db: Database, name: string): Promise<string | undefined> {
  const rows = await db.query
    .selectFrom("run")
    .select("version")
    .distinct()
    .where("package", "=", name)
    .where("kind", "!=", "control")
    .execute();
  return rows
    .map(({ version }) => version)
    .sort(Bun.semver.order)
    .at(-1);
}
