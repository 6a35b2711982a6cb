/** Which token speaks for which runner, and so which runs it holds. */
import type { ExpressionBuilder } from "kysely";
import { HELD } from "../run-state.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";
import type { Schema } from "./schema.ts";
import type { Identity } from "./tokens.ts";

/**
 * Binds a runner's name to a token of the scope runner, where nobody else has it: neither another valid token that used it
 * first, nor, for a token that is bound to no runner, a valid one that was made for this name. False: somebody has it.
 */
export async function bindName(db: Database, name: string, identity: Identity, now: number): Promise<boolean> {
  const { token, runner } = identity;
  let update = db.query.updateTable("runner").set({ token }).where("name", "=", name);
  // A token that was made for this runner needs no luck.
  if (runner === null) {
    update = update
      .where((eb) =>
        eb.or([
          eb("token", "is", null),
          eb("token", "=", token),
          eb.not(eb.exists(valid(eb, now).whereRef("token.id", "=", "runner.token"))),
        ]),
      )
      .where((eb) => eb.not(eb.exists(valid(eb, now).where("token.runner", "=", name))));
  }
  const { numUpdatedRows } = await update.executeTakeFirst();
  return numUpdatedRows > 0n;
}

/** The token that a runner's name is bound to; null: none yet; undefined: there is no such runner. */
export async function tokenOf(db: Database, name: string): Promise<string | null | undefined> {
  const [row] = await tokenByName(db, name);
  return row?.token;
}

/** Whether a runner of this token holds a run of a package, or of one of its releases. */
export async function holdsRunOf(
  db: Database,
  { token, runner }: Identity,
  release: { package: string; version?: string },
): Promise<boolean> {
  let select = db.query
    .selectFrom("run")
    .innerJoin("runner", "runner.name", "run.runner")
    .select("run.id")
    .where("run.package", "=", release.package)
    .where("run.state", "in", HELD)
    .where((eb) => (runner === null ? eb("runner.token", "=", token) : eb("runner.name", "=", runner)));
  if (release.version !== undefined) select = select.where("run.version", "=", release.version);
  return (await select.limit(1).executeTakeFirst()) !== undefined;
}

// --- internal ---

const tokenByName = prepared((query, name: string) =>
  query.selectFrom("runner").select("token").where("name", "=", name),
);

function valid(eb: ExpressionBuilder<Schema, "runner">, now: number) {
  return eb
    .selectFrom("token")
    .select("token.id")
    .where("token.revoked_at", "is", null)
    .where((inner) => inner.or([inner("token.expires_at", "is", null), inner("token.expires_at", ">", now)]));
}
