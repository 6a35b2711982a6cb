/**
 * Changes of baselines that can be taken back. A change is the difference between two states of everything that
 * trust in a package rests on; it goes into the audit entry, and to take it back is to apply the difference backwards.
 */
import { type Static, Type } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { fits } from "../../protocol/fits.ts";
import type { BaselineChange } from "../../protocol/models.ts";
import type { BaselineHistory } from "../../protocol/requests.ts";
import { type AuditEntry, audit } from "./audit.ts";
import type { Database } from "./open.ts";
import type { AuditRow } from "./schema.ts";

const Text = Type.String();
const NullableText = Type.Union([Text, Type.Null()]);

/** Rows that only one of two states has; a row that differs is in both. */
const Difference = Type.Object({
  entries: Type.Array(
    Type.Object({
      node_major: Type.Integer(),
      actor: Text,
      category: Text,
      value: Text,
      first_version: Text,
      first_run: NullableText,
    }),
  ),
  versions: Type.Array(
    Type.Object({ node_major: Type.Integer(), version: Text, run_id: NullableText, added_at: Type.Integer() }),
  ),
  /** Deviations and runs that are decided, or withdrawn; all others are open. */
  deviations: Type.Array(
    Type.Object({
      id: Text,
      state: Type.Union([Type.Literal("promoted"), Type.Literal("rejected"), Type.Literal("withdrawn")]),
    }),
  ),
  runs: Type.Array(
    Type.Object({ id: Text, decision: Type.Union([Type.Literal("accepted"), Type.Literal("rejected")]) }),
  ),
});
type Difference = Static<typeof Difference>;

/** The actions of the audit that are changes of a baseline. */
export const CHANGES = [
  "baseline.seed",
  "baseline.promote",
  "baseline.reject",
  "baseline.rebuild",
  "baseline.import",
  "baseline.undo",
  "package.reset",
  "package.remove",
] as const;
type ChangeAction = (typeof CHANGES)[number];

/**
 * Does the work and writes an audit entry with all that it changed; nothing is written where nothing changed. Of a
 * seeding, which cannot be taken back, the behaviours are left out: every package has one.
 */
export async function recordChange(
  db: Database,
  entry: Omit<AuditEntry, "action" | "before" | "after"> & { action: ChangeAction },
  work: () => Promise<void>,
): Promise<boolean> {
  const old = await readState(db, entry.subject);
  await work();
  const now = await readState(db, entry.subject);
  const before = subtract(old, now);
  const after = subtract(now, old);
  if ([before, after].every((half) => Object.values(half).every((rows) => rows.length === 0))) return false;
  await audit(db, { ...entry, before, after: entry.action === "baseline.seed" ? { ...after, entries: [] } : after });
  return true;
}

/**
 * The newest change of a package's baseline that was not taken back, without those that take back; undefined: none.
 * A seeding counts only where it made a baseline anew that an older change touched: that one is out of reach.
 */
export async function lastChange(db: Database, name: string): Promise<AuditRow | undefined> {
  const rows = await db.query
    .selectFrom("audit")
    .selectAll()
    .where("subject", "=", name)
    .where("action", "in", CHANGES)
    .where("undoes", "is", null)
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom("audit as later").select("later.id").whereRef("later.undoes", "=", "audit.id"))),
    )
    .orderBy("id", "desc")
    .limit(LOOKED_AT)
    .execute();
  const at = rows.findIndex((row) => row.action !== "baseline.seed");
  const change = rows[at];
  if (change === undefined) return rows[0];
  const touched = majorsOf(change);
  return rows.slice(0, at).find((seeding) => !majorsOf(seeding).isDisjointFrom(touched)) ?? change;
}

/** Puts everything that a change touched back to what it was. */
export async function revert(db: Database, { subject: name, before, after }: AuditRow): Promise<void> {
  const put = readDifference(before);
  const take = readDifference(after);
  const { query } = db;
  for (const { node_major, actor, category, value } of take.entries) {
    await query
      .deleteFrom("baseline_entry")
      .where("package", "=", name)
      .where("node_major", "=", node_major)
      .where("actor", "=", actor)
      .where("category", "=", category)
      .where("value", "=", value)
      .execute();
  }
  for (const { node_major, version } of take.versions) {
    await query
      .deleteFrom("baseline_version")
      .where("package", "=", name)
      .where("node_major", "=", node_major)
      .where("version", "=", version)
      .execute();
  }
  for (const row of put.entries)
    await query
      .insertInto("baseline_entry")
      .values({ package: name, ...row })
      .execute();
  for (const row of put.versions)
    await query
      .insertInto("baseline_version")
      .values({ package: name, ...row })
      .execute();
  const states = new Map(put.deviations.map(({ id, state }) => [id, state]));
  for (const id of new Set([...put.deviations, ...take.deviations].map((row) => row.id)))
    await query
      .updateTable("deviation")
      .set({ state: states.get(id) ?? "open" })
      .where("id", "=", id)
      .execute();
  const decisions = new Map(put.runs.map(({ id, decision }) => [id, decision]));
  for (const id of new Set([...put.runs, ...take.runs].map((row) => row.id)))
    await query
      .updateTable("run")
      .set({ decision: decisions.get(id) ?? null })
      .where("id", "=", id)
      .execute();
}

