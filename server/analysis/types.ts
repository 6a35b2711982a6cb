import type { Category, Fingerprint, Severity } from "../../protocol/facts.ts";
import type { AllowKind, Evidence, RunResult, Verdict } from "../../protocol/models.ts";

/** One accepted behaviour of a package. */
export interface BaselineFingerprint {
  actor: string;
  category: Category;
  value: string;
}

/** A behaviour that an operator does not want to hear of. A leak matches none. */
export interface AllowEntry {
  /** What it is about; allow.ts says which categories each kind can match. */
  kind: AllowKind;
  /** Compared with the normalised value; how, depends on the kind. */
  value: string;
  /** null: whoever does it. */
  actor: string | null;
}

export interface AnalysisInput {
  package: string;
  version: string;
  result: RunResult;
  /** Decompressed segments in order. */
  segments: Uint8Array[];
  /** null: the package has no baseline yet, so a complete run seeds it. */
  baseline: BaselineFingerprint[] | null;
  /** The entries that hold for this package now. */
  allow: readonly AllowEntry[];
  /** The operator's severities for this package, by category. */
  severities: Readonly<Record<string, Severity>>;
  /** This run is one of several seeds: the baseline is made when all of them have ended. */
  seeding: boolean;
}

export interface NewDeviation {
  actor: string;
  category: Category;
  value: string;
  severity: Severity;
  evidence: Evidence;
  /** Id of the finding that it belongs to; null: it stands alone. */
  chain: string | null;
  /** Whether the release before shows it today too: the world changed, not the release. */
  drift: boolean;
}

export interface AnalysisOutput {
  verdict: Verdict;
  /** One sentence: why, for every verdict but clean. */
  reason: string | null;
  /** Every behaviour of the run, baseline or not. */
  fingerprints: Fingerprint[];
  deviations: NewDeviation[];
  /** Behaviours that would be deviations if no allow entry matched them. */
  allowed: Fingerprint[];
  /** Version of rules that made this. */
  rules: number;
}
