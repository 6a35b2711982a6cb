import { SEVERITIES, type Severity } from "../protocol/facts.ts";

/** The highest severity, null where there is none. */
export function maxSeverity(found: readonly { severity: Severity }[]): Severity | null {
  return SEVERITIES.findLast((severity) => found.some((one) => one.severity === severity)) ?? null;
}
