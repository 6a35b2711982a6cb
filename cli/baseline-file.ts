/** A baseline as a file: sorted, one behaviour a line, grouped by actor and category. */
import { isExactVersion } from "../npm/names.ts";
import { CATEGORIES } from "../protocol/facts.ts";
import type { Baseline } from "../protocol/models.ts";
import type { BaselineImport } from "../protocol/requests.ts";
import { misfit, parseYaml, quoted, type YamlPath } from "./yaml.ts";

/** What a file holds. */
export interface BaselineFile extends Omit<BaselineImport, "reason"> {
  package: string;
}

/** The text of the file. */
export function baselineYaml(baseline: Baseline): string {
  const lines = [
    `package: ${quoted(baseline.package)}`,
    `node_major: ${baseline.node_major}`,
    "versions:",
    ...baseline.versions.map((version) => `  - ${quoted(version)}`),
    baseline.entries.length === 0 ? "behaviours: {}" : "behaviours:",
  ];
  const sorted = baseline.entries.toSorted(
    (a, b) => compare(a.actor, b.actor) || compare(a.category, b.category) || compare(a.value, b.value),
  );
  for (const [actor, own] of Map.groupBy(sorted, (entry) => entry.actor)) {
    lines.push(`  ${quoted(actor)}:`);
    for (const [category, entries] of Map.groupBy(own, (entry) => entry.category)) {
      lines.push(`    ${category}:`, ...entries.map((entry) => `      - ${quoted(entry.value)}`));
    }
  }
  return `${lines.join("\n")}\n`;
}

/**
 * Reads such a file.
 *
 * @throws FangsError usage with the place and its line
 */
export function parseBaselineFile(text: string, file: string): BaselineFile {
  const fail = (path: YamlPath, message: string) => misfit(text, file, path, message);
  const document = mapping(parseYaml(text, file), [], fail);
  for (const key of Object.keys(document))
    if (!["package", "node_major", "versions", "behaviours"].includes(key)) throw fail([key], "there is no such field");
  const { package: name, node_major, versions } = document;
  if (typeof name !== "string") throw fail(["package"], "the name of a package is expected");
  if (typeof node_major !== "number" || !Number.isInteger(node_major) || node_major < 1 || node_major > 9999)
    throw fail(["node_major"], "the major version of Node.js is expected, such as 22");
  const behaviours: BaselineFile["behaviours"] = [];
  for (const [actor, categories] of Object.entries(mapping(document["behaviours"], ["behaviours"], fail))) {
    const own = mapping(categories, ["behaviours", actor], fail);
    for (const [category, values] of Object.entries(own)) {
      const path = ["behaviours", actor, category];
      if (category === "canary_leak") throw fail(path, "a leak cannot be in a baseline");
      if (!Object.hasOwn(CATEGORIES, category)) throw fail(path, "there is no such category");
      for (const value of texts(values, path, fail)) behaviours.push({ actor, category, value });
    }
  }
  return { package: name, node_major, versions: exactVersions(versions, fail), behaviours };
}

// --- internal ---

type Fail = (path: YamlPath, message: string) => Error;

function mapping(value: unknown, path: YamlPath, fail: Fail): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw fail(path, "a mapping is expected");
}

/** A list of texts, none of them empty and none twice. */
function texts(value: unknown, path: YamlPath, fail: Fail): string[] {
  if (!Array.isArray(value)) throw fail(path, "a list is expected");
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    if (typeof item !== "string" || item === "") throw fail([...path, index], "a text is expected; put it in quotes");
    if (seen.has(item)) throw fail([...path, index], "it is there twice");
    seen.add(item);
  }
  return [...seen];
}

function exactVersions(value: unknown, fail: Fail): string[] {
  const versions = texts(value, ["versions"], fail);
  if (versions.length === 0) throw fail(["versions"], "at least one version is expected");
  for (const [index, version] of versions.entries())
    if (!isExactVersion(version)) throw fail(["versions", index], "it is not an exact version");
  return versions;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
