/** What the watcher knows of packages and their releases. Times are ms UTC. */
import { type Static, Type } from "@sinclair/typebox";

const Nullable = <T extends Parameters<typeof Type.Union>[0][number]>(schema: T) => Type.Union([schema, Type.Null()]);
const Time = Type.Integer({ minimum: 0 });

/** From ten seconds to thirty days. */
export const WatchInterval = Type.Integer({ minimum: 10_000, maximum: 30 * 86_400_000 });

export const PackageWatch = Type.Object({
  enabled: Type.Boolean(),
  /** Nobody added it: the changes feed told of it, and says when it is looked at. */
  by_feed: Type.Boolean(),
  /** How often the registry is asked; null: as often as the server's setting says. */
  interval_ms: Nullable(Type.Integer()),
  /** When it is asked next; null: when the changes feed says so. */
  due_at: Nullable(Time),
  /** When the registry last answered, and when it last had something new. */
  polled_at: Nullable(Time),
  changed_at: Nullable(Time),
  /** Troubles since the last answer. */
  failures: Type.Integer(),
  error: Nullable(Type.String()),
  error_at: Nullable(Time),
  /** Version by dist-tag, as last read. */
  tags: Type.Record(Type.String(), Type.String()),
  /** How many versions were handled, those of before it was watched included. */
  versions: Type.Integer(),
});
export type PackageWatch = Static<typeof PackageWatch>;

/** published: a new version; republished: a known one with another tarball; tagged: a dist-tag went to an old version. */
export const RELEASE_CAUSES = ["published", "republished", "tagged"] as const;

/** A release that the watcher saw. */
export const SeenRelease = Type.Object({
  version: Type.String(),
  cause: Type.Union(RELEASE_CAUSES.map((cause) => Type.Literal(cause))),
  /** The dist-tags that named it then. */
  tags: Type.Array(Type.String()),
  seen_at: Time,
  /** The run that was queued for it or had been made already; null: it was deleted. */
  run_id: Nullable(Type.String()),
  /** How many signatures the registry gives, and whether it has a provenance attestation. */
  signatures: Type.Integer(),
  provenance: Type.Boolean(),
  /** Size of the tarball that is kept; null: it is not. */
  tarball_bytes: Nullable(Type.Integer()),
  /** Why it is not kept, or not yet. */
  tarball_error: Nullable(Type.String()),
});
export type SeenRelease = Static<typeof SeenRelease>;

/** What is kept of a package's releases whose tarball is kept, to install them from when the registry has them no more. */
export const KeptReleases = Type.Object({
  releases: Type.Array(
    Type.Object({ version: Type.String(), seen_at: Time, manifest: Type.Record(Type.String(), Type.Unknown()) }),
  ),
});
export type KeptReleases = Static<typeof KeptReleases>;
