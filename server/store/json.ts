/** JSON columns. */
import type { Static, TSchema } from "@sinclair/typebox";
import { fits } from "../../protocol/fits.ts";
import { FangsError } from "../../protocol/errors.ts";

/**
 * The value of a JSON column.
 *
 * @throws FangsError database where it does not fit its model
 */
export function fromJson<T extends TSchema>(model: T, text: string): Static<T> {
  const value: unknown = JSON.parse(text);
  if (fits(model, value)) return value;
  throw new FangsError("database", "A stored document does not fit its model.", {
    hint: "The database was altered by hand or by another fangs.",
  });
}
