/** What a registry says about a package, reduced to a shape that can be trusted. */
import { FangsError } from "../protocol/errors.ts";
import { isExactVersion } from "./names.ts";

export interface Dist {
  tarball: string;
  /** Subresource integrity, e.g. `sha512-…`. */
  integrity?: string;
  /** Hex sha1, all that old releases have. */
  shasum?: string;
}

/** One release as the registry describes it; fields beyond these are kept as they came. */
export interface Manifest {
  name: string;
  version: string;
  dist: Dist;
  [field: string]: unknown;
}

export interface Packument {
  name: string;
  "dist-tags": Record<string, string>;
  versions: Record<string, Manifest>;
  /** Publication time by version; only in full packuments. */
  time?: Record<string, string>;
  [field: string]: unknown;
}

/**
 * The document as a packument. A single malformed release (old registries have some) is left out; a document
 * that is none at all is refused.
 *
 * @throws FangsError registry_invalid
 */
export function checkPackument(document: unknown, name: string): Packument {
  if (!isObject(document)) throw invalid(name, "the answer is not an object");
  if (document["name"] !== name) throw invalid(name, "it describes another package");
  if (!isObject(document["versions"])) throw invalid(name, "it has no versions");
  const versions: Record<string, Manifest> = {};
  for (const [version, manifest] of Object.entries(document["versions"])) {
    if (isManifest(manifest, name, version)) versions[version] = manifest;
  }
  const { time, ...rest } = document;
  return {
    ...rest,
    name,
    "dist-tags": strings(document["dist-tags"]),
    versions,
    ...(isObject(time) ? { time: strings(time) } : {}),
  };
}

/**
 * The release that an exact version or a dist-tag names; absent: the tag `latest`.
 *
 * @throws FangsError version_not_found, its hint names the nearest release
 */
export function resolveVersion(packument: Packument, versionOrTag?: string): Manifest {
  const wanted = versionOrTag ?? "latest";
  const version = own(packument["dist-tags"], wanted) ?? wanted;
  const found = own(packument.versions, version);
  if (found !== undefined) return found;
  const latest = own(packument["dist-tags"], "latest");
  const near = nearest(Object.keys(packument.versions), version);
  const hint = [
    latest === undefined ? "" : `The latest is ${latest}.`,
    near === undefined || near === latest ? "" : `The nearest is ${near}.`,
  ];
  throw new FangsError(
    "version_not_found",
    `${packument.name} has no version ${JSON.stringify(wanted.slice(0, 80))}.`,
    {
      hint: hint.filter(Boolean).join(" ") || "The package has no version at all; perhaps it was unpublished.",
    },
  );
}

/** The highest versions in semver order, the highest first; prereleases only where there are too few others. */
export function latestVersions(packument: Packument, count: number): string[] {
  const versions = Object.keys(packument.versions).sort((a, b) => Bun.semver.order(b, a));
  const isStable = (version: string): boolean => !version.split("+", 1)[0]!.includes("-");
  return [...versions.filter(isStable), ...versions.filter((version) => !isStable(version))].slice(0, count);
}

// --- internal ---

/** The highest release below the wanted one, else the lowest above it. */
function nearest(versions: string[], wanted: string): string | undefined {
  if (!isExactVersion(wanted)) return undefined;
  const sorted = versions.filter(isExactVersion).sort(Bun.semver.order);
  return sorted.findLast((version) => Bun.semver.order(version, wanted) < 0) ?? sorted[0];
}

function own<T>(record: Record<string, T>, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isManifest(value: unknown, name: string, version: string): value is Manifest {
  if (!isObject(value) || value["name"] !== name || value["version"] !== version || !isExactVersion(version))
    return false;
  const dist = value["dist"];
  if (!isObject(dist) || typeof dist["tarball"] !== "string" || !URL.canParse(dist["tarball"])) return false;
  const optional = (field: unknown) => field === undefined || typeof field === "string";
  return optional(dist["integrity"]) && optional(dist["shasum"]);
}

function strings(value: unknown): Record<string, string> {
  if (!isObject(value)) return {};
  return Object.fromEntries(
    Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
  );
}

function invalid(name: string, why: string): FangsError {
  return new FangsError("registry_invalid", `The registry's answer about ${name} cannot be used: ${why}.`, {
    hint: "Check that npm's `registry` setting names an npm registry.",
  });
}
