/** What the operations of the server work with; app.ts puts it together. */
import type { RegistryClient } from "../npm/registry.ts";
import type { AllowEntry, Run, RunEvent, RunProcess, RunResult } from "../protocol/models.ts";
import type { AnalysisInput, AnalysisOutput } from "./analysis/types.ts";
import type { NormaliseRule } from "./analysis/operator-rules.ts";
import type { ClockWatch } from "./clock.ts";
import type { FreshTraces } from "./fresh-traces.ts";
import type { Gate } from "./gate.ts";
import type { Metrics } from "./metrics.ts";
import type { KeptTarballs } from "./kept-tarballs.ts";
import type { NotifySettings } from "./notify/settings.ts";
import type { Pulse } from "./pulse.ts";
import type { RetentionPolicy } from "./retention/plan.ts";
import type { Signal } from "./signal.ts";
import type { Database } from "./store/open.ts";
import type { Traces } from "./traces/traces.ts";

/** A run as analysis reads it: decompressed segments in order, and what the runner reported. */
export interface RecordedRun {
  segments: Uint8Array[];
  result: RunResult;
}

interface EventFilter {
  type?: string;
  process?: number;
  after?: number;
  limit?: number;
  /** Tell what each event was compared as: for this release, under these rules. */
  explain?: { package: string; version: string; rules: readonly NormaliseRule[] };
}

/** What the operator's file says about verdicts; a reload puts another in its place. */
export interface RulesInForce {
  normalize: readonly NormaliseRule[];
  /** Beside those of the database. */
  allow: readonly AllowEntry[];
  /** Where they stand; null: in no file. */
  file: string | null;
}

/** Analysis, handed in so that the server does not load the comparing core by itself. */
export interface Analysis {
  analyse(input: AnalysisInput): AnalysisOutput;
  listEvents(run: RecordedRun, filter: EventFilter): { events: RunEvent[]; next: number | null };
  processTree(run: RecordedRun): RunProcess[];
}

export interface Services {
  db: Database;
  /** Where the bytes of traces lie. */
  traces: Traces;
  /** How long. */
  retention: RetentionPolicy;
  registry: RegistryClient;
  analysis: Analysis;
  metrics: Metrics;
  /** When the tasks that go on and on last worked. */
  pulse: Pulse;
  /** Fires when a job may be there to claim. */
  jobs: Signal;
  /** Fires when a package may be due to be looked at. */
  watching: Signal;
  /** Tarballs of the releases that the watcher saw. */
  tarballs: KeptTarballs;
  /** Traces of runs whose analysis is near. */
  fresh: FreshTraces;
  /** How long a lease lasts without a heartbeat. */
  leaseMs: number;
  /** Delay before the second attempt, the third, …; one more than these and the run fails. */
  backoffMs: readonly number[];
  /** How long a verdict waits for a control run. */
  controlMs: number;
  /** What stands before the routes. */
  gate: Gate;
  /** Most segments of a run. */
  mostSegments: number;
  rules: RulesInForce;
  notify: NotifySettings;
  /** Analyses in progress by run. */
  analysing: Map<string, Promise<Run | undefined>>;
  /** Aborted when the server stops: long polls end. */
  stopping: AbortSignal;
  now(): number;
  /** Notices that the clock behind `now` was set. */
  clockWatch: ClockWatch;
}
