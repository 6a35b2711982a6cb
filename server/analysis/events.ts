import { describeRecord, phaseName } from "../../protocol/describe.ts";
import type { RunEvent, RunResult } from "../../protocol/models.ts";
import { decodeRecord } from "../../protocol/trace-codec.ts";
import { createActors } from "./actors.ts";
import { explainRun } from "./explain.ts";
import type { NormaliseRule } from "./operator-rules.ts";
import { createProcessTable, isOfProcess } from "./processes.ts";
import { walkTrace } from "./walk.ts";

export interface StoredTrace {
  /** Decompressed, in order. */
  segments: Uint8Array[];
  result: RunResult;
}

export interface EventFilter {
  /** A type as `describeRecord` names it (`open`, `dns`, `tls`, …) or a record's name (`send`, `socket`). */
  type?: string;
  /** Dense index of a process. */
  process?: number;
  /** Events behind this ordinal. */
  after?: number;
  /** 1 to 10,000; 1,000 where absent. */
  limit?: number;
  /** Tell what each event was compared as: for this release, under these rules. */
  explain?: { package: string; version: string; rules: readonly NormaliseRule[] };
}

const LIMIT = { standard: 1000, most: 10_000 } as const;
const NS_PER_MS = 1e6;

/**
 * Events of a run for people, in order. `next`: the `after` of the following page, null behind the last event.
 * Of a damaged trace the readable part.
 */
export function listEvents(trace: StoredTrace, filter: EventFilter = {}): { events: RunEvent[]; next: number | null } {
  const { type, process: wanted, after = -1 } = filter;
  const limit = Math.min(Math.max(1, filter.limit ?? LIMIT.standard), LIMIT.most);
  const actors = createActors(trace.result, "");
  const processes = createProcessTable(actors);
  const events: RunEvent[] = [];
  let next: number | null = null;
  walkTrace(trace.segments, (cursor, event) => {
    const process = isOfProcess(cursor) ? processes.take(cursor) : null;
    if (event <= after || (wanted !== undefined && process?.index !== wanted)) return true;
    const record = decodeRecord(cursor);
    if (record === undefined) return true;
    const described = describeRecord(record);
    if (type !== undefined && type !== described.type && type !== record.record) return true;
    if (events.length === limit) {
      next = events.at(-1)?.event ?? null;
      return false;
    }
    events.push({
      event,
      time_ms: record.time / NS_PER_MS,
      phase: phaseName(record.phase),
      process: record.process,
      actor: process === null ? "" : (actors.names[process.actor] ?? ""),
      ...described,
    });
    return true;
  });
  const { explain } = filter;
  if (explain === undefined) return { events, next };
  const { segments, result } = trace;
  const nothing = { baseline: null, allow: [], severities: {}, seeding: false };
  const facts = explainRun({ ...nothing, ...explain, segments, result }, new Set(events.map(({ event }) => event)));
  return { events: events.map((event) => ({ ...event, facts: facts.get(event.event) ?? [] })), next };
}
