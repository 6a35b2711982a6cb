/** API tokens: `fangs_<scope>_<random>`, stored as their sha256. */
import { TOKEN_SCOPES, type TokenScope } from "../../protocol/models.ts";
import type { Token, TokenPage, TokenQuery } from "../../protocol/tokens.ts";
import { storeFull } from "./full.ts";
import { newId } from "./ids.ts";
import type { Database } from "./open.ts";
import { prepared } from "./prepared.ts";
import { hashSecret, newSecret } from "./secrets.ts";

/** `last_used` is not written more often than this. */
const LAST_USED_MS = 60_000;

export interface Identity {
  /** Of the token; null: nobody's. */
  token: string | null;
  /** For the audit trail. */
  name: string;
  scope: TokenScope;
  /** The only runner that it speaks for; null: any. */
  runner: string | null;
}

/** Why a token that is known opens nothing. */
export type TokenState = "valid" | "expired" | "revoked";

export interface NewTokenRow {
  name: string;
  scope: TokenScope;
  runner?: string | null;
  expires_at?: number | null;
  /** Whether earlier tokens of the same name are revoked; yes if not given. */
  revokeOthers?: boolean;
  now: number;
}

/** Makes a token and answers with its only readable copy. */
export async function createToken(db: Database, token: NewTokenRow): Promise<{ secret: string; token: Token }> {
  const secret = `fangs_${token.scope}_${newSecret()}`;
  const { name, scope, runner = null, expires_at = null, revokeOthers = true, now } = token;
  const row = { id: newId(), name, scope, runner, created_at: now, last_used: null, expires_at, revoked_at: null };
  await db.transaction(async ({ query }) => {
    if (revokeOthers) {
      await query
        .updateTable("token")
        .set({ revoked_at: now })
        .where("name", "=", name)
        .where("revoked_at", "is", null)
        .execute();
    }
    await query
      .insertInto("token")
      .values({ ...row, hash: hashSecret(secret) })
      .execute();
  });
  return { secret, token: row };
}

/** Whose token this is and whether it is valid; undefined where it is none. */
export async function findToken(
  db: Database,
  secret: string,
  now: number,
): Promise<{ identity: Identity; state: TokenState } | undefined> {
  if (secret.length > 200 || !TOKEN_SCOPES.some((scope) => secret.startsWith(`fangs_${scope}_`))) return undefined;
  // 256 random bits need no slow hash, and looking a hash up gives nothing away about the token.
  const [row] = await byHash(db, hashSecret(secret));
  if (row === undefined) return undefined;
  const state = stateOf(row, now);
  if (state === "valid" && (row.last_used === null || now - row.last_used >= LAST_USED_MS))
    await noteUse(db, row.id, now);
  return { identity: identityOf(row), state };
}

/** A full disk must not lock out who comes to look why. */
async function noteUse(db: Database, id: string, now: number): Promise<void> {
  try {
    await db.query.updateTable("token").set({ last_used: now }).where("id", "=", id).execute();
  } catch (thrown) {
    if (storeFull(thrown) === undefined) throw thrown;
  }
}

export function identityOf({ id, name, scope, runner }: Token): Identity {
  return { token: id, name, scope, runner };
}

export function stateOf(token: Pick<Token, "revoked_at" | "expires_at">, now: number): TokenState {
  if (token.revoked_at !== null) return "revoked";
  return token.expires_at !== null && token.expires_at <= now ? "expired" : "valid";
}

/** One token by its full id. */
export async function getToken(db: Database, id: string): Promise<Token> {
  return db.query.selectFrom("token").select(SHOWN).where("id", "=", id).executeTakeFirstOrThrow();
}

/** Newest first, only valid ones unless all are asked for. `before` is a full id. */
export async function listTokens(db: Database, query: TokenQuery, now: number): Promise<TokenPage> {
  const { all = false, before, limit = 100 } = query;
  let select = db.query
    .selectFrom("token")
    .select(SHOWN)
    .orderBy("id", "desc")
    .limit(limit + 1);
  if (!all) {
    select = select
      .where("revoked_at", "is", null)
      .where(({ or, eb }) => or([eb("expires_at", "is", null), eb("expires_at", ">", now)]));
  }
  if (before !== undefined) select = select.where("id", "<", before);
  const rows = await select.execute();
  const tokens = rows.slice(0, limit);
  return { tokens, next: rows.length > limit ? (tokens.at(-1)?.id ?? null) : null };
}

/** The valid tokens of a name or of a scope; there are few. */
export async function validTokens(
  db: Database,
  of: { name: string } | { scope: TokenScope },
  now: number,
): Promise<Token[]> {
  const select = db.query.selectFrom("token").select(SHOWN).where("revoked_at", "is", null);
  const rows = await (
    "name" in of ? select.where("name", "=", of.name) : select.where("scope", "=", of.scope)
  ).execute();
  return rows.filter((row) => stateOf(row, now) === "valid");
}

/** The token opens nothing from now on, and neither do the sessions that came from it. */
export async function markRevoked(db: Database, id: string, now: number): Promise<void> {
  await db.query.updateTable("token").set({ revoked_at: now }).where("id", "=", id).execute();
  await db.query.deleteFrom("session").where("token_id", "=", id).execute();
  await db.query.deleteFrom("sign_in").where("token_id", "=", id).execute();
}

// --- internal ---

const byHash = prepared((query, hash: string) => query.selectFrom("token").select(SHOWN).where("hash", "=", hash));

/** Everything but the hash. */
const SHOWN = ["id", "name", "scope", "runner", "created_at", "last_used", "expires_at", "revoked_at"] as const;
