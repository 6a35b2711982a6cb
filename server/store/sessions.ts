/** Signing in to the dashboard: a code that works once, and the sessions that come from it. */
import { hashSecret, newSecret } from "./secrets.ts";
import type { Database } from "./open.ts";
import { getToken, type Identity, identityOf, stateOf } from "./tokens.ts";

const CODE_MS = 2 * 60_000;
const SESSION_MS = 12 * 3_600_000;

/** A code that signs in once, within two minutes, as the holder of this token. */
export async function createSignIn(
  db: Database,
  tokenId: string,
  now: number,
): Promise<{ code: string; expires_at: number }> {
  const code = newSecret();
  const expires_at = now + CODE_MS;
  await db.query.deleteFrom("sign_in").where("expires_at", "<=", now).execute();
  await db.query
    .insertInto("sign_in")
    .values({ hash: hashSecret(code), token_id: tokenId, expires_at })
    .execute();
  return { code, expires_at };
}

/** A session for a code, which is void from now on; undefined where it is not valid, or its token is not any more. */
export async function redeemSignIn(
  db: Database,
  code: string,
  now: number,
): Promise<{ secret: string; identity: Identity; seconds: number } | undefined> {
  return db.transaction(async (inner) => {
    const { query } = inner;
    const used = await query
      .deleteFrom("sign_in")
      .where("hash", "=", hashSecret(code))
      .returningAll()
      .executeTakeFirst();
    if (used === undefined || used.expires_at <= now) return undefined;
    const token = await getToken(inner, used.token_id);
    if (stateOf(token, now) !== "valid") return undefined;
    const secret = newSecret();
    const expires_at = Math.min(now + SESSION_MS, token.expires_at ?? Number.POSITIVE_INFINITY);
    await query.deleteFrom("session").where("expires_at", "<=", now).execute();
    await query
      .insertInto("session")
      .values({ hash: hashSecret(secret), token_id: token.id, created_at: now, expires_at })
      .execute();
    return { secret, identity: identityOf(token), seconds: Math.floor((expires_at - now) / 1000) };
  });
}

/** Who is signed in; undefined where the session or its token has ended. */
export async function findSession(db: Database, secret: string, now: number): Promise<Identity | undefined> {
  if (secret.length > 100) return undefined;
  const session = await db.query
    .selectFrom("session")
    .selectAll()
    .where("hash", "=", hashSecret(secret))
    .executeTakeFirst();
  if (session === undefined || session.expires_at <= now) return undefined;
  const token = await getToken(db, session.token_id);
  return stateOf(token, now) === "valid" ? identityOf(token) : undefined;
}

export async function deleteSession(db: Database, secret: string): Promise<void> {
  await db.query.deleteFrom("session").where("hash", "=", hashSecret(secret)).execute();
}
