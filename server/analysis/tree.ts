import { describeRecord, phaseName } from "../../protocol/describe.ts";
import type { RunProcess } from "../../protocol/models.ts";
import { decodeRecord } from "../../protocol/trace-codec.ts";
import { createActors } from "./actors.ts";
import { describeProcess } from "./evidence.ts";
import type { StoredTrace } from "./events.ts";
import { createProcessTable, isOfProcess } from "./processes.ts";
import { walkTrace } from "./walk.ts";

const NS_PER_MS = 1e6;

/** The processes of a run in the order in which they appeared, each as it was in the end, with its events counted. */
export function processTree(trace: StoredTrace): RunProcess[] {
  const actors = createActors(trace.result, "");
  const processes = createProcessTable(actors);
  const tallies = new Map<number, Record<string, number>>();
  walkTrace(trace.segments, (cursor) => {
    if (!isOfProcess(cursor)) return;
    const { index } = processes.take(cursor);
    const record = decodeRecord(cursor);
    if (record === undefined) return;
    const tally = tallies.get(index) ?? {};
    const { type } = describeRecord(record);
    tally[type] = (tally[type] ?? 0) + 1;
    tallies.set(index, tally);
  });
  return [...processes.all.values()].map((process) => ({
    ...describeProcess(process),
    parent: process.parent,
    actor: actors.names[process.actor] ?? "",
    phase: phaseName(process.phase),
    started_ms: process.started / NS_PER_MS,
    ended_ms: process.ended === null ? null : process.ended / NS_PER_MS,
    exit: process.exit,
    tallies: tallies.get(process.index) ?? {},
  }));
}
