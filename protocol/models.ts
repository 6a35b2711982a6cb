/** The models of the API: used by its routes, by the client and by the OpenAPI document. Times are ms UTC. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { SEVERITIES } from "./facts.ts";
import { RunnerLoad } from "./queue.ts";
import { PackageWatch, SeenRelease } from "./watching.ts";

const Id = Type.String({ minLength: 1, maxLength: 64, pattern: "^[0-9a-zA-Z-]+$" });
const Time = Type.Integer({ minimum: 0 });
const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const oneOf = <T extends string>(values: readonly T[]) => Type.Union(values.map((value) => Type.Literal(value)));

const NodeMajor = Type.Integer({ minimum: 1, maximum: 999 });

export const PackageName = Type.String({ minLength: 1, maxLength: 214 });
export const Version = Type.String({ minLength: 1, maxLength: 256 });

/** `controlling`: it waits for its control run, the predecessor run again. */
export const RUN_STATES = [
  "queued",
  "leased",
  "running",
  "analysing",
  "controlling",
  "done",
  "failed",
  "cancelled",
] as const;
export type RunState = (typeof RUN_STATES)[number];
export const VERDICTS = ["seeded", "clean", "deviant", "inconclusive"] as const;
export type Verdict = (typeof VERDICTS)[number];
/** scan: somebody asked for it; seed: one of the runs that make a baseline; control: to tell a change of the world. */
export const RUN_KINDS = ["scan", "seed", "control"] as const;
export type RunKind = (typeof RUN_KINDS)[number];
export const PHASE_NAMES = ["install", "import", "bin", "linger"] as const;
/** accepted: it built the baseline; rejected: it never will. */
export const DECISIONS = ["accepted", "rejected"] as const;
export const ALLOW_KINDS = ["cidr", "path", "sni", "dns", "exec", "command"] as const;
export type AllowKind = (typeof ALLOW_KINDS)[number];
export const NETWORK_MODES = ["registry", "open", "none"] as const;

/** How one command of a phase ended. A phase can have several (each entry, each bin). */
export const PhaseResult = Type.Object({
  phase: oneOf(PHASE_NAMES),
  /** What was run: `npm install`, `require`, `import`, `bin:<name>`. */
  label: Type.String({ maxLength: 300 }),
  /** Dense index (1..15) of the root process in the trace. */
  root: Type.Integer({ minimum: 0, maximum: 15 }),
  exit_code: Nullable(Type.Integer()),
  signal: Nullable(Type.String({ maxLength: 32 })),
  timed_out: Type.Boolean(),
  duration_ms: Type.Integer({ minimum: 0 }),
  stdout: Type.String({ maxLength: 65536 }),
  stderr: Type.String({ maxLength: 65536 }),
});
export type PhaseResult = Static<typeof PhaseResult>;

/** Records lost, by record name and cause. */
export const Loss = Type.Object({
  record: Type.String({ maxLength: 32 }),
  cause: Type.String({ maxLength: 32 }),
  count: Type.Integer({ minimum: 1 }),
});
export type Loss = Static<typeof Loss>;

/** A fake credential in the sandbox: where it lies and the secret that must not leave. */
export const Decoy = Type.Object({
  name: Type.String({ maxLength: 64 }),
  /** Absolute path in the container, or `$NAME` for an environment variable. */
  place: Type.String({ maxLength: 512 }),
  secret: Type.String({ maxLength: 4096 }),
  /** The file that lies there, by the kernel's numbers; absent where there is none, and from older runners. */
  file: Type.Optional(Type.Object({ device: Type.Integer({ minimum: 0 }), inode: Type.Integer({ minimum: 0 }) })),
});
export type Decoy = Static<typeof Decoy>;

/** What analysis must know of the sandbox to read its trace. */
export const Environment = Type.Object({
  project: Type.String(),
  home: Type.String(),
  registry: Type.Object({ address: Type.String(), port: Type.Integer() }),
  resolver: Type.Object({ address: Type.String(), port: Type.Integer() }),
  decoys: Type.Array(Decoy, { maxItems: 64 }),
});
export type Environment = Static<typeof Environment>;

