/**
 * Where something stands in a YAML text. Bun's parser gives values without positions, so this finds them again: by
 * indentation in block style, by brackets in flow style. What it cannot find is placed at the nearest thing around it.
 */

/** A key of a mapping, or the number of an item in a list. */
export type Step = string | number;

export interface Position {
  /** Both from 1. */
  line: number;
  column: number;
}

/** The place of a key or an item, given the way to it from the top. */
export function locate(text: string, path: readonly Step[]): Position {
  let place: Range = { start: 0, end: text.length };
  for (const step of path) {
    const next = typeof step === "number" ? itemIn(text, place, step) : keyIn(text, place, step);
    if (next === undefined) break;
    place = next;
  }
  const before = text.slice(0, place.start).split("\n");
  return { line: before.length, column: (before.at(-1) ?? "").length + 1 };
}

/** The line from which on a text is no YAML, whatever follows it. */
export function errorLine(text: string): number {
  const lines = text.split("\n");
  let whole = lines.length - 1;
  while (whole > 0 && !parses(lines.slice(0, whole).join("\n"))) whole--;
  return Math.min(whole + 1, lines.length);
}

// --- internal ---

interface Range {
  start: number;
  end: number;
}

function parses(text: string): boolean {
  try {
    Bun.YAML.parse(text);
    return true;
  } catch {
    return false;
  }
}

function keyIn(text: string, { start, end }: Range, key: string): Range | undefined {
  const escaped = key.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const pattern = new RegExp(`(?<=^|[\\s{,-])(["']?)${escaped}\\1\\s*:(?=\\s|$)`, "gm");
  pattern.lastIndex = start;
  for (let match = pattern.exec(text); match !== null && match.index < end; match = pattern.exec(text)) {
    const line = text.slice(text.lastIndexOf("\n", match.index - 1) + 1, match.index);
    if (!line.includes("#")) return { start: match.index, end };
  }
  return undefined;
}

function itemIn(text: string, range: Range, index: number): Range | undefined {
  const body = text.slice(range.start, range.end);
  const colon = body.indexOf(":") + 1;
  const items = /^\s*\[/.test(body.slice(colon)) ? flowItems(body, body.indexOf("[", colon)) : blockItems(body);
  const start = items[index];
  if (start === undefined) return undefined;
  const end = items[index + 1] ?? body.length;
  return { start: range.start + start, end: range.start + end };
}

/** Where the items of a block list begin: the dashes at the indentation of the first. */
function blockItems(body: string): number[] {
  const dashes = [...body.matchAll(/^([ \t]*)-(?=[ \t\n\r]|$)/gm)];
  const indent = dashes[0]?.[1];
  return dashes.flatMap(({ 0: text, 1: own, index }) => (own === indent ? [index + text.length - 1] : []));
}

/** Where the items of a flow list begin. */
function flowItems(body: string, open: number): number[] {
  const items: number[] = [];
  let depth = 0;
  let quote = "";
  let waiting = false;
  for (let at = open; at < body.length; at++) {
    const character = body[at] ?? "";
    if (quote !== "") {
      if (character === quote) quote = "";
      continue;
    }
    if (waiting && !/[\s\]]/.test(character)) {
      items.push(at);
      waiting = false;
    }
    if (character === '"' || character === "'") quote = character;
    else if (character === "[" || character === "{") {
      depth++;
      if (depth === 1) waiting = true;
    } else if (character === "]" || character === "}") {
      depth--;
      if (depth === 0) break;
    } else if (character === "," && depth === 1) waiting = true;
  }
  return items;
}
