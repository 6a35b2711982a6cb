/** The operator's rules in YAML: read, checked, and every complaint with its line and column. */
import { readFileSync } from "node:fs";
import { compileRules, type NormaliseRule } from "../differ-wasm/host.ts";
import { FangsError } from "../protocol/errors.ts";

import type { RulesInForce } from "./services.ts";
import { errorLine, locate, type Step } from "./yaml-position.ts";

/** The file's name in the data directory. */
export const RULES_FILE = "rules.yaml";

/** Characters; 256 rules of the greatest length and as many comments. */
const FILE_LIMIT = 256 * 1024;

/**
 * The rules of a file; none where no file is named or none is there.
 *
 * @throws FangsError rules_invalid
 */
export function readRules(file: string | undefined): RulesInForce {
  if (file === undefined) return { normalize: [] };
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return { normalize: [] };
    throw new FangsError("rules_invalid", `${file} cannot be read: ${cause instanceof Error ? cause.message : cause}.`);
  }
  return parseRules(text, file);
}

/**
 * Rules from the text of a file, which is named in complaints.
 *
 * @throws FangsError rules_invalid
 */
export function parseRules(text: string, file: string): RulesInForce {
  const refuse = (path: readonly Step[], what: string): never => {
    const { line, column } = locate(text, path);
    throw new FangsError("rules_invalid", `${file}:${line}:${column}: ${what}.`, { hint: HINT });
  };
  if (text.length > FILE_LIMIT) refuse([], `the file is longer than ${FILE_LIMIT} characters`);
  const document = parseYaml(text, file);
  // An empty file, or one of comments, has no rules.
  if (document === null || document === undefined) return { normalize: [] };
  if (!isMapping(document)) return refuse([], "the file must be a mapping with the key normalize");
  checkKeys(document, ["normalize"], [], refuse);
  const list = document["normalize"] ?? [];
  if (!Array.isArray(list)) return refuse(["normalize"], "normalize must be a list");
  const normalize = list.map((item: unknown, index) => ruleOf(item, index, refuse));
  const compiled = compileRules(normalize);
  const fault = "errors" in compiled ? compiled.errors[0] : undefined;
  if (fault !== undefined) refuse(["normalize", fault.rule, fault.field], `${fault.field}: ${fault.message}`);
  return { normalize };
}

// --- internal ---

type Refuse = (path: readonly Step[], what: string) => never;

const HINT = "A rule is `- match: /var/cache/*/part-*` with `as: /var/cache/<X>/part-<N>`; see docs/rules.md.";

function parseYaml(text: string, file: string): unknown {
  try {
    return Bun.YAML.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.replace(/^YAML Parse error: /, "") : String(cause);
    throw new FangsError("rules_invalid", `${file}:${errorLine(text)}:1: this is not YAML: ${why}.`, {
      cause,
      hint: HINT,
    });
  }
}

function ruleOf(item: unknown, index: number, refuse: Refuse): NormaliseRule {
  const at = ["normalize", index] as const;
  if (!isMapping(item)) return refuse(at, "a rule must be a mapping with match and as");
  checkKeys(item, ["id", "match", "as"], at, refuse);
  const text = (key: string): string => {
    const value = item[key];
    if (value === undefined) return refuse(at, `the rule has no ${key}`);
    return typeof value === "string" ? value : refuse([...at, key], `${key} must be text`);
  };
  const id = item["id"] === undefined ? `rule-${index + 1}` : text("id");
  return { id, match: text("match"), as: text("as") };
}

function checkKeys(
  mapping: Record<string, unknown>,
  known: readonly string[],
  path: readonly Step[],
  refuse: Refuse,
): void {
  const unknown = Object.keys(mapping).find((key) => !known.includes(key));
  if (unknown === undefined) return;
  refuse(
    [...path, unknown],
    `${JSON.stringify(unknown.slice(0, 60))} is not known here; there are: ${known.join(", ")}`,
  );
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
