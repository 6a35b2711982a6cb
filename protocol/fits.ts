/** Whether a value fits a model. */
import type { Static, TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";

/** Compiled at the first use: walking the model again for each value takes many times as long. */
const checks = new WeakMap<TSchema, TypeCheck<TSchema>>();

export function fits<T extends TSchema>(model: T, value: unknown): value is Static<T> {
  let check = checks.get(model);
  if (check === undefined) checks.set(model, (check = TypeCompiler.Compile<TSchema>(model)));
  return check.Check(value);
}
