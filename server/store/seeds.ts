/** The releases that packages are seeded from, each with its newest run. */
import type { Seed } from "../../protocol/models.ts";
import { isFinal } from "../run-state.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";

/** Makes these the seeds of a package, which is under seeding from now on. */
export async function startSeeding(
  db: Database,
  name: string,
  seeds: readonly { version: string; run_id: string }[],
): Promise<void> {
  await db.query.deleteFrom("seed").where("package", "=", name).execute();
  for (const seed of seeds)
    await db.query
      .insertInto("seed")
      .values({ package: name, ...seed })
      .execute();
  await setSeeding(db, name, 1);
}

/** From now on runs of the package wait for no seed. */
export async function endSeeding(db: Database, name: string): Promise<void> {
  await setSeeding(db, name, 0);
}

export async function isSeeding(db: Database, name: string): Promise<boolean> {
  const [row] = await seedingOf(db, name);
  return row?.seeding === 1;
}

/** The seeds in semver order. */
export async function listSeeds(db: Database, name: string): Promise<Seed[]> {
  const rows = await db.query
    .selectFrom("seed")
    .innerJoin("run", "run.id", "seed.run_id")
    .select(["seed.version", "seed.run_id", "run.state", "run.verdict", "run.reason"])
    .where("seed.package", "=", name)
    .execute();
  return rows.sort((a, b) => Bun.semver.order(a.version, b.version));
}

/** The run that takes the place of one that was retried. */
export async function replaceSeed(db: Database, oldRun: string, newRun: string): Promise<void> {
  await db.query.updateTable("seed").set({ run_id: newRun }).where("run_id", "=", oldRun).execute();
}

/** Whether nothing more is to be expected of a seed. */
export function hasEnded({ state }: Pick<Seed, "state">): boolean {
  return isFinal(state);
}

// --- internal ---

const seedingOf = prepared((query, name: string) =>
  query.selectFrom("package").select("seeding").where("name", "=", name),
);

async function setSeeding(db: Database, name: string, seeding: 0 | 1): Promise<void> {
  await db.query.updateTable("package").set({ seeding }).where("name", "=", name).execute();
}
