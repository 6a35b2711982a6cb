/** The verdict of a release, for those that decide whether it may be installed. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { SEVERITIES } from "./facts.ts";
import { DECISIONS, VERDICTS } from "./models.ts";

const oneOf = <T extends string>(values: readonly T[]) => Type.Union(values.map((value) => Type.Literal(value)));
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** What the newest run that could be compared says; `inconclusive` where none could. */
export const ReleaseVerdict = Type.Object({
  package: Type.String(),
  version: Type.String(),
  verdict: oneOf(VERDICTS),
  reason: Nullable(Type.String()),
  /** What a person decided about that run. */
  decision: Nullable(oneOf(DECISIONS)),
  max_severity: Nullable(oneOf(SEVERITIES)),
  /** Deviations that nobody has decided about. */
  open: Type.Integer(),
  rejected: Type.Integer(),
  run_id: Type.String(),
  ended_at: Nullable(Type.Integer()),
});
export type ReleaseVerdict = Static<typeof ReleaseVerdict>;
