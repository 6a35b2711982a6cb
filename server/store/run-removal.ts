/** What refers to a run, and how a run goes. */
import type { Run } from "../../protocol/models.ts";
import { deleteFingerprints } from "./fingerprints.ts";
import type { Database } from "./open.ts";
import { leaveObjects } from "./traces.ts";

/** Whether a change of the package's baseline names the run: undoing it would bring the run back in. */
export async function isInHistory(db: Database, run: Pick<Run, "id" | "package">): Promise<boolean> {
  const row = await db.query
    .selectFrom("audit")
    .select("id")
    .where("subject", "=", run.package)
    .where("action", "like", "baseline.%")
    .where((eb) => eb.or([eb("before", "like", `%${run.id}%`), eb("after", "like", `%${run.id}%`)]))
    .limit(1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Whether the run is a seed of a package that is being seeded. */
export async function isSeedAwaited(db: Database, id: string): Promise<boolean> {
  const row = await db.query
    .selectFrom("seed")
    .innerJoin("package", "package.name", "seed.package")
    .select("seed.run_id")
    .where("seed.run_id", "=", id)
    .where("package.seeding", "=", 1)
    .executeTakeFirst();
  return row !== undefined;
}

/** Deletes a run, its control runs and what belongs to them; the scan with its last run. */
export async function eraseRun(db: Database, run: Pick<Run, "id" | "scan_id" | "package">): Promise<void> {
  const controls = await db.query.selectFrom("run").select("id").where("control_of", "=", run.id).execute();
  for (const { id } of [run, ...controls]) {
    await leaveObjects(db, id);
    await deleteFingerprints(db, id);
  }
  await db.query.deleteFrom("run").where("control_of", "=", run.id).execute();
  await db.query.deleteFrom("run").where("id", "=", run.id).execute();
  await db.query
    .deleteFrom("scan")
    .where("id", "=", run.scan_id)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom("run").select("id").where("scan_id", "=", run.scan_id))),
    )
    .execute();
}
