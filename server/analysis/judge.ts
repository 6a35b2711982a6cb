/** Which behaviours of a run are deviations, how bad they are, and their proof. */
import { SEVERITIES, type Fingerprint, type Severity } from "../../protocol/facts.ts";
import { collectEvidence, unproven } from "./evidence.ts";
import { severityOf } from "./severity.ts";
import type { AnalysisInput, NewDeviation } from "./types.ts";

export interface Behaviour extends Fingerprint {
  /** Whether the baseline has it. */
  known: boolean;
}

/** Deviations that a run can list; more than that nobody reads, and they count as a flood. */
export const DEVIATION_LIMIT = 5000;

/**
 * The deviations of a run, the most severe first. Without a baseline nothing is new but a leak, which no baseline
 * can make right.
 */
export function judge(input: AnalysisInput, behaviours: readonly Behaviour[], flood: string | null): NewDeviation[] {
  const isNew = ({ category, known }: Behaviour): boolean =>
    category === "canary_leak" || (input.baseline !== null && !known);
  const claims = behaviours
    .filter(isNew)
    .map((behaviour) => ({ ...behaviour, severity: chosenSeverity(input, behaviour) }))
    .sort(bySeverity)
    .slice(0, DEVIATION_LIMIT);
  const evidence = collectEvidence(input, claims);
  const deviations = claims.map(({ actor, category, value, severity }, i) => ({
    actor,
    category,
    value,
    severity,
    evidence: evidence[i] ?? unproven({ first: 0, count: 0 }),
    ...ALONE,
  }));
  if (flood === null || input.baseline === null) return deviations;
  const [event, count] = [0, 1];
  const flooded = { actor: RUN_ACTOR, category: "flood", value: flood } as const;
  deviations.push({
    ...flooded,
    ...ALONE,
    severity: severityOf(flooded),
    evidence: unproven({ first: event, count }, flood),
  });
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

/** Of a deviation that belongs to no finding and was compared with no control run. */
const ALONE = { chain: null, drift: false } as const;

/** The operator's severity for the category where there is one; a leak stays what it is. */
function chosenSeverity({ severities }: AnalysisInput, behaviour: Identity): Severity {
  const { category } = behaviour;
  const chosen = category !== "canary_leak" && Object.hasOwn(severities, category) ? severities[category] : undefined;
  return chosen ?? severityOf(behaviour);
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
