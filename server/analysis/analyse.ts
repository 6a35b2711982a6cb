/** From a stored trace to a verdict. */
import { type AllowRule, createDiffer, type Delta, type Differ } from "../../differ-wasm/host.ts";
import { categoryName, type Fingerprint } from "../../protocol/facts.ts";
import { createActors, type Actors } from "./actors.ts";
import { extractFacts } from "./extract.ts";
import { compileRewrite } from "./operator-rules.ts";
import { byIdentity, DEVIATION_LIMIT, judge, type Behaviour } from "./judge.ts";
import { createKnownValues } from "./known-values.ts";
import type { AllowedFingerprint, AnalysisInput, AnalysisOutput } from "./types.ts";
import { reachVerdict } from "./verdict.ts";

/** Version of the rules of extraction and judgement. Raise it whenever the same trace can give another output. */
export const RULES_VERSION = 2;

export type Analyse = (input: AnalysisInput) => AnalysisOutput;

/**
 * An analyser on the compiled core (differ-wasm). The same input gives the same output; between runs it keeps nothing
 * but baselines in the core's form, for as long as the caller keeps their arrays. A damaged or incomplete trace is no
 * error: the verdict is inconclusive and says so.
 */
export function createAnalyser(wasm: Uint8Array): Analyse {
  return analyserOn(createDiffer(wasm));
}

/** The same on any differ; for tests, on the plain one. */
export function analyserOn(differ: Differ): Analyse {
  const known = createKnownValues();
  return (input) => {
    const { project, home } = input.result.environment;
    const actors = createActors(input.result, input.package);
    const rules = input.rules ?? [];
    const rewrite = compileRewrite(rules);
    // What was accepted before a rule came is still known under it. Without rules the array stays the same, so that
    // the core need not read it again.
    const accepted =
      rules.length === 0
        ? input.baseline
        : (input.baseline?.map((one) => ({ ...one, value: rewrite(one.category, one.value) })) ?? null);
    const scope = { project, home, package: input.package };
    differ.begin(scope, known(accepted, actors), allowRules(input, actors), rules);
    const extraction = extractFacts(input, actors, differ);
    const { fingerprints, flood: coreFlood, bad } = differ.finish();

    const behaviours = fingerprints.map((delta) => toBehaviour(delta, actors)).sort(byIdentity);
    const fresh = behaviours.filter(({ known }) => !known).length;
    const tooMany = input.baseline !== null && fresh > DEVIATION_LIMIT ? `${fresh} new behaviours` : null;
    const flood = coreFlood ?? extraction.flood ?? tooMany;
    const unallowed = behaviours.filter(({ allowedBy }) => allowedBy === null);
    const deviations = judge(input, unallowed, { flood, rewrite });
    return {
      ...reachVerdict(input, { extraction, deviations, behaviours: behaviours.length, flood, bad }),
      fingerprints: behaviours.map(toFingerprint),
      deviations,
      allowed: behaviours.flatMap(toAllowed),
      rules: RULES_VERSION,
    };
  };
}

// --- internal ---

/** Without a baseline nothing is new, and so nothing is to be allowed. */
function allowRules({ allow, baseline }: AnalysisInput, actors: Actors): AllowRule[] {
  if (baseline === null) return [];
  return allow.map(({ kind, value, actor }) =>
    actor === null ? { kind, value } : { kind, value, actor: actors.number(actor) },
  );
}

function toFingerprint({ actor, category, value, count, first }: Behaviour): Fingerprint {
  return { actor, category, value, count, first };
}

function toAllowed(behaviour: Behaviour): AllowedFingerprint[] {
  return behaviour.allowedBy === null ? [] : [{ ...toFingerprint(behaviour), entry: behaviour.allowedBy }];
}

function toBehaviour({ actor, category, ...seen }: Delta, actors: Actors): Behaviour {
  // The core hands back only numbers that it was given.
  const name = categoryName(category) ?? "flood";
  return { ...seen, actor: actors.names[actor] ?? "", category: name };
}
