/** The bodies, queries and pages of the API that are not things of their own (those are in models.ts). */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { SEVERITIES } from "./facts.ts";
import {
  ALLOW_KINDS,
  AllowEntry,
  BaselineChange,
  Deviation,
  DEVIATION_STATES,
  Package,
  PackageName,
  Release,
  Run,
  RUN_STATES,
  RunEvent,
  RunnerRegistration,
  RunProcess,
  VERDICTS,
  Version,
} from "./models.ts";

import { RunnerStanding } from "./queue.ts";
import { WatchInterval } from "./watching.ts";

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

/** How many of the latest releases make the first baseline, 3 if not given; 0: only watch it. */
export const SEED_LIMIT = 20;
export const PackageRequest = Type.Object(
  { name: PackageName, seed: Type.Optional(Type.Integer({ minimum: 0, maximum: SEED_LIMIT })) },
  { additionalProperties: false },
);
export type PackageRequest = Static<typeof PackageRequest>;

/** What is not named stays as it is. */
export const PackageSettings = Type.Object(
  {
    /** By category; null takes the package's own away. */
    severities: Type.Optional(Type.Record(Type.String({ maxLength: 64 }), Nullable(oneOf(SEVERITIES)))),
    /** `interval_ms` null: as often as the server's setting says. */
    watch: Type.Optional(
      Type.Object(
        { enabled: Type.Optional(Type.Boolean()), interval_ms: Type.Optional(Nullable(WatchInterval)) },
        { additionalProperties: false },
      ),
    ),
  },
  { additionalProperties: false },
);
export type PackageSettings = Static<typeof PackageSettings>;

/** Deviations by id, or a unique part of it: all of them or, where one cannot, none. */
export const DecisionRequest = Type.Object(
  {
    ids: Type.Array(IdPrefix, { minItems: 1, maxItems: 500 }),
    reason: Type.String({ minLength: 1, maxLength: 2000 }),
  },
  { additionalProperties: false },
);
export type DecisionRequest = Static<typeof DecisionRequest>;

/** Which of the baselines of a package; the one of the highest major if not given. */
export const BaselineQuery = Type.Object(
  { node: Type.Optional(Type.Integer({ minimum: 0, maximum: 9999 })) },
  { additionalProperties: false },
);
export type BaselineQuery = Static<typeof BaselineQuery>;

/** A whole baseline, to take the place of the one that is there. */
export const BaselineImport = Type.Object(
  {
    node_major: Type.Integer({ minimum: 1, maximum: 9999 }),
    versions: Type.Array(Version, { minItems: 1, maxItems: 1000 }),
    behaviours: Type.Array(
      Type.Object(
        {
          actor: Type.String({ minLength: 1, maxLength: 300 }),
          category: Type.String({ minLength: 1, maxLength: 64 }),
          value: Type.String({ minLength: 1, maxLength: 25_000 }),
        },
        { additionalProperties: false },
      ),
      { maxItems: 100_000 },
    ),
    reason: Type.String({ minLength: 1, maxLength: 2000 }),
  },
  { additionalProperties: false },
);
export type BaselineImport = Static<typeof BaselineImport>;

/** `before`: the id that the page before ended with. */
export const PageQuery = Type.Object(
  { limit: Type.Optional(Limit), before: Type.Optional(IdPrefix) },
  { additionalProperties: false },
);
export type PageQuery = Static<typeof PageQuery>;

export const AllowRequest = Type.Object(
  {
    kind: oneOf(ALLOW_KINDS),
    value: Type.String({ minLength: 1, maxLength: 250 }),
    package: Type.Optional(PackageName),
    actor: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
    note: Type.String({ minLength: 1, maxLength: 2000 }),
    expires_at: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  },
  { additionalProperties: false },
);
export type AllowRequest = Static<typeof AllowRequest>;
export const AllowImport = Type.Object(
  { entries: Type.Array(AllowRequest, { minItems: 1, maxItems: 10_000 }) },
  { additionalProperties: false },
);
export type AllowImport = Static<typeof AllowImport>;

/** With a package: what holds for it, the global entries included. */
export const AllowQuery = Type.Object(
  { package: Type.Optional(PackageName), limit: Type.Optional(Limit), before: Type.Optional(IdPrefix) },
  { additionalProperties: false },
);
export type AllowQuery = Static<typeof AllowQuery>;

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
/** The action that was taken back, e.g. `baseline.promote`. */
export const Undone = Type.Object({ undone: Type.String() });
export type Undone = Static<typeof Undone>;
/** How many deviations were rejected. */
export const Rejection = Type.Object({ rejected: Type.Integer() });
export type Rejection = Static<typeof Rejection>;
/** Newest first; `next` goes into `before` of the next page, null: that was all. */
export const BaselineHistory = Type.Object({ changes: Type.Array(BaselineChange), next: Nullable(Type.String()) });
export type BaselineHistory = Static<typeof BaselineHistory>;
/** The release that ran last comes first. */
export const ReleasePage = Type.Object({ releases: Type.Array(Release), next: Nullable(Type.String()) });
export type ReleasePage = Static<typeof ReleasePage>;
export const AllowPage = Type.Object({ entries: Type.Array(AllowEntry), next: Nullable(Type.String()) });
export type AllowPage = Static<typeof AllowPage>;
/** How many entries of the allow-list were new, and how many were there already. */
export const AllowImported = Type.Object({ added: Type.Integer(), kept: Type.Integer() });
export type AllowImported = Static<typeof AllowImported>;
export const AllowRemoved = Type.Object({ removed: Type.Integer() });
export type AllowRemoved = Static<typeof AllowRemoved>;
export const LeaseRenewal = Type.Object({ expires_at: Type.Integer() });
export type LeaseRenewal = Static<typeof LeaseRenewal>;

export const Runner = Type.Composite([Type.Object(RunnerRegistration.properties), RunnerStanding]);
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
