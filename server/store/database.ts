/** What a store is, whichever database is behind it. */
import { HandleEmptyInListsPlugin, type Kysely, type RawBuilder, replaceWithNoncontingentExpression } from "kysely";
import type { Migration } from "./migrations.ts";
import type { Schema } from "./schema.ts";

/** What can be bound to a parameter of a statement. */
export type Value = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, Value>>;

/** An empty list in `in (…)` is no SQL; nothing is in it. */
export const PLUGINS: readonly [HandleEmptyInListsPlugin] = [
  new HandleEmptyInListsPlugin({ strategy: replaceWithNoncontingentExpression }),
];

/**
 * What a transaction has to itself while it runs: the whole store, everything about one package, everything about one
 * run, both of these, or only the rows that it writes to. A transaction that reads in order to write names what it reads.
 */
export type Scope = "store" | Part | readonly [`package ${string}`, `run ${string}`] | "rows";
type Part = `package ${string}` | `run ${string}`;

/** Tables whose rows have a number that stands for their text elsewhere: its column, and those of the text. */
export const NUMBERED = {
  known_name: { number: "id", key: ["name"] },
  known_value: { number: "id", key: ["category", "value"] },
} as const;
export type Numbered = keyof typeof NUMBERED;

/** Where the databases differ; everything else is common SQL. */
export interface Traits {
  name: "sqlite" | "postgres";
  migrations: readonly Migration[];
  /** The database's own clock, ms UTC: the only one that all orchestrators share. */
  clock: RawBuilder<number>;
  /** The statement that names the tables, without views. */
  tables: string;
  /** Ends a query for rows to be claimed: those that another one is claiming are passed over. */
  skipLocked: string;
  /** Ends a query for rows that must stay as they are until what is written because of them is stored. */
  forShare: string;
  /** Whether a `with` can write, so that one statement writes to several tables. */
  writesInWith: boolean;
  /** The condition that the column `value` of a fingerprint equals a parameter, written so that the index is used. */
  sameValue(parameter: string): string;
}

/** The store, or a transaction in it. Within a transaction use only the one handed in: the outer one waits for its end. */
export interface Database {
  readonly traits: Traits;
  readonly query: Kysely<Schema>;
  /** The rows of a hot statement; its parameters are `$1`, `$2`, … This goes past the query builder, which costs 50 µs. */
  rows<R>(statement: string, parameters?: readonly Value[]): Promise<R[]>;
  /** Does a hot statement; answers how many rows it changed. Lists are arrays, which Postgres has. */
  run(statement: string, parameters?: readonly (Value | readonly Value[])[]): Promise<number>;
  /** Inserts many rows at once; all must have the keys of the first. What happens to those that are there already is SQL. */
  insertMany<Table extends keyof Schema>(
    table: Table,
    rows: readonly (Schema[Table] & Row)[],
    onConflict?: `on conflict ${string}`,
  ): Promise<void>;
  /**
   * The numbers of the rows that have these texts, in their order; rows that are not there yet are inserted, with what
   * `more` says of them. Two that do so at the same time get the same numbers. Meant for a transaction.
   */
  numbersOf(
    table: Numbered,
    keys: readonly (readonly string[])[],
    more?: (key: readonly string[]) => Row,
  ): Promise<number[]>;
  /** Does any number of statements without parameters. */
  script(text: string): Promise<void>;
  /**
   * All of the work or, where it throws, nothing. Alone in its scope: two transactions whose scopes overlap run one
   * after the other, however many orchestrators there are. Inside a transaction it joins that one.
   */
  transaction<T>(work: (db: Database) => Promise<T>, scope?: Scope): Promise<T>;
  /**
   * The rows of one hot statement, which is alone in its scope as a transaction is. It is meant for what an index serves,
   * and is planned so.
   */
  alone<R>(scope: Scope, statement: string, parameters?: readonly Value[]): Promise<R[]>;
  /** Tells everybody who listens in another process; within a second or never. */
  notify(channel: string): void;
  /** Calls back when another process notified, until the store is closed. */
  listen(channel: string, heard: () => void): void;
  close(): Promise<void>;
}

/** The row with these texts in these columns, and more in others. */
export function rowOf(columns: readonly string[], key: readonly string[], more?: (key: readonly string[]) => Row): Row {
  return { ...Object.fromEntries(columns.map((column, i) => [column, key[i] ?? null])), ...more?.(key) };
}

/**
 * Refuses a transaction inside one that has less to itself.
 *
 * @throws Error: a defect
 */
export function checkScope(outer: Scope, inner: Scope): void {
  if (outer === "store" || inner === "rows") return;
  const has = partsOf(outer);
  if (inner !== "store" && partsOf(inner).every((part) => has.includes(part))) return;
  throw new Error(`a transaction that is alone on "${inner}" cannot join one that is alone on "${outer}"`);
}

/** What of the store a transaction has to itself, in the order in which all of them lock it. */
export function partsOf(scope: Scope): readonly string[] {
  if (scope === "store" || scope === "rows") return [];
  return typeof scope === "string" ? [scope] : scope;
}
