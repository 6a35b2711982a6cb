/** What the sensor's worker is asked, and what it answers. One question is open at a time and run. */
import type { Loss } from "../../protocol/models.ts";
import type { PhaseName } from "../../protocol/trace.ts";
import type { ProbeReport } from "./probes.ts";

export type Question =
  | { ask: "report" }
  /** live: hand out segments as they come, not only when full. */
  | { ask: "start"; live: boolean }
  | { ask: "namespace"; slot: number; inode: number }
  /** Watch `pid` as root of a phase, and record from now on. */
  | { ask: "arm"; slot: number; pid: number; root: number; phase: PhaseName }
  /** Write the end of a phase; values as in bpf/trace.h. */
  | { ask: "phaseEnd"; slot: number; phase: PhaseName; root: number; values: number[] }
  /** Host pids that should have ended: those of the run get a survivor marker. Answers how many. */
  | { ask: "survivors"; slot: number; pids: number[] }
  | { ask: "finish"; slot: number };

export interface Finished {
  segments: number;
  events: number;
  losses: Loss[];
}

export type Reply =
  { report: ProbeReport[]; log: string } | { slot: number } | { survivors: number } | Finished | { done: true };

export type ToWorker = { id: number; question: Question } | { close: true };
export type FromWorker =
  | { id: number; reply: Reply }
  | { id: number; error: { code: string; message: string; hint: string | undefined } }
  | { slot: number; segment: Uint8Array; seq: number };
