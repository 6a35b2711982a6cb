/** Packages that fangs knows. */
import type { Package } from "../../protocol/models.ts";
import type { Database } from "./open.ts";

/** Makes the package known; false: it was already. */
export async function addPackage(db: Database, name: string, now: number): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db.query
    .insertInto("package")
    .values({ name, created_at: now })
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
  return selectPackages(db).orderBy("name").execute();
}

export async function findPackage(db: Database, name: string): Promise<Package | undefined> {
  return selectPackages(db).where("name", "=", name).executeTakeFirst();
}

// --- internal ---

function selectPackages(db: Database) {
  return db.query
    .selectFrom("package")
    .select(({ selectFrom, fn }) => [
      "name",
      "created_at",
      selectFrom("baseline_version")
        .select(fn.countAll<number>().as("n"))
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
