import type { Control, NewDeviation } from "./types.ts";
import type { Rewrite } from "./operator-rules.ts";

/**
 * Marks what the predecessor shows today, too: the world changed, not the release. A leak is never drift: whose
 * fault it is, a secret left.
 */
export function markDrift(
  deviations: readonly NewDeviation[],
  control: Control | null | undefined,
  rewrite: Rewrite,
): NewDeviation[] {
  if (!control || "missing" in control) return [...deviations];
  const shown = new Set(
    control.fingerprints.map(({ actor, category, value }) => keyOf(actor, category, rewrite(category, value))),
  );
  return deviations.map((deviation) => {
    const { actor, category, value } = deviation;
    if (!canDrift(deviation) || !shown.has(keyOf(actor, category, value))) return deviation;
    return { ...deviation, drift: true, severity: "low" };
  });
}

/** Whether a control run can say anything about it: not about leaks, and not about what a release's documents say. */
export function canDrift({ category }: Pick<NewDeviation, "category">): boolean {
  return category !== "canary_leak" && category !== "flood" && !category.startsWith("meta_");
}

// --- internal ---

function keyOf(actor: string, category: string, value: string): string {
  return `${actor}\0${category}\0${value}`;
}
