/** Retention as its operator sees it. */
import type { Retention } from "../../protocol/retention.ts";
import type { Services } from "../services.ts";
import { sumTraces } from "../store/retention.ts";
import { readSweep } from "../store/sweeps.ts";
import { planTraces } from "./plan.ts";
import { SWEEPS } from "./sweep.ts";

/** Nothing is changed by asking: it goes through what a sweep would take, and takes nothing. */
const PAGE = 5000;

export async function retentionStatus({ db, retention, traces, now }: Services): Promise<Retention> {
  const due = { runs: 0, bytes: 0 };
  for await (const runs of planTraces(db, retention, now(), PAGE)) {
    due.runs += runs.length;
    for (const { trace_bytes } of runs) due.bytes += trace_bytes;
  }
  const { ended_at, removed, bytes } = await readSweep(db, SWEEPS.traces);
  return {
    days: retention.days,
    max_bytes: retention.maxBytes,
    place: traces.objects === undefined ? "database" : "bucket",
    stored: await sumTraces(db),
    due,
    last: ended_at === null ? null : { ended_at, runs: removed, bytes },
  };
}
