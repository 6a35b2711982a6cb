/** What a sandbox sees of a package's document: as of a moment, with tarballs at the gateway. */
import type { Manifest, Packument } from "../../npm/packument.ts";

export interface View {
  /** Where the gateway is, without a slash at the end. */
  base: string;
  /** Hides what was published later; Unix milliseconds, null for nothing. */
  before: number | null;
  /** The release that the run is about: never hidden, it may be younger than its frozen surroundings. */
  release: { name: string; version: string };
}

/** The fields npm installs from, https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md */
const INSTALL_FIELDS = [
  "name",
  "version",
  "deprecated",
  "dependencies",
  "optionalDependencies",
  "devDependencies",
  "bundleDependencies",
  "bundledDependencies",
  "peerDependencies",
  "peerDependenciesMeta",
  "bin",
  "directories",
  "dist",
  "engines",
  "os",
  "cpu",
  "libc",
  "funding",
  "_hasShrinkwrap",
  "hasInstallScript",
];
/** What else a package may look up about another. */
const DESCRIBING_FIELDS = ["description", "license", "main", "type", "exports", "scripts"];
const KEPT_FIELDS = [...INSTALL_FIELDS, ...DESCRIBING_FIELDS];
const INSTALL_SCRIPTS = ["preinstall", "install", "postinstall"];

/** The document as the sandbox may see it; `full` false leaves what npm installs from. */
export function viewPackument(document: Packument, view: View, full: boolean): Packument {
  const versions = Object.fromEntries(
    Object.entries(document.versions)
      .filter(([version]) => isVisible(document, version, view))
      .map(([version, manifest]) => [version, viewManifest(full ? manifest : abbreviate(manifest), view.base)]),
  );
  const shown = { name: document.name, "dist-tags": viewTags(document, versions), versions };
  if (!full) return { ...shown, modified: document.time?.["modified"] };
  const time = Object.entries(document.time ?? {}).filter(
    ([key]) => !Object.hasOwn(document.versions, key) || Object.hasOwn(versions, key),
  );
  return { ...document, ...shown, time: Object.fromEntries(time) };
}

/** The document without what no install reads: readmes and people make up most of it. */
export function slimPackument({ name, versions, time, "dist-tags": tags }: Packument): Packument {
  const slim = Object.entries(versions).map(([version, manifest]) => [version, pick(manifest, KEPT_FIELDS)]);
  return { name, "dist-tags": tags, versions: Object.fromEntries(slim), ...(time === undefined ? {} : { time }) };
}

/** `/name/-/name-1.0.0.tgz`, as registries have it. */
export function tarballPath(name: string, version: string): string {
  return `/${name}/-/${name.slice(name.indexOf("/") + 1)}-${version}.tgz`;
}

// --- internal ---

function isVisible({ name, time }: Packument, version: string, { before, release }: View): boolean {
  if (before === null || (name === release.name && version === release.version)) return true;
  // A registry that keeps no times at all can't be asked what it had then; hiding everything would end every install.
  if (time === undefined) return true;
  // Without a time nobody can say that it was there.
  return Date.parse(time[version] ?? "") <= before;
}

/** What the tags said then is not recorded: `latest` falls back to the highest visible stable version. */
function viewTags(document: Packument, versions: Record<string, Manifest>): Record<string, string> {
  const tags = Object.entries(document["dist-tags"]).filter(([, version]) => Object.hasOwn(versions, version));
  const shown = Object.fromEntries(tags);
  if (shown["latest"] !== undefined || Object.keys(versions).length === 0) return shown;
  const sorted = Object.keys(versions).sort(Bun.semver.order);
  const latest = sorted.findLast((version) => !version.includes("-")) ?? sorted.at(-1);
  return latest === undefined ? shown : { ...shown, latest };
}

function viewManifest(manifest: Manifest, base: string): Manifest {
  return { ...manifest, dist: { ...manifest.dist, tarball: base + tarballPath(manifest.name, manifest.version) } };
}

/** npm reads a dependency's scripts only where `hasInstallScript` says so, hence it must be right. */
function abbreviate(manifest: Manifest): Manifest {
  const scripts = manifest["scripts"];
  const installs =
    typeof scripts === "object" && scripts !== null && INSTALL_SCRIPTS.some((script) => script in scripts);
  return { ...pick(manifest, INSTALL_FIELDS), ...(installs ? { hasInstallScript: true } : {}) };
}

function pick(manifest: Manifest, fields: readonly string[]): Manifest {
  const { name, version, dist } = manifest;
  const kept = fields.filter((field) => manifest[field] !== undefined).map((field) => [field, manifest[field]]);
  return { ...Object.fromEntries(kept), name, version, dist };
}
