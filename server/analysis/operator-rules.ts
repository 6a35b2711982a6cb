/**
 * The operator's rules on values that were normalised, and perhaps stored, before the rules came: accepted behaviours,
 * a control run's, deviations of then. What a run shows goes through them in the core (docs/differ-rules.md).
 */
import { bytesOf, latin1, textOf } from "../../differ-wasm/escape.ts";
import type { NormaliseRule } from "../../differ-wasm/host.ts";
import { compileOperatorRules, operatorPath } from "../../differ-wasm/reference-operator.ts";
import { CATEGORIES, VALUE, type Category } from "../../protocol/facts.ts";

export type { NormaliseRule } from "../../differ-wasm/host.ts";

/** What a normal value is under the rules. */
export type Rewrite = (category: Category, value: string) => string;

/** Paths as a whole; of a command each word that is one, also behind `-x=`. */
export function compileRewrite(rules: readonly NormaliseRule[]): Rewrite {
  const compiled = compileOperatorRules(rules);
  const written = (path: string): string =>
    textOf(
      Buffer.from(
        operatorPath(latin1(bytesOf(path)), compiled, () => undefined),
        "latin1",
      ),
    );
  return (category, value) => {
    const kind = CATEGORIES[category].value;
    if (compiled.length === 0) return value;
    if (kind === VALUE.path) return written(value);
    if (kind !== VALUE.command) return value;
    return value
      .split(" ")
      .map((word) =>
        word.replace(/^((?:-[^=]*=)?)([/<].*)$/s, (_, option: string, path: string) => option + written(path)),
      )
      .join(" ");
  };
}
