import type { BaselineValue } from "../../differ-wasm/host.ts";
import { CATEGORIES } from "../../protocol/facts.ts";
import type { Actors } from "./actors.ts";
import type { BaselineFingerprint } from "./types.ts";

interface Known {
  /** The actors that were numbered before, and those that the baseline added. */
  before: string;
  added: readonly string[];
  values: BaselineValue[];
}

/**
 * Puts baselines into the core's form. The same array with the same actors gives the same array again, which the core
 * needs not read again; so nobody may change one.
 */
export function createKnownValues(): (baseline: BaselineFingerprint[] | null, actors: Actors) => BaselineValue[] {
  const cache = new WeakMap<BaselineFingerprint[], Known>();
  const nothing: BaselineValue[] = [];
  return (baseline, actors) => {
    if (baseline === null) return nothing;
    const before = actors.names.join("\0");
    const cached = cache.get(baseline);
    if (cached?.before === before) {
      for (const name of cached.added) actors.number(name);
      return cached.values;
    }
    const numbered = actors.names.length;
    const values = baseline.map(({ actor, category, value }) => {
      return { actor: actors.number(actor), category: CATEGORIES[category].id, value };
    });
    cache.set(baseline, { before, added: actors.names.slice(numbered), values });
    return values;
  };
}
