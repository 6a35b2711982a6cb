/** Queries that are written for Kysely and compiled once: asked a thousand times a second, compiling costs more than asking. */
import type { Compilable, Kysely } from "kysely";
import type { Database, Traits, Value } from "./database.ts";
import type { Schema } from "./schema.ts";

/**
 * A query whose text is the same whatever its parameters are. They can only be values that are compared or written: for
 * Kysely each is a thing of its own, which stands in the text as a parameter.
 */
export function prepared<Parameters extends readonly Value[], R>(
  build: (query: Kysely<Schema>, ...parameters: Parameters) => Compilable<R>,
): (db: Database, ...parameters: Parameters) => Promise<R[]> {
  const texts = new Map<Traits["name"], { sql: string; parameters: readonly unknown[] }>();
  return (db, ...parameters) => {
    let text = texts.get(db.traits.name);
    if (text === undefined) {
      const places: unknown = parameters.map((_, at) => new Place(at));
      text = build(db.query, ...(places as Parameters)).compile();
      texts.set(db.traits.name, text);
    }
    const bound = text.parameters.map((one) => (one instanceof Place ? parameters[one.at] : one));
    return db.rows<R>(text.sql, bound as Value[]);
  };
}

// --- internal ---

/** Stands for a parameter while a query is compiled. */
class Place {
  readonly at: number;

  constructor(at: number) {
    this.at = at;
  }
}