/** What the runner reports when a run ended, however it ended. */
export const RunResult = Type.Object({
  /** complete: every phase ran to its end. failed: the reason says why it can't be compared. */
  status: oneOf(["complete", "failed"] as const),
  reason: Nullable(Type.String({ maxLength: 2000 })),
  phases: Type.Array(PhaseResult, { maxItems: 64 }),
  losses: Type.Array(Loss, { maxItems: 256 }),
  /** Segments uploaded: seq 0 .. segments-1. */
  segments: Type.Integer({ minimum: 0, maximum: 100000 }),
  events: Type.Integer({ minimum: 0 }),
  environment: Environment,
  network: oneOf(NETWORK_MODES),
  image: Type.String({ maxLength: 300 }),
  node_version: Type.String({ maxLength: 64 }),
  npm_version: Type.String({ maxLength: 64 }),
  started_at: Time,
  ended_at: Time,
});
export type RunResult = Static<typeof RunResult>;

export const Run = Type.Object({
  id: Id,
  scan_id: Id,
  package: PackageName,
  version: Version,
  kind: oneOf(RUN_KINDS),
  /** The run that this one is the control of. */
  control_of: Nullable(Id),
  state: oneOf(RUN_STATES),
  verdict: Nullable(oneOf(VERDICTS)),
  /** Why the verdict is what it is, or why the run failed. */
  reason: Nullable(Type.String()),
  attempt: Type.Integer(),
  runner: Nullable(Type.String()),
  events: Type.Integer(),
  decision: Nullable(oneOf(DECISIONS)),
  deviations: Type.Integer(),
  /** How many of the deviations are open, promoted and rejected. */
  open: Type.Integer(),
  promoted: Type.Integer(),
  rejected: Type.Integer(),
  max_severity: Nullable(oneOf(SEVERITIES)),
  created_at: Time,
  started_at: Nullable(Time),
  ended_at: Nullable(Time),
});
export type Run = Static<typeof Run>;

/** An entry of the allow-list. */
export const AllowEntry = Type.Object({
  id: Id,
  kind: oneOf(ALLOW_KINDS),
  value: Type.String(),
  /** null: every package. */
  package: Nullable(PackageName),
  /** null: whoever does it. */
  actor: Nullable(Type.String()),
  note: Type.String(),
  /** The set that fangs came with, e.g. `cdn`; null: somebody added it. */
  shipped: Nullable(Type.String()),
  created_by: Type.String(),
  created_at: Time,
  expires_at: Nullable(Time),
});
export type AllowEntry = Static<typeof AllowEntry>;

/** A behaviour that was new and allowed, with the entry as it was then. */
export const AllowedBehaviour = Type.Object({
  actor: Type.String(),
  category: Type.String(),
  value: Type.String(),
  count: Type.Integer(),
  rule: AllowEntry,
});
export type AllowedBehaviour = Static<typeof AllowedBehaviour>;

/** What a release's documents say that its predecessor's did not. */
export const ReleaseChange = Type.Object({
  category: oneOf([
    "meta_new_script",
    "meta_new_dependency",
    "meta_new_publisher",
    "meta_lost_provenance",
    "meta_new_bin",
    "meta_size_jump",
  ] as const),
  value: Type.String(),
  /** What the predecessor has in its place; null: nothing, as of a first-ever lifecycle script. */
  was: Nullable(Type.String()),
});
export type ReleaseChange = Static<typeof ReleaseChange>;
export const ReleaseMeta = Type.Object({
  /** The release that it was compared with; null: there is none before it. */
  predecessor: Nullable(Version),
  changes: Type.Array(ReleaseChange),
  /** Why nothing is known of it; null: all is. */
  unknown: Nullable(Type.String()),
});
export type ReleaseMeta = Static<typeof ReleaseMeta>;

export const RunDetail = Type.Composite([
  Run,
  Type.Object({
    result: Nullable(RunResult),
    allowed: Type.Array(AllowedBehaviour),
    /** Version of the rules that made the verdict. */
    rules: Nullable(Type.Integer()),
    /** null: not looked at yet. */
    release: Nullable(ReleaseMeta),
    /** What is kept of its trace, compressed; 0 while it goes on. */
    trace_bytes: Type.Integer(),
    /** When retention took its trace away; null: it did not. */
    trace_pruned_at: Nullable(Time),
  }),
]);
export type RunDetail = Static<typeof RunDetail>;

/** A process on the way from a phase's root to the one that acted. */
export const Ancestor = Type.Object({
  process: Type.Integer(),
  pid: Type.Integer(),
  binary: Type.String(),
  argv: Type.Array(Type.String()),
  cwd: Type.String(),
});
export type Ancestor = Static<typeof Ancestor>;

