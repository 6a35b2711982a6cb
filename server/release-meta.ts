/** Looks a release and its predecessor up in the registry. Trouble there never holds up a verdict. */
import { isExactVersion } from "../npm/names.ts";
import type { Manifest, Packument } from "../npm/packument.ts";
import type { RegistryClient } from "../npm/registry.ts";
import { readTarball } from "../npm/tarball-manifest.ts";
import { toFangsError } from "../protocol/errors.ts";
import type { ReleaseMeta } from "../protocol/models.ts";
import { type ReleaseFacts, releaseChanges, releaseFacts } from "./analysis/release-changes.ts";

/** The runner waits for the answer to its result meanwhile. */
const PATIENCE_MS = 30_000;

export interface MetaOptions {
  package: string;
  version: string;
  /** The versions that built the package's baseline. */
  accepted: readonly string[];
  /** How long it may take. */
  patienceMs?: number;
}

/** What is new in the documents of a release. Never throws: what could not be learnt is said in `unknown`. */
export async function readReleaseMeta(registry: RegistryClient, options: MetaOptions): Promise<ReleaseMeta> {
  const late = Promise.withResolvers<ReleaseMeta>();
  const unknown = (why: string): ReleaseMeta => ({ predecessor: null, changes: [], unknown: why });
  const timer = setTimeout(
    () => late.resolve(unknown("The registry took too long.")),
    options.patienceMs ?? PATIENCE_MS,
  );
  const read = compare(registry, options).catch((thrown: unknown) => unknown(toFangsError(thrown).message));
  try {
    return await Promise.race([read, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** Whether what was learnt still holds: nothing was missing, and the baseline has the same predecessor now. */
export function isStillTrue(release: ReleaseMeta, version: string, accepted: readonly string[]): boolean {
  if (release.unknown !== null) return false;
  if (accepted.includes(version)) return release.predecessor === version;
  const known = lowerThan(version, accepted).at(-1);
  return known === undefined || release.predecessor === known;
}

// --- internal ---

async function compare(
  registry: RegistryClient,
  { package: name, version, accepted }: MetaOptions,
): Promise<ReleaseMeta> {
  // An accepted version has no news: they were accepted with it.
  if (accepted.includes(version)) return { predecessor: version, changes: [], unknown: null };
  const packument = await registry.packument(name, { full: true });
  const release = packument.versions[version];
  if (release === undefined)
    return { predecessor: null, changes: [], unknown: `The registry has no ${version} any more.` };
  const before = predecessorOf(packument, version, accepted);
  if (before === undefined) return { predecessor: null, changes: [], unknown: null };
  const [now, then] = [await factsOf(registry, release), await factsOf(registry, before)];
  return {
    predecessor: before.version,
    changes: releaseChanges(now.facts, then.facts, publishersUpTo(packument, before.version)),
    unknown: now.trouble ?? then.trouble,
  };
}

/** The highest lower version that the baseline knows, else the previous one published. */
function predecessorOf(packument: Packument, version: string, accepted: readonly string[]): Manifest | undefined {
  const lower = (candidates: readonly string[]): Manifest[] =>
    lowerThan(version, candidates).flatMap((candidate) =>
      Object.hasOwn(packument.versions, candidate) ? [packument.versions[candidate]!] : [],
    );
  return lower(accepted).at(-1) ?? lower(Object.keys(packument.versions)).at(-1);
}

/** The lower versions, the highest last. */
function lowerThan(version: string, candidates: readonly string[]): string[] {
  return candidates
    .filter((candidate) => isExactVersion(candidate) && Bun.semver.order(candidate, version) < 0)
    .sort(Bun.semver.order);
}

/** Who published the predecessor, and what is neither higher nor younger than it. */
function publishersUpTo({ versions, time }: Packument, predecessor: string): Set<string> {
  const publishers = new Set<string>();
  const moment = Date.parse(time?.[predecessor] ?? "");
  for (const [version, manifest] of Object.entries(versions)) {
    if (Bun.semver.order(version, predecessor) > 0 || Date.parse(time?.[version] ?? "") > moment) continue;
    const { publisher } = releaseFacts([manifest], { unpackedSize: null, hasBindingFile: false });
    if (publisher !== null) publishers.add(publisher);
  }
  return publishers;
}

/** The registry's word and the tarball's together; where the tarball can't be had, the registry's alone. */
async function factsOf(
  registry: RegistryClient,
  manifest: Manifest,
): Promise<{ facts: ReleaseFacts; trouble: string | null }> {
  try {
    const tarball = await readTarball(await registry.tarball(manifest.dist));
    const { unpackedSize, hasBindingFile } = tarball;
    return { facts: releaseFacts([manifest, tarball.manifest], { unpackedSize, hasBindingFile }), trouble: null };
  } catch (thrown) {
    const { unpackedSize } = manifest.dist as { unpackedSize?: unknown };
    const facts = releaseFacts([manifest], {
      unpackedSize: typeof unpackedSize === "number" ? unpackedSize : null,
      hasBindingFile: manifest["gypfile"] === true,
    });
    return { facts, trouble: `The tarball of ${manifest.version}: ${toFangsError(thrown).message}` };
  }
}
