/** From a stored trace to a verdict. */
import { createDiffer, type BaselineValue, type Delta, type Differ } from "../../differ-wasm/host.ts";
import { CATEGORIES, categoryName } from "../../protocol/facts.ts";
import { createActors, type Actors } from "./actors.ts";
import { extractFacts } from "./extract.ts";
import { compileRewrite, type Rewrite } from "./operator-rules.ts";
import { byIdentity, DEVIATION_LIMIT, judge, type Behaviour } from "./judge.ts";
import type { AnalysisInput, AnalysisOutput, BaselineFingerprint } from "./types.ts";
import { reachVerdict } from "./verdict.ts";

/** Version of the rules of extraction and judgement. Raise it whenever the same trace can give another output. */
export const RULES_VERSION = 2;

export type Analyse = (input: AnalysisInput) => AnalysisOutput;

/**
 * An analyser on the compiled core (differ-wasm). It keeps nothing between runs, and the same input gives the same
 * output. A damaged or incomplete trace is no error: the verdict is inconclusive and says so.
 */
export function createAnalyser(wasm: Uint8Array): Analyse {
  return analyserOn(createDiffer(wasm));
}

/** The same on any differ; for tests, on the plain one. */
export function analyserOn(differ: Differ): Analyse {
  return (input) => {
    const { project, home } = input.result.environment;
    const actors = createActors(input.result, input.package);
    const rewrite = compileRewrite(input.rules ?? []);
    // What was accepted before a rule came is still known under it.
    const accepted = (input.baseline ?? []).map((known) => underRules(known, rewrite));
    const baseline = accepted.map((known) => toBaselineValue(known, actors));
    differ.begin({ project, home, package: input.package }, baseline);
    const extraction = extractFacts(input, actors, differ);
    const { fingerprints, flood: coreFlood, bad } = differ.finish();

    const found = fingerprints.map((delta) => toBehaviour(delta, actors));
    const behaviours = (input.rules?.length ? merged(found, accepted, rewrite) : found).sort(byIdentity);
    const fresh = behaviours.filter(({ known }) => !known).length;
    const tooMany = input.baseline !== null && fresh > DEVIATION_LIMIT ? `${fresh} new behaviours` : null;
    const flood = coreFlood ?? extraction.flood ?? tooMany;
    const deviations = judge(input, behaviours, { flood, rewrite });
    return {
      ...reachVerdict(input, { extraction, deviations, behaviours: behaviours.length, flood, bad }),
      fingerprints: behaviours.map(({ actor, category, value, count, first }) => ({
        actor,
        category,
        value,
        count,
        first,
      })),
      deviations,
      rules: RULES_VERSION,
    };
  };
}

/** Behaviours under the operator's rules: those that have become the same are one. */
function merged(
  behaviours: readonly Behaviour[],
  accepted: readonly BaselineFingerprint[],
  rewrite: Rewrite,
): Behaviour[] {
  const known = new Set(accepted.map(keyOf));
  const byKey = new Map<string, Behaviour>();
  for (const behaviour of behaviours) {
    const next = underRules(behaviour, rewrite);
    const key = keyOf(next);
    const same = byKey.get(key);
    byKey.set(key, {
      ...next,
      known: next.known || known.has(key),
      count: next.count + (same?.count ?? 0),
      first: Math.min(next.first, same?.first ?? next.first),
    });
  }
  return [...byKey.values()];
}

function underRules<T extends BaselineFingerprint>(behaviour: T, rewrite: Rewrite): T {
  const { value } = rewrite(behaviour.category, behaviour.value);
  return value === behaviour.value ? behaviour : { ...behaviour, value };
}

function keyOf({ actor, category, value }: BaselineFingerprint): string {
  return `${actor}\0${category}\0${value}`;
}

function toBaselineValue({ actor, category, value }: BaselineFingerprint, actors: Actors): BaselineValue {
  return { actor: actors.number(actor), category: CATEGORIES[category].id, value };
}

function toBehaviour({ actor, category, value, count, first, known }: Delta, actors: Actors): Behaviour {
  // The core hands back only numbers that it was given.
  const name = categoryName(category) ?? "flood";
  return { actor: actors.names[actor] ?? "", category: name, value, count, first, known };
}
