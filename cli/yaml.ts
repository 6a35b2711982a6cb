/** The small YAML of exported files: strings always quoted, so that a diff shows a change and nothing else. */
import { FangsError } from "../protocol/errors.ts";
import { safeJson } from "../protocol/printable.ts";

/** Steps from the root of a document: keys of mappings and indexes of lists. */
export type YamlPath = readonly (string | number)[];

/** A text as a YAML scalar. JSON's double-quoted strings are YAML's. */
export function quoted(text: string): string {
  return safeJson(text);
}

/**
 * The document in a file.
 *
 * @throws FangsError usage with the line, as near as it can be told
 */
export function parseYaml(text: string, file: string): unknown {
  try {
    return Bun.YAML.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FangsError("usage", `${file}:${brokenLine(text)}: ${why}.`, { cause, hint: "It is not YAML." });
  }
}

/** The error of a document that is YAML but not what was expected at a place in it. */
export function misfit(text: string, file: string, path: YamlPath, message: string): FangsError {
  const where = path.length === 0 ? "the document" : path.join(".");
  return new FangsError("usage", `${file}:${lineOf(text, path)}: ${where}: ${message}.`, {
    hint: "An exported file shows what is expected.",
  });
}

/** The line (the first is 1) on which a place of a document in block style begins, or that of its nearest parent. */
export function lineOf(text: string, path: YamlPath): number {
  const lines = text.split("\n");
  let at = -1;
  let indent = -1;
  for (const step of path) {
    const found = typeof step === "number" ? itemLine(lines, at, indent, step) : keyLine(lines, at, indent, step);
    if (found === undefined) break;
    at = found;
    indent = indentOf(lines[at]!);
  }
  return Math.max(at, 0) + 1;
}

// --- internal ---

/** The parser tells no place: the last line of the shortest beginning that it refuses is near it. */
function brokenLine(text: string): number {
  const lines = text.split("\n");
  let good = 0;
  let bad = lines.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (isYaml(lines.slice(0, middle).join("\n"))) good = middle;
    else bad = middle;
  }
  return bad;
}

function isYaml(text: string): boolean {
  try {
    Bun.YAML.parse(text);
    return true;
  } catch {
    return false;
  }
}

function keyLine(lines: readonly string[], after: number, indent: number, key: string): number | undefined {
  for (const line of inside(lines, after, indent)) {
    const [, written = ""] = /^\s*(?:- )?("(?:[^"\\]|\\.)*"|'[^']*'|[^\s#].*?):(?:\s|$)/.exec(lines[line]!) ?? [];
    if (written === key || written === `'${key}'` || unquoted(written) === key) return line;
  }
  return undefined;
}

function itemLine(lines: readonly string[], after: number, indent: number, index: number): number | undefined {
  const items = [...inside(lines, after, indent)].filter((line) => /^\s*-(?:\s|$)/.test(lines[line]!));
  const outermost = Math.min(...items.map((line) => indentOf(lines[line]!)));
  return items.filter((line) => indentOf(lines[line]!) === outermost)[index];
}

/** The lines that belong to a line, by their indent; a list may stand as far left as its key. */
function* inside(lines: readonly string[], after: number, indent: number): Generator<number> {
  for (let line = after + 1; line < lines.length; line++) {
    const text = lines[line]!;
    if (/^\s*(?:#|$)/.test(text)) continue;
    const isItem = /^\s*-(?:\s|$)/.test(text);
    if (indentOf(text) < indent || (indentOf(text) === indent && !isItem)) return;
    yield line;
  }
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length;
}

function unquoted(written: string): string | undefined {
  try {
    const value: unknown = JSON.parse(written);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}
