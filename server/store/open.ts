/** Opening the store. */
import { FangsError } from "../../protocol/errors.ts";
import type { Database } from "./database.ts";
import { openPostgres } from "./postgres.ts";
import { openSqlite } from "./sqlite.ts";

export type { Database } from "./database.ts";

const OPENERS: Readonly<Record<string, (url: string) => Database>> = {
  "sqlite:": openSqlite,
  "postgres:": openPostgres,
  "postgresql:": openPostgres,
};

/**
 * Opens `sqlite:<path>`, `sqlite::memory:` or `postgres://…`, without migrating it. A new file is 0600 in a 0700
 * directory. A Postgres is connected to when it is first asked something.
 *
 * @throws FangsError usage for another kind of URL, database where the file cannot be opened
 */
export function openStore(url: string): Database {
  const open = OPENERS[url.slice(0, url.indexOf(":") + 1)];
  if (open !== undefined) return open(url);
  throw new FangsError("usage", "The store must be given as sqlite:<path> or postgres://….", {
    hint: "For example --store sqlite:/var/lib/fangs/fangs.db, or --store postgres://fangs:password@db.example/fangs.",
  });
}
