/** Runs: reading, and the changes of their state. */
import { type ExpressionBuilder, sql } from "kysely";
import {
  type Deviation,
  type ReleaseMeta,
  type Run,
  RUN_STATES,
  type RunKind,
  type RunState,
} from "../../protocol/models.ts";
import type { RunPage, RunQuery } from "../../protocol/requests.ts";
import { checkTransition, HELD, isFinal, statesBefore } from "../run-state.ts";
import { missing, newId } from "./ids.ts";
import type { Value } from "./database.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";
import type { RunRow, Schema } from "./schema.ts";

/** The states in which a lease holds a run, as a statement names them. */
export const HELD_STATES = `(${HELD.map((state) => `'${state}'`).join(", ")})`;

/** What is known of a run when its runner has ended it. */
export type Ended = Pick<RunRow, "result" | "events" | "trace_bytes" | "ended_at">;

const COLUMNS = [
  "id",
  "scan_id",
  "package",
  "version",
  "kind",
  "control_of",
  "state",
  "verdict",
  "reason",
  "attempt",
  "runner",
  "events",
  "deviations",
  "max_severity",
  "decision",
  "created_at",
  "started_at",
  "ended_at",
] as const;

export async function insertRun(
  db: Database,
  run: { scan_id: string; package: string; version: string; now: number; kind?: RunKind; control_of?: string },
): Promise<string> {
  const { now, kind = "scan", control_of = null, ...rest } = run;
  const row: Omit<RunRow, "trace_bytes" | "trace_pruned_at"> = {
    id: newId(),
    ...rest,
    kind,
    control_of,
    control_due: null,
    state: "queued",
    verdict: null,
    reason: null,
    attempt: 1,
    runner: null,
    lease: null,
    events: 0,
    deviations: 0,
    max_severity: null,
    rules: null,
    result: null,
    decision: null,
    release: null,
    judged_at: null,
    created_at: now,
    started_at: null,
    ended_at: null,
  };
  await db.query.insertInto("run").values(row).execute();
  return row.id;
}

/** @throws FangsError not_found */
export async function getRun(db: Database, id: string): Promise<Run> {
  const [run] = await runById(db, id);
  if (run === undefined) throw missing("run", id);
  return run;
}

/** Which lease the run has or had, and its state; undefined: no such run. */
export async function getLease(db: Database, id: string): Promise<Pick<RunRow, "lease" | "state"> | undefined> {
  const [row] = await db.rows<Pick<RunRow, "lease" | "state">>("select lease, state from run where id = $1", [id]);
  return row;
}

/** Newest first. `before` is a full id. */
export async function listRuns(db: Database, query: RunQuery, defaultLimit = 50): Promise<RunPage> {
  const limit = query.limit ?? defaultLimit;
  let select = selectRuns(db)
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (query.package !== undefined) select = select.where("package", "=", query.package);
  if (query.state !== undefined) select = select.where("state", "=", query.state);
  if (query.verdict !== undefined) select = select.where("verdict", "=", query.verdict);
  if (query.before !== undefined) select = select.where("id", "<", query.before);
  const rows = await select.execute();
  const runs = rows.slice(0, limit);
  return { runs, next: rows.length > limit ? (runs.at(-1)?.id ?? null) : null };
}

/** The newest last. */
export async function listRunsOfScan(db: Database, scanId: string): Promise<Run[]> {
  return runsOfScan(db, scanId);
}

/** Deviant runs with open deviations, most severe first, then the newest. */
export async function listPending(db: Database, limit = 500): Promise<Run[]> {
  return selectRuns(db)
    .where("verdict", "=", "deviant")
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom("deviation").select("id").whereRef("run_id", "=", "run.id").where("deviation.state", "=", "open"),
      ),
    )
    .orderBy((eb) =>
      eb.case("max_severity").when("critical").then(0).when("high").then(1).when("medium").then(2).else(3).end(),
    )
    .orderBy("id", "desc")
    .limit(limit)
    .execute();
}

/** The control run of a run, the newest if there are several; undefined: none was asked for. */
export async function findControl(db: Database, id: string): Promise<Run | undefined> {
  const controls = await controlsOf(db, id);
  return controls.reduce<Run | undefined>((newest, one) => (newest && newest.id > one.id ? newest : one), undefined);
}

/** Runs that wait for a control run which has ended, or which they wait for no longer. */
export async function listControlled(db: Database, now: number): Promise<string[]> {
  return (await controlled(db, now)).map((row) => row.id);
}

/** Queued runs whose release was not looked up yet, the oldest first. */
export async function listUnlooked(db: Database, limit: number): Promise<Pick<RunRow, "id" | "package" | "version">[]> {
  return unlooked(db, limit);
}

/** Sets what is known of a run beside its state. */
export async function updateRun(
  db: Database,
  id: string,
  changes: Partial<Pick<RunRow, "release" | "verdict" | "reason" | "rules" | "deviations" | "max_severity">>,
): Promise<void> {
  await db.query.updateTable("run").set(changes).where("id", "=", id).execute();
}

/** Keeps what was learnt of a run's release, unless something was before: its verdict goes by that. */
export async function keepRelease(db: Database, id: string, release: ReleaseMeta): Promise<void> {
  await db.run("update run set release = $1 where id = $2 and release is null", [JSON.stringify(release), id]);
}

/** When the verdict of a run was reached; of one that an earlier fangs judged, when it ended. 0: it has none. */
export async function judgedAt(db: Database, id: string): Promise<number> {
  const row = await db.query
    .selectFrom("run")
    .select(["judged_at", "ended_at"])
    .where("id", "=", id)
    .executeTakeFirst();
  return row?.judged_at ?? row?.ended_at ?? 0;
}