/** The copied proof of a deviation; it outlives the trace. */
export const Evidence = Type.Object({
  /** Ordinal of the record in the trace. */
  event: Type.Integer(),
  time_ms: Type.Number(),
  phase: Type.String(),
  /** The observation before normalisation, e.g. the true path or address. */
  observed: Type.String(),
  /** What the call returned, e.g. `ok`, `ENOENT`; empty where there is none. */
  result: Type.String(),
  count: Type.Integer(),
  /** Root first, the acting process last. */
  processes: Type.Array(Ancestor),
});
export type Evidence = Static<typeof Evidence>;

/** `withdrawn`: under later rules it is none any more; kept with its evidence. */
export const DEVIATION_STATES = ["open", "promoted", "rejected", "withdrawn"] as const;
export const Deviation = Type.Object({
  id: Id,
  run_id: Id,
  package: PackageName,
  version: Version,
  actor: Type.String(),
  category: Type.String(),
  value: Type.String(),
  severity: oneOf(SEVERITIES),
  state: oneOf(DEVIATION_STATES),
  /** Names the finding that this is one step of; null: it is one by itself. */
  chain: Nullable(Type.String()),
  /** Place among the steps of its chain, from 1. */
  step: Nullable(Type.Integer()),
  /** The predecessor shows it today, too: the world changed, not the release. */
  drift: Type.Boolean(),
  evidence: Evidence,
  /** An earlier deviation of this package, the same behaviour, that was rejected. */
  rejected_before: Nullable(Id),
  /** Other packages of which any run ever showed this category and value. */
  other_packages: Type.Integer(),
  created_at: Time,
});
export type Deviation = Static<typeof Deviation>;

export const Scan = Type.Object({
  id: Id,
  package: PackageName,
  version: Version,
  created_at: Time,
  /** Newest last. */
  runs: Type.Array(Run),
});
export type Scan = Static<typeof Scan>;
/** version absent: what the dist-tag `latest` names. */
export const ScanRequest = Type.Object(
  {
    package: PackageName,
    version: Type.Optional(Version),
    /** What must do it: this runner, one with this major of Node.js, one with this image. */
    runner: Type.Optional(Type.String({ maxLength: 64 })),
    node_major: Type.Optional(NodeMajor),
    image: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
    /** The higher goes first: 5 if not given. */
    priority: Type.Optional(Type.Integer({ minimum: 0, maximum: 9 })),
  },
  { additionalProperties: false },
);
export type ScanRequest = Static<typeof ScanRequest>;

const Severities = Type.Record(Type.String(), oneOf(SEVERITIES));
export const Package = Type.Object({
  name: PackageName,
  created_at: Time,
  /** Versions that built the baseline. */
  maturity: Type.Integer(),
  fingerprints: Type.Integer(),
  /** Whether runs are still awaited that make the baseline. */
  seeding: Type.Boolean(),
  /** Severities of this package's own, by category. */
  severities: Severities,
});
export type Package = Static<typeof Package>;

/** One release of those that a package is, or was last, seeded from. */
export const Seed = Type.Object({
  version: Version,
  run_id: Id,
  state: oneOf(RUN_STATES),
  verdict: Nullable(oneOf(VERDICTS)),
  reason: Nullable(Type.String()),
});
export type Seed = Static<typeof Seed>;
export const BaselineSummary = Type.Object({
  node_major: Type.Integer(),
  maturity: Type.Integer(),
  fingerprints: Type.Integer(),
});
export const PackageDetail = Type.Composite([
  Package,
  Type.Object({
    seeds: Type.Array(Seed),
    baselines: Type.Array(BaselineSummary),
    /** null: it was only scanned, or imported. */
    watch: Nullable(PackageWatch),
    /** What the watcher saw of it, the newest first (at most 50). */
    seen: Type.Array(SeenRelease),
  }),
]);
export type PackageDetail = Static<typeof PackageDetail>;

/** A version with its runs but control runs, the newest first (at most 20). */
export const Release = Type.Object({ version: Version, runs: Type.Array(Run) });
export type Release = Static<typeof Release>;

export const BaselineEntry = Type.Object({
  actor: Type.String(),
  category: Type.String(),
  value: Type.String(),
  first_version: Version,
  last_version: Version,
  /** null: it was imported. */
  first_run: Nullable(Id),
  last_run: Nullable(Id),
  /** Those of the versions that built the baseline whose run showed it; none where it was only imported. */
  versions: Type.Array(Version),
});
export type BaselineEntry = Static<typeof BaselineEntry>;
export const Baseline = Type.Object({
  package: PackageName,
  /** Baselines are kept apart by the major version of Node.js. */
  node_major: Type.Integer(),
  /** All for which there is a baseline. */
  node_majors: Type.Array(Type.Integer()),
  maturity: Type.Integer(),
  versions: Type.Array(Version),
  entries: Type.Array(BaselineEntry),
});
export type Baseline = Static<typeof Baseline>;

