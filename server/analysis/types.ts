import type { Category, Fingerprint, Severity } from "../../protocol/facts.ts";
import type { AllowKind, Evidence, ReleaseMeta, RunResult, Verdict } from "../../protocol/models.ts";
import type { NormaliseRule } from "./operator-rules.ts";

/** One accepted behaviour of a package. */
export interface BaselineFingerprint {
  actor: string;
  category: Category;
  value: string;
}

/** A behaviour that an operator does not want to hear of. A leak matches none. */
export interface AllowEntry {
  /** What it is about; differ-wasm/lists.ts says which categories each kind can match. */
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
  /** The operator's rules of normalisation; absent: none. */
  rules?: readonly NormaliseRule[];
  /** What the release's documents say that its predecessor's did not; absent or null: not looked at. */
  release?: ReleaseMeta | null;
  /** The predecessor run again beside this run; absent or null: none was asked for. */
  control?: Control | null;
}

/** What a control run showed, or why there is none. */
export type Control = { version: string; fingerprints: readonly BaselineFingerprint[] } | { missing: string };

export interface NewDeviation {
  actor: string;
  category: Category;
  value: string;
  severity: Severity;
  /** The finding that this is one step of (protocol/chains.ts); null: it is one by itself. */
  chain: string | null;
  /** Place among the steps of its chain, from 1. */
  step: number | null;
  /** The control run shows it, too: the world changed, not the release. */
  drift: boolean;
  evidence: Evidence;
}

export interface AllowedFingerprint extends Fingerprint {
  /** Index of the first of the input's allow entries that matches it. */
  entry: number;
}

export interface AnalysisOutput {
  verdict: Verdict;
  /** One sentence: why, for every verdict but clean. */
  reason: string | null;
  /** Every behaviour of the run, baseline or not. */
  fingerprints: Fingerprint[];
  deviations: NewDeviation[];
  /** Behaviours that would be deviations if no allow entry matched them. */
  allowed: AllowedFingerprint[];
  /** Version of rules that made this. */
  rules: number;
}
