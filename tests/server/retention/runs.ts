/** Runs with traces, made by the row: as many and as old as a test of retention needs. */
import type { RunState } from "../../../protocol/models.ts";
import type { Database } from "../../../server/store/open.ts";

export interface Made {
  /** Ms UTC. */
  ended: number;
  /** Bytes of each segment. */
  segments?: number[];
  state?: RunState;
  /** Whether it has a deviation that nobody has decided about. */
  undecided?: boolean;
}

/** Makes a run that was there at a moment; answers its id. */
export async function makeRun(
  db: Database,
  { ended, segments = [100], state = "done", undecided = false }: Made,
): Promise<string> {
  const id = Bun.randomUUIDv7("hex", ended - 1000);
  const scan = { id, package: "lodash", version: "1.0.0", created_at: ended - 1000 };
  await db.query
    .insertInto("scan")
    .values({ ...scan, runner: null, before: null, node_major: null, image: null })
    .execute();
  await db.query
    .insertInto("run")
    .values({
      ...{
        ...scan,
        scan_id: id,
        kind: "scan",
        control_of: null,
        control_due: null,
        state,
        verdict: null,
        reason: null,
      },
      ...{
        attempt: 1,
        runner: null,
        lease: null,
        events: 0,
        deviations: 0,
        max_severity: null,
        rules: null,
        result: null,
      },
      ...{ decision: null, release: null, judged_at: null, started_at: null, ended_at: ended, trace_pruned_at: null },
      trace_bytes: segments.reduce((sum, size) => sum + size, 0),
    })
    .execute();
  for (const [seq, size] of segments.entries()) {
    const row = { run_id: id, seq, sha256: "0".repeat(64), events: 1, size, data: new Uint8Array(size) };
    await db.query.insertInto("trace_segment").values(row).execute();
  }
  if (!undecided) return id;
  const what = {
    actor: "import",
    category: "proc_new_exec",
    value: "/bin/sh",
    severity: "low",
    state: "open",
  } as const;
  await db.query
    .insertInto("deviation")
    .values({ ...what, id, run_id: id, package: "lodash", version: "1.0.0", created_at: ended, ...NOTHING })
    .execute();
  return id;
}

/** Which of the runs have how many segments left, what they count, and whether they say that they were pruned. */
export async function tracesOf(db: Database, ids: readonly string[]): Promise<[number, number, boolean][]> {
  return Promise.all(
    ids.map(async (id): Promise<[number, number, boolean]> => {
      const { trace_bytes, trace_pruned_at } = await db.query
        .selectFrom("run")
        .select(["trace_bytes", "trace_pruned_at"])
        .where("id", "=", id)
        .executeTakeFirstOrThrow();
      const segments = await db.query.selectFrom("trace_segment").select("seq").where("run_id", "=", id).execute();
      return [segments.length, trace_bytes, trace_pruned_at !== null];
    }),
  );
}

// --- internal ---

const NOTHING = { chain: null, step: null, drift: 0, evidence: "{}" };