/** What was done to a baseline: who, when, why, and what it changed. */
export const BaselineChange = Type.Object({
  id: Id,
  at: Time,
  actor: Type.String(),
  action: Type.String(),
  reason: Nullable(Type.String()),
  /** The change that this one took back. */
  undoes: Nullable(Id),
  /** Whether a later one took it back. */
  undone: Type.Boolean(),
  /** Lines such as `import net_new_dns evil.example`, `version 1.2.0`, `deviation <id> rejected`. */
  added: Type.Array(Type.String()),
  removed: Type.Array(Type.String()),
});
export type BaselineChange = Static<typeof BaselineChange>;

/** A value before and after normalisation, and the rules that changed it. */
export const ExplainedFact = Type.Object({
  category: Type.String(),
  before: Type.String(),
  after: Type.String(),
  rules: Type.Array(Type.String()),
});
export type ExplainedFact = Static<typeof ExplainedFact>;

/** One event of a run for people: who, what, with which result. */
export const RunEvent = Type.Object({
  event: Type.Integer(),
  time_ms: Type.Number(),
  phase: Type.String(),
  process: Type.Integer(),
  actor: Type.String(),
  type: Type.String(),
  summary: Type.String(),
  result: Type.String(),
  /** Only where it was asked for: what the event was compared as. */
  facts: Type.Optional(Type.Array(ExplainedFact)),
});
export type RunEvent = Static<typeof RunEvent>;

/** One process of a run; tallies count its events per type. */
export const RunProcess = Type.Object({
  process: Type.Integer(),
  parent: Nullable(Type.Integer()),
  pid: Type.Integer(),
  actor: Type.String(),
  phase: Type.String(),
  binary: Type.String(),
  argv: Type.Array(Type.String()),
  cwd: Type.String(),
  started_ms: Type.Number(),
  ended_ms: Nullable(Type.Number()),
  exit: Nullable(Type.String()),
  tallies: Type.Record(Type.String(), Type.Integer()),
});
export type RunProcess = Static<typeof RunProcess>;

export const RunnerRegistration = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 64, pattern: "^[a-zA-Z0-9._-]+$" }),
    modes: Type.Array(oneOf(NETWORK_MODES)),
    image: Type.String({ maxLength: 300 }),
    probes: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 256 }),
    concurrency: Type.Integer({ minimum: 1, maximum: 64 }),
    version: Type.String({ maxLength: 64 }),
    /** Of the Node.js in its image. */
    node_major: Type.Optional(NodeMajor),
    /** Why it can do no run now, e.g. as Docker does not answer; absent: it can. */
    trouble: Type.Optional(Type.String({ maxLength: 500 })),
  },
  { additionalProperties: false },
);
export type RunnerRegistration = Static<typeof RunnerRegistration>;

export const LeaseRequest = Type.Object(
  {
    runner: Type.String({ minLength: 1, maxLength: 64 }),
    wait_ms: Type.Integer({ minimum: 0, maximum: 25000 }),
    load: Type.Optional(RunnerLoad),
  },
  { additionalProperties: false },
);
export type LeaseRequest = Static<typeof LeaseRequest>;
/** A job held by a runner until `expires_at`. `lease` goes into the header `fangs-lease` of every later write. */
export const Lease = Type.Object({
  lease: Id,
  run_id: Id,
  package: PackageName,
  version: Version,
  network: oneOf(NETWORK_MODES),
  attempt: Type.Integer(),
  /** Registry answers as of this moment; null: as of now. */
  before: Nullable(Time),
  expires_at: Time,
});
export type Lease = Static<typeof Lease>;

export const TOKEN_SCOPES = ["read", "triage", "runner", "admin"] as const;
export type TokenScope = (typeof TOKEN_SCOPES)[number];

/** RFC 9457, with the stable `code` of protocol/errors.ts. */
export const Problem = Type.Object({
  type: Type.String(),
  title: Type.String(),
  status: Type.Integer(),
  code: Type.String(),
  detail: Type.String(),
  hint: Type.Optional(Type.String()),
});
export type Problem = Static<typeof Problem>;
