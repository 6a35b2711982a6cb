/** Which behaviours of a run are deviations, how bad they are, and their proof. */
import { SEVERITIES, type Fingerprint, type Severity } from "../../protocol/facts.ts";
import { RELEASE } from "./actors.ts";
import { collectEvidence, unproven } from "./evidence.ts";
import { linkChains } from "./chains.ts";
import { markDrift } from "./drift.ts";
import type { Rewrite } from "./operator-rules.ts";
import { fingerprintValue } from "./release-changes.ts";
import { severityOf } from "./severity.ts";
import type { AnalysisInput, NewDeviation } from "./types.ts";

export interface Behaviour extends Fingerprint {
  /** Whether the baseline has it. */
  known: boolean;
  /** Index of the allow entry that has it; null: none has. */
  allowedBy: number | null;
}

/** Deviations that a run can list; more than that nobody reads, and they count as a flood. */
export const DEVIATION_LIMIT = 5000;

/**
 * The deviations of a run, the most severe first. Without a baseline nothing is new but a leak, which no baseline
 * can make right.
 */
export function judge(
  input: AnalysisInput,
  behaviours: readonly Behaviour[],
  { flood, rewrite }: { flood: string | null; rewrite: Rewrite },
): NewDeviation[] {
  const isNew = ({ category, known }: Behaviour): boolean =>
    category === "canary_leak" || (input.baseline !== null && !known);
  const claims = behaviours
    .filter(isNew)
    .map((behaviour) => ({ ...behaviour, severity: chosenSeverity(input, behaviour) }))
    .sort(bySeverity)
    .slice(0, DEVIATION_LIMIT);
  const observed = claims.filter(({ actor }) => actor !== RELEASE);
  const proofs = new Map(collectEvidence(input, observed).map((proof, i) => [observed[i], proof]));
  const found = claims.map((claim): NewDeviation => {
    const { actor, category, value, severity } = claim;
    const evidence = proofs.get(claim) ?? unproven(claim, releaseProof(claim, input));
    return { actor, category, value, severity, ...ALONE, evidence };
  });
  const deviations = linkChains(markDrift(found, input.control, rewrite), input);
  if (flood !== null && input.baseline !== null) {
    const flooded = { actor: RUN_ACTOR, category: "flood", value: flood } as const;
    const severity = severityOf(flooded);
    const evidence = unproven({ first: 0, count: 1 }, flood);
    deviations.push({ ...flooded, severity, ...ALONE, evidence });
  }
  return deviations.sort(bySeverity);
}

/** Order of fingerprints everywhere: actor, category, value, by code unit. */
export function byIdentity(a: Identity, b: Identity): number {
  return compare(a.actor, b.actor) || compare(a.category, b.category) || compare(a.value, b.value);
}

// --- internal ---

type Identity = Pick<Fingerprint, "actor" | "category" | "value">;

/** Nobody in particular: the run as a whole. */
const RUN_ACTOR = "run";

/** Of a deviation that is no step of a chain and was compared with no control run. */
const ALONE = { chain: null, step: null, drift: false } as const;

/** The operator's severity for the category where there is one; a leak stays what it is. */
function chosenSeverity({ severities }: AnalysisInput, behaviour: Identity): Severity {
  const { category } = behaviour;
  const chosen = category !== "canary_leak" && Object.hasOwn(severities, category) ? severities[category] : undefined;
  return chosen ?? severityOf(behaviour);
}

/** What the predecessor says in place of a release's change. */
function releaseProof({ category, value }: Identity, { release }: AnalysisInput): string {
  const change = release?.changes.find((one) => one.category === category && fingerprintValue(one) === value);
  if (change === undefined) return "";
  const before = release?.predecessor ?? "none";
  return `${value} (${before}: ${change.was ?? "none"})`;
}

function bySeverity(
  a: Identity & Pick<NewDeviation, "severity">,
  b: Identity & Pick<NewDeviation, "severity">,
): number {
  return SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) || byIdentity(a, b);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