/** Ids of runs in a state, oldest first. */
export async function listRunIds(db: Database, state: RunState): Promise<string[]> {
  return (await idsInState(db, state)).map((row) => row.id);
}

/** How many runs are in each state after which something follows; states without runs are left out. */
export async function countWaiting(db: Database): Promise<{ state: RunState; count: number }[]> {
  const rows = await db.query
    .selectFrom("run")
    .select(["state", (eb) => eb.fn.countAll<number>().as("count")])
    .where(
      "state",
      "in",
      RUN_STATES.filter((state) => !isFinal(state)),
    )
    .groupBy("state")
    .execute();
  return rows.map(({ state, count }) => ({ state, count: Number(count) }));
}

/** When the oldest queued run was submitted, ms UTC; undefined: none is queued. */
export async function oldestQueued(db: Database): Promise<number | undefined> {
  const row = await db.query
    .selectFrom("run")
    .select("created_at")
    .where("state", "=", "queued")
    .orderBy("id")
    .limit(1)
    .executeTakeFirst();
  return row?.created_at;
}

/**
 * Moves a run to a state and sets what goes with it.
 *
 * @throws FangsError not_found; conflict where the table of transitions does not have it
 */
export async function moveRun(
  db: Database,
  id: string,
  to: RunState,
  changes: Partial<Omit<RunRow, "id" | "state">> = {},
): Promise<void> {
  if (!(await tryMoveRun(db, id, to, changes))) checkTransition((await getRun(db, id)).state, to);
}

/** The same where another may have been faster; false: the table of transitions does not have it any more. */
export async function tryMoveRun(
  db: Database,
  id: string,
  to: RunState,
  changes: Partial<Omit<RunRow, "id" | "state">> = {},
): Promise<boolean> {
  const { statement, values } = moving(to, changes);
  return (await db.run(`${statement} and id = $${values.length + 1}`, [...values, id])) > 0;
}

/** Who holds a run, and since when. */
export type Held = Pick<RunRow, "lease" | "runner" | "started_at">;
/** What the runner has to know of a run that it holds. */
export type HeldRun = Pick<RunRow, "package" | "version" | "attempt">;

/**
 * The statement that moves a run to its lease, where it is queued, and answers a `HeldRun`; and its parameters.
 *
 * @param which an expression for its id; absent: the parameter behind the others
 */
export function leasing(held: Held, which?: string): { statement: string; values: Value[] } {
  const { statement, values } = moving("leased", held);
  const id = which ?? `$${values.length + 1}`;
  return { statement: `${statement} and id = ${id} returning package, version, attempt`, values };
}

/** Ids of the runs of a package that were accepted. */
export async function listAcceptedRuns(db: Database, name: string): Promise<string[]> {
  const rows = await db.query
    .selectFrom("run")
    .select("id")
    .where("package", "=", name)
    .where("decision", "=", "accepted")
    .execute();
  return rows.map((row) => row.id);
}

/** Accepts or rejects a run; null: nobody decided. */
export async function decideRun(db: Database, id: string, decision: Run["decision"]): Promise<void> {
  await db.query.updateTable("run").set({ decision }).where("id", "=", id).execute();
}

/** The beginning of every query for runs as the API has them. */
export function selectRuns({ query }: Pick<Database, "query">) {
  return query
    .selectFrom("run")
    .select(COLUMNS)
    .select((eb) => [countOf(eb, "open"), countOf(eb, "promoted"), countOf(eb, "rejected")]);
}

// --- internal ---

const runById = prepared((query, id: string) => selectRuns({ query }).where("id", "=", id));
const runsOfScan = prepared((query, scanId: string) =>
  selectRuns({ query }).where("scan_id", "=", scanId).orderBy("id"),
);
const controlsOf = prepared((query, id: string) => selectRuns({ query }).where("control_of", "=", id));
const idsInState = prepared((query, state: RunState) =>
  query.selectFrom("run").select("id").where("state", "=", state).orderBy("id"),
);
const unlooked = prepared((query, limit: number) =>
  query
    .selectFrom("run")
    .select(["id", "package", "version"])
    // Not as parameters: there is an index of just these.
    .where("state", "=", sql.lit("queued"))
    .where("kind", "!=", sql.lit("control"))
    .where("release", "is", null)
    .orderBy("id")
    .limit(limit),
);
const controlled = prepared((query, now: number) =>
  query
    .selectFrom("run")
    .innerJoin("run as control", "control.control_of", "run.id")
    .select("run.id")
    .distinct()
    .where("run.state", "=", "controlling")
    .where((eb) =>
      eb.or([eb("run.control_due", "<=", now), eb("control.state", "in", ["done", "failed", "cancelled"])]),
    ),
);

/** The statement that moves runs where the table of transitions has it, and its parameters; which ones is to be added. */
function moving(to: RunState, changes: Partial<Omit<RunRow, "id" | "state">>): { statement: string; values: Value[] } {
  const set = Object.entries({ ...changes, state: to });
  const columns = set.map(([column], i) => `${column} = $${i + 1}`);
  const states = statesBefore(to).map((state) => `'${state}'`);
  return {
    statement: `update run set ${columns.join(", ")} where state in (${states.join(", ")})`,
    values: set.map(([, value]) => value),
  };
}

/** How many of a run's deviations are in a state. */
function countOf<State extends Deviation["state"]>(eb: ExpressionBuilder<Schema, "run">, state: State) {
  return (
    eb
      .selectFrom("deviation")
      .select(eb.fn.countAll<number>().as("n"))
      .whereRef("deviation.run_id", "=", "run.id")
      // As a parameter, SQLite would prepare the query anew for each one: an index has some states only.
      .where("deviation.state", "=", sql.lit(state))
      .$asScalar()
      .$notNull()
      .as(state)
  );
}
