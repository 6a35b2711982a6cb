/** What a release's documents say that its predecessor's did not: scripts, dependencies, bins, publisher, provenance, size. */
import { textOf } from "../../differ-wasm/escape.ts";
import type { ReleaseChange } from "../../protocol/models.ts";

/** A release as its documents describe it. Registry and tarball may disagree: both count. */
export interface ReleaseFacts {
  /** Lifecycle scripts that npm runs at an install, by name. */
  scripts: ReadonlyMap<string, string>;
  dependencies: ReadonlySet<string>;
  bins: ReadonlySet<string>;
  publisher: string | null;
  provenance: boolean;
  /** Bytes; null: not known. */
  unpackedSize: number | null;
}

/** A document of a release: what the registry says, or the tarball's package.json. */
export type Document = Readonly<Record<string, unknown>>;

/** npm runs these when a package is installed; `prepare` for git dependencies, and whoever runs it next. */
const LIFECYCLE = ["preinstall", "install", "postinstall", "preprepare", "prepare", "postprepare", "prepublish"];
const DEPENDENCIES = ["dependencies", "optionalDependencies", "peerDependencies"];
/** A jump is at least this many times the size, and this many bytes more. */
const JUMP = { factor: 3, bytes: 1024 * 1024 } as const;
const TEXT_LIMIT = 2048;
/** More than these of one kind nobody reads, and no honest release has. */
const CHANGE_LIMIT = 500;

/** Takes the facts out of a release's documents; what is malformed in them is not there. */
export function releaseFacts(
  documents: readonly Document[],
  more: { unpackedSize: number | null; hasBindingFile: boolean },
): ReleaseFacts {
  const scripts = new Map<string, string>();
  if (more.hasBindingFile) scripts.set("install", "node-gyp rebuild");
  const dependencies = new Set<string>();
  const bins = new Set<string>();
  let publisher: string | null = null;
  let provenance = false;
  for (const document of documents) {
    for (const name of LIFECYCLE) {
      const script = record(document["scripts"])[name];
      if (typeof script === "string" && script.trim() !== "") scripts.set(name, script);
    }
    for (const field of DEPENDENCIES) for (const name of Object.keys(record(document[field]))) dependencies.add(name);
    for (const name of binNames(document)) bins.add(name);
    const user = record(document["_npmUser"])["name"];
    if (typeof user === "string") publisher = user;
    const attestations = record(document["dist"])["attestations"];
    if (typeof attestations === "object" && attestations !== null) provenance = true;
  }
  return { scripts, dependencies, bins, publisher, provenance, unpackedSize: more.unpackedSize };
}

/** The changes of a release against its predecessor. `publishers`: of the predecessor and all before it. */
export function releaseChanges(
  release: ReleaseFacts,
  before: ReleaseFacts,
  publishers: ReadonlySet<string>,
): ReleaseChange[] {
  const changes: ReleaseChange[] = [];
  for (const [name, script] of release.scripts) {
    const was = before.scripts.get(name) ?? null;
    if (was !== script) changes.push({ category: "meta_new_script", value: shorten(`${name}: ${script}`), was });
  }
  for (const name of news(release.dependencies, before.dependencies)) {
    changes.push({ category: "meta_new_dependency", value: shorten(name), was: null });
  }
  if (release.publisher !== null && !publishers.has(release.publisher)) {
    changes.push({ category: "meta_new_publisher", value: shorten(release.publisher), was: before.publisher });
  }
  if (before.provenance && !release.provenance) {
    changes.push({ category: "meta_lost_provenance", value: "no provenance", was: "provenance" });
  }
  for (const name of news(release.bins, before.bins)) {
    changes.push({ category: "meta_new_bin", value: shorten(name), was: null });
  }
  const [now, then] = [release.unpackedSize, before.unpackedSize];
  if (now !== null && then !== null && now >= then * JUMP.factor && now - then >= JUMP.bytes) {
    changes.push({
      category: "meta_size_jump",
      value: `${mebibytes(then)} to ${mebibytes(now)}`,
      was: mebibytes(then),
    });
  }
  return changes.map(({ was, ...change }) => ({ ...change, was: was === null ? null : shorten(was) }));
}

/** A change's value as fingerprints have it. */
export function fingerprintValue({ value }: Pick<ReleaseChange, "value">): string {
  return textOf(new TextEncoder().encode(value));
}

// --- internal ---

function binNames(document: Document): string[] {
  const bin = document["bin"];
  if (typeof bin !== "string") return Object.keys(record(bin));
  return typeof document["name"] === "string" ? [document["name"].replace(/^@[^/]*\//, "")] : [];
}

function news(now: ReadonlySet<string>, before: ReadonlySet<string>): string[] {
  return [...now.difference(before)].slice(0, CHANGE_LIMIT);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

function shorten(text: string): string {
  return text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT)}…` : text;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}
