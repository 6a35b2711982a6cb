/** The proof of a deviation, copied out of the trace so that it outlives it. */
import { describeRecord, peer, phaseName } from "../../protocol/describe.ts";
import type { Category } from "../../protocol/facts.ts";
import type { Ancestor, Evidence } from "../../protocol/models.ts";
import { printable, printableTokens } from "../../protocol/printable.ts";
import { decodeRecord, type TraceRecord } from "../../protocol/trace-codec.ts";
import type { TraceCursor } from "../../protocol/trace.ts";
import { createActors } from "./actors.ts";
import { createProcessTable, isOfProcess, type Process, type ProcessTable } from "./processes.ts";
import type { AnalysisInput } from "./types.ts";
import { walkTrace } from "./walk.ts";

/** A behaviour to be proven: the record that first showed it, and how often it was seen. */
export interface Claim {
  category: Category;
  first: number;
  count: number;
}

/** Generations that are kept of a process's ancestry: the root and the nearest ones. */
const ANCESTRY_LIMIT = 16;
const TOKEN_LIMIT = 64;
const TEXT_LIMIT = 1024;
const NS_PER_MS = 1e6;

/** The evidence of each claim, in the claims' order. Walks the trace a second time: only a few records are decoded. */
export function collectEvidence(input: AnalysisInput, claims: readonly Claim[]): Evidence[] {
  if (claims.length === 0) return [];
  const wanted = Map.groupBy(claims, ({ first }) => first);
  const found = new Map<Claim, Evidence>();
  const processes = createProcessTable(createActors(input.result, input.package));
  walkTrace(input.segments, (cursor, event) => {
    const process = isOfProcess(cursor) ? processes.take(cursor) : null;
    for (const claim of wanted.get(event) ?? []) found.set(claim, proof(claim, cursor, process, processes));
  });
  return claims.map((claim) => found.get(claim) ?? unproven(claim));
}

/** Evidence where no record stands for a behaviour: of the run as a whole. */
export function unproven(claim: { first: number; count: number }, observed = ""): Evidence {
  return { event: claim.first, time_ms: 0, phase: "none", observed, result: "", count: claim.count, processes: [] };
}

/** What a process is, for people. */
export function describeProcess(process: Process): Ancestor {
  return {
    process: process.index,
    pid: process.pid,
    binary: printable(process.image?.binary ?? new Uint8Array()),
    argv: printableTokens(process.image?.argv ?? new Uint8Array())
      .slice(0, TOKEN_LIMIT)
      .map(shorten),
    cwd: printable(process.image?.cwd ?? new Uint8Array()),
  };
}

// --- internal ---

function proof(claim: Claim, cursor: TraceCursor, process: Process | null, processes: ProcessTable): Evidence {
  const record = decodeRecord(cursor);
  if (record === undefined) return unproven(claim);
  return {
    event: claim.first,
    time_ms: record.time / NS_PER_MS,
    phase: phaseName(record.phase),
    observed: observation(claim.category, record, process),
    result: describeRecord(record).result,
    count: claim.count,
    processes: process === null ? [] : processes.ancestry(process, ANCESTRY_LIMIT).map(describeProcess),
  };
}

/** The observation as it was, before it was normalised. */
function observation(category: Category, record: TraceRecord, process: Process | null): string {
  if (record.record === "open" && category !== "proc_new_injection") return printable(record.path);
  if (record.record === "change" && category !== "cred_new_access") {
    const written = category !== "fs_new_path_delete" && record.target.length > 0;
    return printable(written ? record.target : record.path);
  }
  if (record.record === "exec" && category !== "proc_new_command" && category !== "canary_leak") {
    return printable(record.binary);
  }
  if (record.record === "exec") return printableTokens(record.argv).slice(0, TOKEN_LIMIT).map(shorten).join(" ");
  if (category === "net_new_destination" && (record.record === "socket" || record.record === "send")) {
    return peer(record);
  }
  if (category === "proc_new_survivor" && process !== null) return describeProcess(process).argv.join(" ");
  return describeRecord(record).summary;
}

function shorten(text: string): string {
  return text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT)}…` : text;
}