/** The changes of a package's baseline, newest first. `before` is a full id. */
export async function listChanges(
  db: Database,
  name: string,
  { limit = 50, before }: { limit?: number; before?: string },
): Promise<BaselineHistory> {
  let select = db.query
    .selectFrom("audit")
    .selectAll()
    .select(({ exists, selectFrom }) =>
      exists(selectFrom("audit as later").select("later.id").whereRef("later.undoes", "=", "audit.id"))
        .$castTo<number>()
        .as("undone"),
    )
    .where("subject", "=", name)
    .where("action", "in", CHANGES)
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (before !== undefined) select = select.where("id", "<", before);
  const rows = await select.execute();
  const changes = rows.slice(0, limit).map(toChange);
  return { changes, next: rows.length > limit ? (changes.at(-1)?.id ?? null) : null };
}

// --- internal ---

async function readState(db: Database, name: string): Promise<Difference> {
  const entries = await db.query
    .selectFrom("baseline_entry")
    .select(["node_major", "actor", "category", "value", "first_version", "first_run"])
    .where("package", "=", name)
    .execute();
  const versions = await db.query
    .selectFrom("baseline_version")
    .select(["node_major", "version", "run_id", "added_at"])
    .where("package", "=", name)
    .execute();
  const deviations = await db.query
    .selectFrom("deviation")
    .select(["id", "state"])
    .where("package", "=", name)
    .where("state", "!=", "open")
    .execute();
  const runs = await db.query
    .selectFrom("run")
    .select(["id", "decision"])
    .where("package", "=", name)
    .where("decision", "is not", null)
    .execute();
  return {
    entries,
    versions,
    deviations: deviations.flatMap(({ id, state }) => (state === "open" ? [] : [{ id, state }])),
    runs: runs.flatMap(({ id, decision }) => (decision === null ? [] : [{ id, decision }])),
  };
}

function subtract(from: Difference, what: Difference): Difference {
  return {
    entries: without(from.entries, what.entries, (row) => row),
    versions: without(from.versions, what.versions, ({ node_major, version, run_id }) => [node_major, version, run_id]),
    deviations: without(from.deviations, what.deviations, ({ id, state }) => [id, state]),
    runs: without(from.runs, what.runs, ({ id, decision }) => [id, decision]),
  };
}

function without<T>(rows: readonly T[], others: readonly T[], identity: (row: T) => unknown): T[] {
  const there = new Set(others.map((row) => JSON.stringify(identity(row))));
  return rows.filter((row) => !there.has(JSON.stringify(identity(row))));
}

const NOTHING: Difference = { entries: [], versions: [], deviations: [], runs: [] };

/** Of an entry that an earlier fangs wrote there may be more to be known than a row has, or nothing. */
function readDifference(json: string | null): Difference {
  const value: unknown = json === null ? undefined : Value.Clean(Difference, JSON.parse(json));
  return fits(Difference, value) ? value : NOTHING;
}

/** Changes among which the last one is looked for: one seeding per major of Node.js may lie above it. */
const LOOKED_AT = 100;

/** The majors of Node.js whose baselines a change touched. */
function majorsOf({ before, after }: AuditRow): Set<number> {
  const halves = [readDifference(before), readDifference(after)];
  return new Set(halves.flatMap((half) => [...half.entries, ...half.versions].map((row) => row.node_major)));
}

/** Lines of a change that are shown; the audit has them all. */
const SHOWN = 200;

function toChange(row: AuditRow & { undone: number }): BaselineChange {
  const { id, at, actor, action, reason, undoes, undone } = row;
  const before = lines(readDifference(row.before));
  const after = lines(readDifference(row.after));
  const [was, is] = [new Set(before), new Set(after)];
  return {
    id,
    at,
    actor,
    action,
    reason,
    undoes,
    undone: undone === 1,
    // What is in both has only another origin now.
    added: shown(after.filter((line) => !was.has(line))),
    removed: shown(before.filter((line) => !is.has(line))),
  };
}

function lines({ versions, runs, deviations, entries }: Difference): string[] {
  return [
    ...versions.map(({ version, node_major }) => `version ${version} (Node.js ${node_major})`),
    ...runs.map(({ id, decision }) => `run ${id} ${decision}`),
    ...deviations.map(({ id, state }) => `deviation ${id} ${state}`),
    ...entries.map(({ actor, category, value }) => `${actor} ${category} ${value}`),
  ];
}

function shown(all: string[]): string[] {
  return all.length <= SHOWN ? all : [...all.slice(0, SHOWN), `… and ${all.length - SHOWN} more`];
}
