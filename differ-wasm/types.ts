/** The places of a run that its values are relative to. */
export interface DifferScope {
  /** Absolute path of the project; "" if there is none. */
  project: string;
  /** Absolute path of the home directory; "" if there is none. */
  home: string;
  /** npm name of the package under test, perhaps `@scope/name`. */
  package: string;
}

/** One accepted behaviour; value as Delta has it. Numbers of actors are the caller's. */
export interface BaselineValue {
  actor: number;
  category: number;
  value: string;
}

/** What the operator allows, as compileAllow() reads it; for one actor, or for all. */
export interface AllowRule {
  kind: "cidr" | "path" | "sni" | "dns" | "exec" | "command";
  value: string;
  actor?: number;
}

/** What the operator folds beyond the built-in rules, as compileRules() reads it. */
export interface NormaliseRule {
  id: string;
  /** Paths in their normal form: `*` within a component, `**` for any number of them. */
  match: string;
  /** What takes such a path's place, with a placeholder such as `<N>` for what changes. */
  as: string;
}

/** What is wrong with one of a list of rules. */
export interface RuleError {
  /** Its index. */
  rule: number;
  field: "id" | "match" | "as" | "value";
  /** Index of the character in the field. */
  position: number;
  message: string;
}

/** One distinct behaviour of the run. */
export interface Delta {
  actor: number;
  category: number;
  /** The normalised value; control characters, backslashes and what is not UTF-8 as `\xNN` (see escape.ts). */
  value: string;
  /** How many facts showed it. */
  count: number;
  /** Id of the first fact that did. */
  first: number;
  /** Whether the baseline has it. */
  known: boolean;
  /** Index of the first entry of the allow-list that has it; null: none has. Of what is known, this is not asked. */
  allowedBy: number | null;
}

export interface DifferResult {
  /** Every distinct behaviour seen: known ones first, in the baseline's order, then new ones as they appeared. */
  fingerprints: Delta[];
  /** What could not be compared for its number or size, in a sentence; null if everything was. */
  flood: string | null;
  /** How many facts were malformed. */
  bad: number;
}

export interface Differ {
  /**
   * Begins a run; the one before is forgotten. A baseline in an array that was given before is not read again: it must
   * not have been changed meanwhile. What is in the window is overwritten.
   *
   * @throws FangsError usage where compileAllow() or compileRules() finds an error
   */
  begin(
    scope: DifferScope,
    baseline: Iterable<BaselineValue>,
    allow?: readonly AllowRule[],
    rules?: readonly NormaliseRule[],
  ): void;
  /** Where facts are written, from its start, one behind the other. The memory never grows: the view stays valid. */
  readonly window: Uint8Array;
  /**
   * Compares the whole facts among the first `length` bytes of the window, and returns how many bytes they take.
   * What is left is the beginning of a fact: move it to the window's start, and go on behind it.
   */
  feed(length: number): number;
  /** The result of the run so far. */
  finish(): DifferResult;
}

export interface DifferLimits {
  /** Most distinct behaviours of a run that are new. */
  fingerprints: number;
  /** Most behaviours of a baseline. */
  baseline: number;
  /** Most bytes of new behaviours. */
  bytes: number;
}
