/** Runners and jobs as their operator sees them. Times are ms UTC. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Time = Type.Integer({ minimum: 0 });

/** What a runner says of itself whenever it asks for a job or renews a lease. */
export const RunnerLoad = Type.Object(
  {
    /** Runs it does at this moment. */
    running: Type.Integer({ minimum: 0, maximum: 64 }),
    /** Load average of the last minute by processors: 1 is a host that is busy. */
    cpu: Type.Number({ minimum: 0, maximum: 10_000 }),
  },
  { additionalProperties: false },
);
export type RunnerLoad = Static<typeof RunnerLoad>;

/** The body of a heartbeat. */
export const Heartbeat = Type.Object({ load: Type.Optional(RunnerLoad) }, { additionalProperties: false });
export type Heartbeat = Static<typeof Heartbeat>;

/**
 * paused: takes nothing on. draining: takes nothing on and ends. stopped: it ended by itself. lost: nobody hears of it.
 * unable: it would take jobs, but something is in its way.
 */
export const RUNNER_STATES = ["active", "unable", "paused", "draining", "stopped", "lost"] as const;
export type RunnerState = (typeof RUNNER_STATES)[number];

/** What of a runner is not its own registration. */
export const RunnerStanding = Type.Object({
  registered_at: Time,
  last_seen: Time,
  state: Type.Union(RUNNER_STATES.map((state) => Type.Literal(state))),
  /** null: it did not say. */
  load: Nullable(RunnerLoad),
  /** Runs that it holds a lease for. */
  held: Type.Integer(),
});
export type RunnerStanding = Static<typeof RunnerStanding>;

/** waiting: for a runner. delayed: until `not_before`. held: by a runner, until `expires_at`. */
export const JOB_STATES = ["waiting", "delayed", "held"] as const;

/** A run in the queue. */
export const Job = Type.Object({
  run_id: Type.String(),
  package: Type.String(),
  version: Type.String(),
  kind: Type.String(),
  attempt: Type.Integer(),
  /** The higher goes first. */
  priority: Type.Integer(),
  state: Type.Union(JOB_STATES.map((state) => Type.Literal(state))),
  /** Who holds it. */
  holder: Nullable(Type.String()),
  /** What its runner must be or have. */
  runner: Nullable(Type.String()),
  node_major: Nullable(Type.Integer()),
  image: Nullable(Type.String()),
  not_before: Time,
  expires_at: Nullable(Time),
  created_at: Time,
  /** Why no runner that is there will take it; null: one will. */
  blocked: Nullable(Type.String()),
});
export type Job = Static<typeof Job>;

/** In the order in which they go; `next` goes into `after` of the next page, null: that was all. */
export const JobPage = Type.Object({ jobs: Type.Array(Job), next: Nullable(Type.String()) });
export type JobPage = Static<typeof JobPage>;

export const JobQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    after: Type.Optional(Type.String({ pattern: "^-?\\d{1,3}\\.[0-9a-f-]{36}$" })),
  },
  { additionalProperties: false },
);
export type JobQuery = Static<typeof JobQuery>;

/** Whether to remove a runner that is still heard of; what it holds goes back to the queue. */
export const RunnerRemoval = Type.Object({ force: Type.Optional(Type.Boolean()) }, { additionalProperties: false });
