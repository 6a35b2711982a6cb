/** What must hold when everything has settled, whatever was killed meanwhile. */
import type { Database } from "../../server/store/open.ts";
import { BAD, GOOD, recordingOf } from "./packages.ts";

export interface Findings {
  /** Scans that were taken on and have no verdict. */
  lost: string[];
  /** Verdicts that were stored twice, or by halves. */
  doubled: string[];
  /** Baselines that are not what exactly one run of the good release did, and verdicts that do not follow from it. */
  wrong: string[];
  /** Jobs without a waiting run, runs that wait for nobody, segments of other attempts. */
  orphans: string[];
}

/** Looks at the whole store; `taken` are the scans that a server said it had taken on. */
export async function check(db: Database, taken: readonly string[]): Promise<Findings> {
  const runs = await db.query.selectFrom("run").selectAll().orderBy("id").execute();
  const findings: Findings = { lost: [], doubled: [], wrong: [], orphans: [] };
  for (const scan of taken) {
    const own = runs.filter((run) => run.scan_id === scan && run.kind !== "control");
    if (own.length !== 1 || own[0]!.state !== "done" || own[0]!.verdict === null)
      findings.lost.push(`scan ${scan}: ${own.map((run) => `${run.state} ${run.reason}`).join(", ") || "no run"}`);
  }
  const jobs = await db.query.selectFrom("job").select("run_id").execute();
  for (const job of jobs) findings.orphans.push(`job of ${job.run_id}`);
  for (const run of runs) {
    if (!["done", "failed", "cancelled"].includes(run.state)) findings.orphans.push(`run ${run.id} is ${run.state}`);
    if (run.state !== "done") continue;
    await checkRun(db, run, findings);
  }
  for (const name of new Set(runs.map((run) => run.package))) await checkPackage(db, name, runs, findings);
  return findings;
}

// --- internal ---

type RunRow = Awaited<ReturnType<typeof allRuns>>[number];
const allRuns = (db: Database) => db.query.selectFrom("run").selectAll().execute();

async function checkRun(db: Database, run: RunRow, findings: Findings): Promise<void> {
  const { segments } = recordingOf(run.version);
  const stored = await db.query
    .selectFrom("trace_segment")
    .select(["seq", "data"])
    .where("run_id", "=", run.id)
    .orderBy("seq")
    .execute();
  const same =
    stored.length === segments.length &&
    stored.every(({ data }, i) =>
      Bun.deepEquals(new Uint8Array(Bun.zstdDecompressSync(new Uint8Array(data ?? []))), segments[i]),
    );
  if (!same) findings.orphans.push(`run ${run.id} has ${stored.length} segments that are not its recording's`);
  const deviations = await db.query
    .selectFrom("deviation")
    .select(["actor", "category", "value"])
    .where("run_id", "=", run.id)
    .execute();
  const distinct = new Set(deviations.map((row) => JSON.stringify(row)));
  if (distinct.size !== deviations.length || deviations.length !== run.deviations)
    findings.doubled.push(
      `run ${run.id} counts ${run.deviations} deviations and has ${deviations.length}, ${distinct.size} of them distinct`,
    );
}

async function checkPackage(db: Database, name: string, runs: readonly RunRow[], findings: Findings): Promise<void> {
  const own = runs.filter((run) => run.package === name && run.kind !== "control" && run.state === "done");
  const seeded = own.filter((run) => run.verdict === "seeded");
  const audits = await db.query
    .selectFrom("audit")
    .select("id")
    .where("subject", "=", name)
    .where("action", "=", "baseline.seed")
    .execute();
  const versions = await db.query
    .selectFrom("baseline_version")
    .select(["version", "run_id"])
    .where("package", "=", name)
    .execute();
  if (seeded.length !== 1 || audits.length !== 1 || versions.length !== 1 || versions[0]!.run_id !== seeded[0]?.id)
    findings.wrong.push(
      `${name} was seeded by ${seeded.length} runs, ${audits.length} times in the audit, ${versions.length} versions`,
    );
  const entries = await db.query
    .selectFrom("baseline_entry")
    .select(["actor", "category", "value"])
    .where("package", "=", name)
    .execute();
  const shown = await db.query
    .selectFrom("fingerprint")
    .select(["actor", "category", "value"])
    .where("run_id", "=", seeded[0]?.id ?? "")
    .execute();
  const sorted = (rows: object[]) => rows.map((row) => JSON.stringify(row)).sort();
  if (entries.length === 0 || !Bun.deepEquals(sorted(entries), sorted(shown)))
    findings.wrong.push(`${name} has ${entries.length} entries, its seed showed ${shown.length}`);
  for (const run of own) {
    const expected = run.version === BAD ? "deviant" : run.id === seeded[0]?.id ? "seeded" : "clean";
    if (run.verdict !== expected)
      findings.wrong.push(`${run.version === GOOD ? "good" : "bad"} run ${run.id} is ${run.verdict}: ${run.reason}`);
  }
}
