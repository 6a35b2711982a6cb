/** What retention keeps, and what it would take away now. Times are ms UTC. */
import { type Static, Type } from "@sinclair/typebox";

const Amount = Type.Object({ runs: Type.Integer(), bytes: Type.Integer() });

export const Retention = Type.Object({
  /** How long the trace of a run that ended is kept; 0: without end. */
  days: Type.Integer(),
  /** What all traces together may have, compressed; 0: any number. */
  max_bytes: Type.Integer(),
  place: Type.Union([Type.Literal("database"), Type.Literal("bucket")]),
  /** What there is now, compressed. */
  stored: Amount,
  /** What a sweep would take away now. */
  due: Amount,
  /** The last sweep of traces that was done to its end; null: there was none. */
  last: Type.Union([
    Type.Object({ ended_at: Type.Integer(), runs: Type.Integer(), bytes: Type.Integer() }),
    Type.Null(),
  ]),
});
export type Retention = Static<typeof Retention>;
