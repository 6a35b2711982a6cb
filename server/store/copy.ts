/** Copying a store from SQLite to Postgres, whole or not at all. */
import { CompiledQuery } from "kysely";
import { FangsError } from "../../protocol/errors.ts";
import type { Database } from "./database.ts";
import { migrate, pendingMigrations } from "./migrate.ts";
import { tableNames } from "./migration-status.ts";

export interface CopiedTable {
  name: string;
  rows: number;
}

/** Rows that are in memory at a time; a row of a trace has up to 256 KiB. */
const BATCH = 200;

/**
 * Copies all rows of all tables in one transaction of the target, and compares the number of rows before it ends. Nobody
 * writes to the source meanwhile.
 *
 * @throws FangsError usage for other databases; conflict where the target has data, or the source an older schema;
 * database where a table did not come over whole
 */
export async function copyStore(
  source: Database,
  target: Database,
  tell: (table: CopiedTable) => void = () => {},
): Promise<CopiedTable[]> {
  if (source.traits.name !== "sqlite" || target.traits.name !== "postgres") {
    throw new FangsError("usage", `A store cannot be copied from ${source.traits.name} to ${target.traits.name}.`, {
      hint: "Copy --from sqlite:<path> --to postgres://….",
    });
  }
  if (!(await tableNames(source)).includes("migration") || (await pendingMigrations(source)) > 0) {
    throw new FangsError("conflict", "The source does not have the schema of this fangs.", {
      hint: "Start this fangs with it once: that brings it up to date.",
    });
  }
  await migrate(target);
  return source.transaction((from) =>
    target.transaction(async (to) => {
      const tables = inOrder(await readTables(from));
      await refuseData(to, tables);
      // What the migrations put there may have been changed or removed in the source.
      for (const { name } of tables.toReversed()) await to.run(`delete from ${name}`);
      const copied: CopiedTable[] = [];
      for (const table of tables) {
        const rows = await copyTable(from, to, table);
        tell({ name: table.name, rows });
        copied.push({ name: table.name, rows });
      }
      await countAgain(from, to, copied);
      await continueNumbers(to);
      return copied;
    }),
  );
}

// --- internal ---

interface Table {
  name: string;
  /** Columns of the primary key, in its order. */
  key: string[];
  references: string[];
}

async function readTables(db: Database): Promise<Table[]> {
  const tables: Table[] = [];
  for (const name of await tableNames(db)) {
    // The target has its own.
    if (name === "migration") continue;
    const columns = await db.rows<{ name: string }>("select name from pragma_table_info($1) where pk > 0 order by pk", [
      name,
    ]);
    const references = await db.rows<{ name: string }>(
      `select distinct "table" as name from pragma_foreign_key_list($1)`,
      [name],
    );
    const others = references.map((row) => row.name).filter((other) => other !== name);
    tables.push({ name, key: columns.map((column) => column.name), references: others });
  }
  return tables;
}

/** Those that are referred to come first. */
function inOrder(tables: readonly Table[]): Table[] {
  const sorted: Table[] = [];
  const waiting = new Set(tables);
  while (waiting.size > 0) {
    const done = new Set(sorted.map(({ name }) => name));
    const ready = [...waiting].filter(({ references }) => references.every((other) => done.has(other)));
    if (ready.length === 0) throw new Error("tables refer to each other in a circle");
    for (const table of ready) {
      sorted.push(table);
      waiting.delete(table);
    }
  }
  return sorted;
}

async function refuseData(db: Database, tables: readonly Table[]): Promise<void> {
  for (const { name } of tables) {
    // The shipped sets come with the schema.
    const own = name === "allow_entry" ? "where shipped is null" : "";
    if ((await db.rows(`select 1 from ${name} ${own} limit 1`)).length === 0) continue;
    throw new FangsError("conflict", `The target is not empty: it has rows in ${name}.`, {
      hint: "Name a new database; a copy adds nothing to one that is in use.",
    });
  }
}

/** By the primary key, batch after batch. */
async function copyTable(from: Database, to: Database, { name, key }: Table): Promise<number> {
  const types = await to.rows<{ column: string; type: string }>(
    `select column_name as "column", data_type as type from information_schema.columns
     where table_schema = current_schema() and table_name = $1`,
    [name],
  );
  const columns = types.map(({ column }) => `"${column}"`).join(", ");
  // Bytes cross in hex: the driver has no arrays of them.
  const arrays = types.map(({ type }, i) => `$${i + 1}::${isBytes(type) ? "text" : type}[]`).join(", ");
  const values = types
    .map(({ column, type }) => (isBytes(type) ? `decode("${column}", 'hex')` : `"${column}"`))
    .join(", ");
  const order = key.map((column) => `"${column}"`).join(", ");
  const marks = key.map((_, i) => `$${i + 1}`).join(", ");
  let last: Record<string, unknown> | undefined;
  let total = 0;
  for (;;) {
    const after = last === undefined ? "" : `where (${order}) > (${marks})`;
    const batch: Record<string, unknown>[] = await from.rows(
      `select ${columns} from ${name} ${after} order by ${order} limit ${BATCH}`,
      last === undefined ? [] : key.map((column) => keyValue(last?.[column])),
    );
    if (batch.length === 0) return total;
    await to.query.executeQuery(
      CompiledQuery.raw(
        `insert into ${name} (${columns}) select ${values} from unnest(${arrays}) as batch (${columns})`,
        types.map(({ column }) => batch.map((row) => portable(row[column]))),
      ),
    );
    last = batch.at(-1);
    total += batch.length;
  }
}

function isBytes(type: string): boolean {
  return type === "bytea";
}

function portable(value: unknown): unknown {
  return value instanceof Uint8Array ? value.toHex() : (value ?? null);
}

function keyValue(value: unknown): string | number {
  if (typeof value === "string" || typeof value === "number") return value;
  throw new TypeError(`a ${typeof value} in a primary key`);
}

async function countAgain(from: Database, to: Database, copied: readonly CopiedTable[]): Promise<void> {
  for (const { name, rows } of copied) {
    const [there, here] = await Promise.all(
      [from, to].map((db) => db.rows<{ n: number }>(`select count(*) as n from ${name}`)),
    );
    if (there?.[0]?.n === rows && here?.[0]?.n === rows) continue;
    throw new FangsError("database", `The table ${name} did not come over whole: ${rows} of ${there?.[0]?.n} rows.`, {
      hint: "Nothing was kept of the copy. Stop every server that uses the source, and try again.",
    });
  }
}

/** Numbers that the database gives go on behind those that were copied. */
async function continueNumbers(db: Database): Promise<void> {
  const columns = await db.rows<{ name: string; column: string }>(
    `select table_name as name, column_name as "column" from information_schema.columns
     where table_schema = current_schema() and is_identity = 'YES'`,
  );
  for (const { name, column } of columns) {
    await db.rows(
      `select setval(pg_get_serial_sequence($1, $2), coalesce(max(${column}), 0) + 1, false) from ${name}`,
      [name, column],
    );
  }
}
