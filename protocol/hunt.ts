/** Hunting: who ever did what, out of the fingerprints of every run. */
import { type Static, Type } from "@sinclair/typebox";

/** What a hunt can look for; exactly one is given, as a pattern with `*` and `?`. */
export const HUNT_KINDS = ["dns", "host", "ip", "path", "exec", "value"] as const;
export type HuntKind = (typeof HUNT_KINDS)[number];

const Pattern = Type.Optional(Type.String({ minLength: 1, maxLength: 1000 }));

export const HuntQuery = Type.Object(
  {
    dns: Pattern,
    host: Pattern,
    ip: Pattern,
    path: Pattern,
    exec: Pattern,
    value: Pattern,
    package: Type.Optional(Type.String({ minLength: 1, maxLength: 214 })),
    /** One actor, or with a `*` at the end all whose names begin so: `script:*`. */
    actor: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
    /** Only what was seen at this moment or later, ms UTC. */
    since: Type.Optional(Type.Integer({ minimum: 0 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    /** `next` of the page before. */
    after: Type.Optional(Type.String({ minLength: 1, maxLength: 50_000 })),
  },
  { additionalProperties: false },
);
export type HuntQuery = Static<typeof HuntQuery>;

/** A run that showed a behaviour. */
const Sighting = Type.Object({
  run_id: Type.String(),
  version: Type.String(),
  /** When the run was analysed. */
  at: Type.Integer(),
});

/** A behaviour of one actor in one package, over all of its runs. */
export const HuntHit = Type.Object({
  category: Type.String(),
  value: Type.String(),
  package: Type.String(),
  actor: Type.String(),
  /** In how many runs. */
  runs: Type.Integer(),
  /** Releases that showed it, the one that ran last first; of very many runs those of the last ones. */
  versions: Type.Array(Type.String()),
  first: Sighting,
  last: Sighting,
});
export type HuntHit = Static<typeof HuntHit>;

/** `next` is null behind the last hit. A page may have fewer hits than asked for, even none, and still not be the last. */
export const HuntPage = Type.Object({
  hits: Type.Array(HuntHit),
  next: Type.Union([Type.String(), Type.Null()]),
});
export type HuntPage = Static<typeof HuntPage>;
