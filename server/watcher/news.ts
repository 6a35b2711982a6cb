/** What a document has that was not handled yet. */
import { integrityOf } from "../../npm/integrity.ts";
import type { Manifest, Packument } from "../../npm/packument.ts";

/** Fingerprint of the tarball by version. */
export type Seen = Readonly<Record<string, string>>;
export type Tags = Readonly<Record<string, string>>;
/** republished: a known version with another tarball. tagged: a dist-tag went to a version that is not new. */
export type Cause = "published" | "republished" | "tagged";

export interface News {
  manifest: Manifest;
  fingerprint: string;
  cause: Cause;
  /** The dist-tags that name it. */
  tags: string[];
}

/**
 * Every version that was not handled, of every major line and dist-tag, however high: a patch of an old line is as new
 * as a release of the latest. What a tag names comes first, then the highest.
 */
export function newsOf(packument: Packument, seen: Seen, tags: Tags): News[] {
  const news: News[] = [];
  const tagsOf = tagsByVersion(packument);
  for (const manifest of Object.values(packument.versions)) {
    const fingerprint = fingerprintOf(manifest);
    const before = Object.hasOwn(seen, manifest.version) ? seen[manifest.version] : undefined;
    const named = tagsOf.get(manifest.version) ?? [];
    const retagged = named.some((tag) => (Object.hasOwn(tags, tag) ? tags[tag] : undefined) !== manifest.version);
    const cause =
      before === undefined ? "published" : before !== fingerprint ? "republished" : retagged ? "tagged" : undefined;
    if (cause !== undefined) news.push({ manifest, fingerprint, cause, tags: named });
  }
  return news.sort(
    (a, b) =>
      Number(b.tags.length > 0) - Number(a.tags.length > 0) || Bun.semver.order(b.manifest.version, a.manifest.version),
  );
}

/** All versions of a document as handled. */
export function everything(packument: Packument): Record<string, string> {
  return Object.fromEntries(
    Object.values(packument.versions).map((manifest) => [manifest.version, fingerprintOf(manifest)]),
  );
}

/** Tells one tarball from another, as the registry describes them. */
export function fingerprintOf({ dist }: Manifest): string {
  const identity = integrityOf(dist) ?? dist.tarball;
  return new Bun.CryptoHasher("sha256").update(identity).digest("base64url").slice(0, 16);
}

// --- internal ---

function tagsByVersion(packument: Packument): Map<string, string[]> {
  const tags = new Map<string, string[]>();
  for (const [tag, version] of Object.entries(packument["dist-tags"])) {
    const named = tags.get(version);
    if (named === undefined) tags.set(version, [tag]);
    else named.push(tag);
  }
  return tags;
}
