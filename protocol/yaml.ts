/**
 * YAML that people write: plain values, and every complaint with its line and column. Tags, aliases and several documents
 * in one file are refused, so a text can neither run code nor grow when it is read.
 */
import { isAlias, isCollection, type Document, parseDocument, visit } from "yaml";
import { FangsError } from "./errors.ts";

/** A key of a mapping, or the number of an item in a list. */
export type Step = string | number;

export interface YamlDocument {
  /** As it was named; complaints begin with it. */
  file: string;
  /** Objects, arrays, strings, numbers, booleans and null; null for a text without content. */
  value: unknown;
  /** Where something stands: `fangs.yaml:4:5`. What is not there is placed at the nearest thing around it. */
  place(path: readonly Step[]): string;
  /** @throws FangsError config_invalid, at the place of something */
  refuse(path: readonly Step[], what: string): never;
}

/** Characters. */
const LONGEST = 256 * 1024;
/** Collections within each other. */
const DEEPEST = 32;

/**
 * The document in a text.
 *
 * @throws FangsError config_invalid
 */
export function readYaml(text: string, file: string, hint: string): YamlDocument {
  const placeAt = (offset: number): string => {
    const before = text.slice(0, offset);
    return `${file}:${before.split("\n").length}:${offset - before.lastIndexOf("\n")}`;
  };
  const fail = (offset: number, what: string): never => {
    throw new FangsError("config_invalid", `${placeAt(offset)}: ${what}.`, { hint });
  };
  if (text.length > LONGEST) fail(0, `the file is longer than ${LONGEST} characters`);
  const deep = tooDeep(text);
  if (deep !== undefined) fail(deep, `more than ${DEEPEST} brackets are open here`);
  const document = parseDocument(text, { schema: "core", uniqueKeys: true, prettyErrors: false });
  const fault = document.errors[0] ?? document.warnings[0];
  if (fault !== undefined) fail(fault.pos[0], MEANINGS[fault.code] ?? `this is not YAML: ${lower(fault.message)}`);
  check(document, fail);
  const place = (path: readonly Step[]): string => placeAt(offsetOf(document, path));
  return {
    file,
    value: document.toJS({ maxAliasCount: 0 }) ?? null,
    place,
    refuse(path, what) {
      throw new FangsError("config_invalid", `${place(path)}: ${what}.`, { hint });
    },
  };
}

/** Whether a value is a mapping. */
export function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// --- internal ---

const MEANINGS: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "this key stands here twice",
  MULTIPLE_DOCS: "a second document begins here; a file has one",
  TAG_RESOLVE_FAILED: "tags are not taken here",
  RESOURCE_EXHAUSTION: "this is nested too deeply",
};

function lower(message: string): string {
  return (message.charAt(0).toLowerCase() + message.slice(1)).replace(/\.$/, "");
}

/** Where more brackets are open than are read; the parser itself would need seconds to find out. */
function tooDeep(text: string): number | undefined {
  let open = 0;
  for (let at = 0; at < text.length; at++) {
    const character = text.charCodeAt(at);
    if (character === 0x5b || character === 0x7b) open++;
    else if (character === 0x5d || character === 0x7d) open = Math.max(0, open - 1);
    if (open > DEEPEST) return at;
  }
  return undefined;
}

function check(document: Document, fail: (offset: number, what: string) => never): void {
  visit(document, {
    Node(_, node, ancestors) {
      const at = node.range?.[0] ?? 0;
      if (isAlias(node) || node.anchor !== undefined) fail(at, "anchors and aliases are not taken here");
      // Each collection within a mapping is two steps down: its pair, and itself.
      if (ancestors.length > DEEPEST * 2) fail(at, `this is nested more than ${DEEPEST} deep`);
    },
  });
}

function offsetOf(document: Document, path: readonly Step[]): number {
  let at = document.contents?.range?.[0] ?? 0;
  let node: unknown = document.contents;
  for (const step of path) {
    if (!isCollection(node)) break;
    const item = typeof step === "number" ? node.items[step] : node.items.find((pair) => keyOf(pair) === step);
    const found = keyNode(item) ?? item;
    const range = isRanged(found) ? found.range : undefined;
    if (range === undefined) break;
    at = range[0];
    node = node.get(step, true);
  }
  return at;
}

/** The key of a pair as a node. */
function keyNode(item: unknown): unknown {
  return typeof item === "object" && item !== null && "key" in item ? item.key : undefined;
}

function keyOf(item: unknown): unknown {
  const key = keyNode(item);
  return typeof key === "object" && key !== null && "value" in key ? key.value : key;
}

function isRanged(node: unknown): node is { range: [number, number, number] } {
  return typeof node === "object" && node !== null && "range" in node && Array.isArray(node.range);
}
