/** The bodies, queries and pages of the API that are not things of their own (those are in models.ts). */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { SEVERITIES } from "./facts.ts";
import {
  Deviation,
  DEVIATION_STATES,
  Package,
  PackageName,
  Run,
  RUN_STATES,
  RunEvent,
  RunnerRegistration,
  RunProcess,
  VERDICTS,
} from "./models.ts";

const oneOf = <T extends string>(values: readonly T[]) => Type.Union(values.map((value) => Type.Literal(value)));
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const IdPrefix = Type.String({ minLength: 1, maxLength: 64 });
const Limit = Type.Integer({ minimum: 1, maximum: 500 });

/** Why somebody did it; kept in the audit trail. */
export const ReasonRequest = Type.Object(
  { reason: Type.String({ minLength: 1, maxLength: 2000 }) },
  { additionalProperties: false },
);
export type ReasonRequest = Static<typeof ReasonRequest>;

export const PackageRequest = Type.Object({ name: PackageName }, { additionalProperties: false });
export type PackageRequest = Static<typeof PackageRequest>;

/** `before`: the id that the page before ended with. */
export const RunQuery = Type.Object(
  {
    package: Type.Optional(PackageName),
    state: Type.Optional(oneOf(RUN_STATES)),
    verdict: Type.Optional(oneOf(VERDICTS)),
    limit: Type.Optional(Limit),
    before: Type.Optional(IdPrefix),
  },
  { additionalProperties: false },
);
export type RunQuery = Static<typeof RunQuery>;

export const DeviationQuery = Type.Object(
  {
    run: Type.Optional(IdPrefix),
    package: Type.Optional(PackageName),
    state: Type.Optional(oneOf(DEVIATION_STATES)),
    severity: Type.Optional(oneOf(SEVERITIES)),
    limit: Type.Optional(Limit),
    before: Type.Optional(IdPrefix),
  },
  { additionalProperties: false },
);
export type DeviationQuery = Static<typeof DeviationQuery>;

/** `after`: the ordinal of the last event of the page before. */
export const EventQuery = Type.Object(
  {
    type: Type.Optional(Type.String({ minLength: 1, maxLength: 32 })),
    process: Type.Optional(Type.Integer({ minimum: 0, maximum: 0xffffffff })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 5000 })),
    after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
    /** Tell what each event was compared as. */
    explain: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type EventQuery = Static<typeof EventQuery>;

/** `dry_run`: show what would change, change nothing. */
export const ReanalyseRequest = Type.Object(
  { dry_run: Type.Optional(Type.Boolean()) },
  { additionalProperties: false },
);
export type ReanalyseRequest = Static<typeof ReanalyseRequest>;

const Judgement = Type.Object({
  verdict: Nullable(oneOf(VERDICTS)),
  reason: Nullable(Type.String()),
  rules: Nullable(Type.Integer()),
});
const Behaviour = Type.Object({
  actor: Type.String(),
  category: Type.String(),
  value: Type.String(),
  severity: oneOf(SEVERITIES),
});
/** What today's rules change of a run. */
export const Reanalysis = Type.Object({
  run_id: Type.String(),
  package: PackageName,
  version: Type.String(),
  before: Judgement,
  after: Judgement,
  added: Type.Array(Behaviour),
  removed: Type.Array(Behaviour),
  /** Whether it was stored. */
  stored: Type.Boolean(),
});
export type Reanalysis = Static<typeof Reanalysis>;

/** Newest first; `next` goes into `before` of the next page, null: that was all. */
export const RunPage = Type.Object({ runs: Type.Array(Run), next: Nullable(Type.String()) });
export type RunPage = Static<typeof RunPage>;
export const DeviationPage = Type.Object({ deviations: Type.Array(Deviation), next: Nullable(Type.String()) });
export type DeviationPage = Static<typeof DeviationPage>;
/** In the order of the trace; `next` goes into `after` of the next page, null: that was all. */
export const EventPage = Type.Object({ events: Type.Array(RunEvent), next: Nullable(Type.Integer()) });
export type EventPage = Static<typeof EventPage>;

export const ProcessTree = Type.Object({ processes: Type.Array(RunProcess) });
export type ProcessTree = Static<typeof ProcessTree>;
/** Deviant runs with open deviations, most severe first. */
export const Pending = Type.Object({ runs: Type.Array(Run) });
export type Pending = Static<typeof Pending>;
export const PackageList = Type.Object({ packages: Type.Array(Package) });
export type PackageList = Static<typeof PackageList>;
/** How many deviations were accepted. */
export const Promotion = Type.Object({ promoted: Type.Integer() });
export type Promotion = Static<typeof Promotion>;
export const LeaseRenewal = Type.Object({ expires_at: Type.Integer() });
export type LeaseRenewal = Static<typeof LeaseRenewal>;

export const Runner = Type.Composite([
  Type.Object(RunnerRegistration.properties),
  Type.Object({ registered_at: Type.Integer(), last_seen: Type.Integer() }),
]);
export type Runner = Static<typeof Runner>;
export const RunnerList = Type.Object({ runners: Type.Array(Runner) });
export type RunnerList = Static<typeof RunnerList>;

/** What PUT trace answers: how many events the segment holds; `stored` false: it was there already. */
export const SegmentReceipt = Type.Object({ events: Type.Integer(), stored: Type.Boolean() });
export type SegmentReceipt = Static<typeof SegmentReceipt>;

export const Health = Type.Object({ status: Type.String() });
export type Health = Static<typeof Health>;

/** The headers of a runner's writes. */
export const HEADERS = { lease: "fangs-lease", sha256: "fangs-sha256" } as const;
