import type { Category, Fingerprint, Severity } from "../../protocol/facts.ts";
import type { Evidence, RunResult, Verdict } from "../../protocol/models.ts";

/** One accepted behaviour of a package. */
export interface BaselineFingerprint {
  actor: string;
  category: Category;
  value: string;
}

export interface AnalysisInput {
  package: string;
  version: string;
  result: RunResult;
  /** Decompressed segments in order. */
  segments: Uint8Array[];
  /** null: the package has no baseline yet, so a complete run seeds it. */
  baseline: BaselineFingerprint[] | null;
}

export interface NewDeviation {
  actor: string;
  category: Category;
  value: string;
  severity: Severity;
  evidence: Evidence;
}

export interface AnalysisOutput {
  verdict: Verdict;
  /** One sentence: why, for every verdict but clean. */
  reason: string | null;
  /** Every behaviour of the run, baseline or not. */
  fingerprints: Fingerprint[];
  deviations: NewDeviation[];
  /** Version of rules that made this. */
  rules: number;
}
