/** The operator's own rules of normalisation, on values that the built-in ones have written already. */
import { CATEGORIES, VALUE, type Category } from "../../protocol/facts.ts";

/** A path that changes from run to run, and what is written in its place. */
export interface NormaliseRule {
  /** Shown where the rule was applied. */
  id: string;
  /** The whole path in its normal form: `*` is any part of one component, `**` any number of components. */
  match: string;
  as: string;
}

/** What is wrong with a rule: which one, from 0, in which field, and what. */
export interface RuleFault {
  rule: number;
  field: keyof NormaliseRule;
  message: string;
}

/** What a value becomes, and by which rules. */
export interface Rewritten {
  value: string;
  rules: string[];
}

export type Rewrite = (category: Category, value: string) => Rewritten;

const RULES_LIMIT = 256;
const MATCH_LIMIT = 256;
const AS_LIMIT = 128;

/** The first rule that fits a path writes it anew; in a command each word is taken for itself. */
export function compileRewrite(rules: readonly NormaliseRule[]): Rewrite {
  const compiled = rules.map(({ id, match, as }) => ({ id, as, pattern: patternOf(match) }));
  return (category, value) => {
    const applied = new Set<string>();
    const kind = CATEGORIES[category].value;
    if (compiled.length === 0 || (kind !== VALUE.path && kind !== VALUE.command)) return { value, rules: [] };
    const words = kind === VALUE.path ? [value] : value.split(" ");
    const written = words.map((word) => {
      const rule = compiled.find(({ pattern }) => pattern.test(word));
      if (rule !== undefined) applied.add(rule.id);
      return rule?.as ?? word;
    });
    return { value: written.join(" "), rules: [...applied] };
  };
}

/**
 * What is wrong with rules. `match` and `as` begin with the same literal component, so that no rule carries a path to
 * another root, and `as` has a placeholder, so that it never equals a real path.
 */
export function ruleFaults(rules: readonly NormaliseRule[]): RuleFault[] {
  return rules.flatMap((rule, index) => [
    ...(index === RULES_LIMIT
      ? [{ rule: index, field: "match", message: `more than ${RULES_LIMIT} rules` } as const]
      : []),
    ...faultsOf(rule, rules.slice(0, index)).map((fault) => ({ rule: index, ...fault })),
  ]);
}

// --- internal ---

type Fault = Omit<RuleFault, "rule">;

function* faultsOf({ id, match, as }: NormaliseRule, before: readonly NormaliseRule[]): Generator<Fault> {
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(id)) {
    yield { field: "id", message: "an id is lower-case letters, digits, dots, dashes and underscores" };
  }
  if (before.some((rule) => rule.id === id)) yield { field: "id", message: `the id ${id} is taken` };
  yield* pathFaults("match", match, MATCH_LIMIT);
  yield* pathFaults("as", as, AS_LIMIT);
  if (/[^/]\*\*|\*\*[^/]/.test(match)) yield { field: "match", message: "** stands for whole components" };
  const literal = firstComponent(match);
  if (as.includes("*")) {
    yield { field: "as", message: "a placeholder such as <N> stands for what changes" };
  } else if (firstComponent(as) !== literal || literal.includes("*")) {
    yield { field: "as", message: "it must begin with the same component as match, without a wildcard" };
  } else if (!/<[A-Z][A-Z0-9_]*>/.test(as.slice(literal.length))) {
    yield { field: "as", message: "a placeholder such as <N> is missing" };
  }
}

function* pathFaults(field: "match" | "as", text: string, limit: number): Generator<Fault> {
  if (!/^(\/[^/]|<[A-Z][^/>]*>\/)/.test(text)) {
    yield { field, message: "a path begins with / or a root such as <HOME>/" };
  }
  if (
    text
      .slice(1)
      .split("/")
      .some((component) => component === "" || component === "..")
  ) {
    yield { field, message: "an empty component, or .." };
  }
  // oxlint-disable-next-line no-control-regex -- these are the characters that are refused
  if (/[\0-\x1f\x7f]/.test(text)) yield { field, message: "a control character" };
  if (Buffer.byteLength(text) > limit) yield { field, message: `longer than ${limit} bytes` };
}

/** `/var` of `/var/cache`, `<HOME>` of `<HOME>/x`. */
function firstComponent(path: string): string {
  return /^\/?[^/]*/.exec(path)?.[0] ?? "";
}

/** `**` at the end is one component or more, elsewhere none or more. Many stars in a row cost no more than one. */
function patternOf(match: string): RegExp {
  const components = match.split("/");
  const source = components.map((component, at) => {
    const isLast = at === components.length - 1;
    if (component === "**") return isLast ? ".+" : "(?:[^/]+/)*";
    const literals = component.split(/\*+/).map((text) => text.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
    return literals.join("[^/]*") + (isLast ? "" : "/");
  });
  return new RegExp(`^${source.join("")}$`, "s");
}
