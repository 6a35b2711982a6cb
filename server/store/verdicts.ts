import { FangsError } from "../../protocol/errors.ts";
import type { ReleaseVerdict } from "../../protocol/verdicts.ts";
import type { Database } from "./open.ts";
import { getRun } from "./runs.ts";

/**
 * The verdict of a release: of its newest run that could be compared; of the newest at all where none could, so that
 * an inconclusive one is never taken for a clean one. Control runs do not count: they are of another question.
 *
 * @throws FangsError not_found for a release that has no verdict
 */
export async function getVerdict(db: Database, name: string, version: string): Promise<ReleaseVerdict> {
  const judged = db.query
    .selectFrom("run")
    .select("id")
    .where("package", "=", name)
    .where("version", "=", version)
    .where("kind", "!=", "control")
    .where("state", "=", "done")
    .orderBy("id", "desc")
    .limit(1);
  const found =
    (await judged.where("verdict", "in", ["seeded", "clean", "deviant"]).executeTakeFirst()) ??
    (await judged.where("verdict", "=", "inconclusive").executeTakeFirst());
  const run = found && (await getRun(db, found.id));
  if (run?.verdict == null) {
    throw new FangsError("not_found", `There is no verdict of ${name} ${version}.`, {
      hint: "It was not examined yet: `fangs scan submit` has it examined.",
    });
  }
  const { id: run_id, verdict, reason, decision, max_severity, open, rejected, ended_at } = run;
  return { package: name, version, verdict, reason, decision, max_severity, open, rejected, run_id, ended_at };
}
