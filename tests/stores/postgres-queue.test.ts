import { expect, test } from "bun:test";
import { migrate } from "../../server/store/migrate.ts";
import { openStore } from "../../server/store/open.ts";
import { emptyDatabase, unavailable } from "./postgres.ts";

test.skipIf(unavailable !== undefined)(
  "a statement that is alone goes by an index, though the table was empty when Postgres last looked at it",
  async () => {
    await using database = await emptyDatabase();
    const db = openStore(database.url);
    await migrate(db);
    await db.script("vacuum analyze job");
    const next = "explain select run_id from job where expires_at is null order by priority desc, run_id limit 1";
    const plan = async (asked: Promise<{ "QUERY PLAN": string }[]>) =>
      (await asked).map((line) => line["QUERY PLAN"]).join("\n");
    // What it does otherwise: if it has learnt better, this can go.
    expect(await plan(db.rows(next))).toContain("Seq Scan");
    expect(await plan(db.alone("rows", next))).toContain("using job_free");
    // For no longer than that.
    expect(await plan(db.rows(next))).toContain("Seq Scan");
    await db.close();
  },
);
