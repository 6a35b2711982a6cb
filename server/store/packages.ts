/** Packages that fangs knows. */
import type { Static } from "@sinclair/typebox";
import { Package, type PackageDetail } from "../../protocol/models.ts";
import { missing } from "./ids.ts";
import { fromJson } from "./json.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";
import { listSeenReleases } from "./seen-releases.ts";
import { listSeeds } from "./seeds.ts";
import { readWatch } from "./watches.ts";

const Severities = Package.properties.severities;
export type Severities = Static<typeof Severities>;

/** Makes the package known; false: it was already. */
export async function addPackage(db: Database, name: string, now: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db.query
    .insertInto("package")
    .values({ name, created_at: now, severities: "{}", seeding: 0 })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return (numInsertedOrUpdatedRows ?? 0n) > 0n;
}

/** Forgets the package; its runs and deviations stay. False: it was not known. */
export async function deletePackage(db: Database, name: string): Promise<boolean> {
  const { numDeletedRows } = await db.query.deleteFrom("package").where("name", "=", name).executeTakeFirst();
  return numDeletedRows > 0n;
}

/** All packages by name, with the size and maturity of their baselines. */
export async function listPackages(db: Database): Promise<Package[]> {
  return (await selectPackages(db).orderBy("name").execute()).map(fromRow);
}

/** @throws FangsError not_found */
export async function getPackage(db: Database, name: string): Promise<PackageDetail> {
  const row = await selectPackages(db).where("name", "=", name).executeTakeFirst();
  if (row === undefined) throw missing("package", name);
  return {
    ...fromRow(row),
    seeds: await listSeeds(db, name),
    baselines: await summaries(db, name),
    watch: await readWatch(db, name),
    seen: await listSeenReleases(db, name),
  };
}

/** The severities of a package's own, none for a package that is not known. */
export async function readSeverities(db: Database, name: string): Promise<Severities> {
  return (await readOwn(db, name)).severities;
}

/** What a verdict needs to know of its package: severities of its own, and whether it is being seeded. */
export async function readOwn(db: Database, name: string): Promise<{ severities: Severities; isSeeding: boolean }> {
  const [row] = await ownOf(db, name);
  if (row === undefined) return { severities: {}, isSeeding: false };
  return { severities: fromJson(Severities, row.severities), isSeeding: row.seeding === 1 };
}

export async function writeSeverities(db: Database, name: string, severities: Severities): Promise<void> {
  await db.query
    .updateTable("package")
    .set({ severities: JSON.stringify(severities) })
    .where("name", "=", name)
    .execute();
}

// --- internal ---

const ownOf = prepared((query, name: string) =>
  query.selectFrom("package").select(["severities", "seeding"]).where("name", "=", name),
);

function selectPackages(db: Database) {
  return db.query.selectFrom("package").select(({ selectFrom, fn }) => [
    "name",
    "created_at",
    "severities",
    "seeding",
    selectFrom("baseline_version")
      .select((inner) => inner.fn.count<number>("version").distinct().as("n"))
      .whereRef("baseline_version.package", "=", "package.name")
      .$asScalar()
      .$notNull()
      .as("maturity"),
    selectFrom("baseline_entry")
      .select(fn.countAll<number>().as("n"))
      .whereRef("baseline_entry.package", "=", "package.name")
      .$asScalar()
      .$notNull()
      .as("fingerprints"),
  ]);
}

type Row = Omit<Package, "seeding" | "severities"> & { seeding: number; severities: string };

function fromRow(row: Row): Package {
  return { ...row, seeding: row.seeding === 1, severities: fromJson(Severities, row.severities) };
}

async function summaries(db: Database, name: string): Promise<PackageDetail["baselines"]> {
  return db.query
    .selectFrom("baseline_version as version")
    .select(({ selectFrom, fn }) => [
      "node_major",
      fn.countAll<number>().as("maturity"),
      selectFrom("baseline_entry as entry")
        .select(fn.countAll<number>().as("n"))
        .whereRef("entry.package", "=", "version.package")
        .whereRef("entry.node_major", "=", "version.node_major")
        .$asScalar()
        .$notNull()
        .as("fingerprints"),
    ])
    .where("package", "=", name)
    .groupBy(["package", "node_major"])
    .orderBy("node_major")
    .execute();
}
