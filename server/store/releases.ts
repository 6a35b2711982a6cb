/** Releases: the versions of a package that had a run. */
import type { ReleasePage } from "../../protocol/requests.ts";
import type { Database } from "./open.ts";
import { selectRuns } from "./runs.ts";

/** Runs of a release that are listed. */
const RUNS_PER_RELEASE = 20;

/**
 * The versions of a package that had a run, the one that ran last first, each with its runs. Control runs are left out:
 * they tell of another release. `before` is a full id.
 */
export async function listReleases(
  db: Database,
  name: string,
  { limit = 50, before }: { limit?: number; before?: string },
): Promise<ReleasePage> {
  let select = db.query
    .selectFrom("run")
    .select(["version", ({ fn }) => fn.max("id").as("newest")])
    .where("package", "=", name)
    .where("kind", "!=", "control")
    .groupBy("version")
    .orderBy("newest", "desc")
    .limit(limit + 1);
  if (before !== undefined) select = select.having(({ eb, fn }) => eb(fn.max("id"), "<", before));
  const rows = await select.execute();
  const releases = [];
  for (const { version } of rows.slice(0, limit)) {
    const runs = await selectRuns(db)
      .where("package", "=", name)
      .where("version", "=", version)
      .where("kind", "!=", "control")
      .orderBy("id", "desc")
      .limit(RUNS_PER_RELEASE)
      .execute();
    releases.push({ version, runs });
  }
  return { releases, next: rows.length > limit ? (rows[limit - 1]?.newest ?? null) : null };
}
