/** API tokens: `fangs_<scope>_<random>`, stored as their sha256. */
import { TOKEN_SCOPES, type TokenScope } from "../../protocol/models.ts";
import { newId } from "./ids.ts";
import type { Database } from "./open.ts";
import type { TokenRow } from "./schema.ts";

/** `last_used` is not written more often than this. */
const LAST_USED_MS = 60_000;

export interface Identity {
  /** For the audit trail. */
  name: string;
  scope: TokenScope;
}

/** Makes a token and answers with its only readable copy. Earlier tokens of the same name are revoked. */
export async function createToken(
  db: Database,
  token: { name: string; scope: TokenScope; now: number },
): Promise<string> {
  const secret = `fangs_${token.scope}_${crypto.getRandomValues(new Uint8Array(32)).toBase64({ alphabet: "base64url", omitPadding: true })}`;
  await db.transaction(async ({ query }) => {
    await query
      .updateTable("token")
      .set({ revoked_at: token.now })
      .where("name", "=", token.name)
      .where("revoked_at", "is", null)
      .execute();
    const row = { id: newId(), name: token.name, scope: token.scope, hash: hash(secret), created_at: token.now };
    await query
      .insertInto("token")
      .values({ ...row, last_used: null, expires_at: null, revoked_at: null })
      .execute();
  });
  return secret;
}

/** Who holds this token; undefined where it is unknown, expired or revoked. */
export async function findToken(db: Database, secret: string, now: number): Promise<Identity | undefined> {
  if (secret.length > 200 || !TOKEN_SCOPES.some((scope) => secret.startsWith(`fangs_${scope}_`))) return undefined;
  // 256 random bits need no slow hash, and looking a hash up gives nothing away about the token.
  return db.hot((raw) => {
    const row = raw
      .query<TokenRow, [string, number]>(
        "select * from token where hash = ? and revoked_at is null and (expires_at is null or expires_at > ?)",
      )
      .get(hash(secret), now);
    if (row === null) return undefined;
    if (row.last_used === null || now - row.last_used >= LAST_USED_MS)
      raw.query("update token set last_used = ? where id = ?").run(now, row.id);
    return { name: row.name, scope: row.scope };
  });
}

// --- internal ---

function hash(secret: string): string {
  return new Bun.CryptoHasher("sha256").update(secret).digest("hex");
}
