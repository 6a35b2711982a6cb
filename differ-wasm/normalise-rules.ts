import { bytesOf } from "./escape.ts";
import { encodeEntry, WILDCARD } from "./lists.ts";
import type { NormaliseRule, RuleError } from "./types.ts";

/** The operator's rules for paths as the core reads them. */
export interface CompiledRules {
  entries: Uint8Array[];
}

const RULES_LIMIT = 256;
const PATTERN_LIMIT = 256;
/** 64 of them and the longest path still fit the core's longest value. */
const TEXT_LIMIT = 100;
/** How a normal form begins, `/var` or `<DEP:@babel/core>`, and what must follow. */
const START = /^(\/[^/]+|<[A-Z][^<>]*>)(?=\/)/;
const PLACEHOLDER = /<[A-Z][A-Z0-9_]*>/;

/**
 * Checks the operator's rules and compiles them. A rule fits a path whose normal form by the built-in rules matches
 * `match` as a whole: `*` is any bytes of one component, `**` any number of components (at the end: one or more). The
 * first rule that fits puts `as` in the path's place. Both begin with the same literal component, so that no rule
 * carries a path to another root, and `as` has a placeholder, so that it never equals a real path.
 */
export function compileRules(rules: readonly NormaliseRule[]): { ok: CompiledRules } | { errors: RuleError[] } {
  const errors: RuleError[] = [];
  const entries: Uint8Array[] = [];
  if (rules.length > RULES_LIMIT) {
    errors.push({ rule: RULES_LIMIT, field: "match", position: 0, message: `more than ${RULES_LIMIT} rules` });
  }
  for (const [rule, { id, match, as }] of rules.entries()) {
    const faults = [...idFaults(id, rules.slice(0, rule)), ...matchFaults(match), ...asFaults(as, match)];
    errors.push(...faults.map((fault) => ({ rule, ...fault })));
    if (faults.length === 0) entries.push(compileRule(match, as));
  }
  return errors.length > 0 ? { errors } : { ok: { entries } };
}

// --- internal ---

type Fault = Omit<RuleError, "rule">;

function idFaults(id: string, before: readonly NormaliseRule[]): Fault[] {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id)) {
    return [{ field: "id", position: 0, message: "an id is lower-case letters, digits, dots, dashes and underscores" }];
  }
  const isTaken = before.some((rule) => rule.id === id);
  return isTaken ? [{ field: "id", position: 0, message: `the id ${id} is taken` }] : [];
}

function* matchFaults(match: string): Generator<Fault> {
  const fault = (position: number, message: string): Fault => ({ field: "match", position, message });
  yield* commonFaults("match", match, PATTERN_LIMIT);
  let position = 0;
  const components = match.split("/");
  for (const [at, component] of components.entries()) {
    const isAnyDepth = component === "**";
    if (component === "" && at > 0) yield fault(position, "an empty component");
    if (component === "..") yield fault(position, "a normal path has no ..");
    if (component.includes("**") && !isAnyDepth) yield fault(position, "** stands for whole components");
    if (isAnyDepth && components[at - 1] === "**") yield fault(position, "** behind **");
    position += component.length + 1;
  }
}

function* asFaults(as: string, match: string): Generator<Fault> {
  const fault = (position: number, message: string): Fault => ({ field: "as", position, message });
  yield* commonFaults("as", as, TEXT_LIMIT);
  if (as.includes("*")) yield fault(as.indexOf("*"), "a placeholder such as <N> stands for what changes");
  const literal = START.exec(match)?.[0] ?? "";
  if (START.exec(as)?.[0] !== literal || literal.includes("*")) {
    yield fault(0, "it must begin with the same component as match, without a wildcard");
  } else if (!PLACEHOLDER.test(as.slice(literal.length))) {
    yield fault(as.length, "a placeholder such as <N> is missing");
  }
}

function* commonFaults(field: "match" | "as", text: string, limit: number): Generator<Fault> {
  if (!START.test(text)) {
    yield { field, position: 0, message: "it begins with a component such as /var/ or a root such as <HOME>/" };
  }
  // oxlint-disable-next-line no-control-regex -- these are the characters that are refused
  const control = /[\0-\x1f\x7f]|\\x(?:[01][0-9a-f]|7f)/.exec(text);
  if (control) yield { field, position: control.index, message: "a control character" };
  if (bytesOf(text).length > limit) yield { field, position: limit, message: `longer than ${limit} bytes` };
}

function compileRule(match: string, as: string): Uint8Array {
  const pattern = bytesOf(
    match.replaceAll("**", String.fromCharCode(WILDCARD.anyDepth)).replaceAll("*", String.fromCharCode(WILDCARD.any)),
  );
  const text = bytesOf(as);
  const firstWildcard = pattern.findIndex((byte) => byte === WILDCARD.any || byte === WILDCARD.anyDepth);
  const head = pattern.subarray(0, Math.min(8, firstWildcard < 0 ? pattern.length : firstWildcard));
  const fields = new Uint8Array(16);
  const view = new DataView(fields.buffer);
  view.setUint16(0, pattern.length, true);
  view.setUint16(2, text.length, true);
  view.setUint32(4, 64 - 8 * head.length, true);
  fields.set(head, 8);
  return encodeEntry(fields, pattern, text);
}
