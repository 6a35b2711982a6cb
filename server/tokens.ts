/** What administrators do to tokens. Each change leaves an audit entry. */
import { FangsError } from "../protocol/errors.ts";
import type { NewToken, Token, TokenRequest } from "../protocol/tokens.ts";
import type { Services } from "./services.ts";
import { audit } from "./store/audit.ts";
import { findId } from "./store/ids.ts";
import { createToken, getToken, markRevoked, stateOf, validTokens } from "./store/tokens.ts";

/** Names that stand for fangs itself in the audit trail, or for the tokens that it makes at its start. */
const RESERVED = /^(fangs|nobody|local-.*)$/i;

/**
 * Makes a token; the answer is the only place where its secret is ever seen.
 *
 * @throws FangsError invalid_body; conflict where a valid token has the name
 */
export async function issueToken(services: Services, request: TokenRequest, actor: string): Promise<NewToken> {
  const now = services.now();
  const { scope, runner = null, expires_at = null } = request;
  if (runner !== null && scope !== "runner")
    throw new FangsError("invalid_body", "Only a token of the scope runner can be bound to a runner.");
  if (expires_at !== null && expires_at <= now) throw new FangsError("invalid_body", "It ends in the past.");
  const name = request.name ?? `${runner ?? scope}-${Math.floor(Math.random() * 0x10000).toString(16)}`;
  if (RESERVED.test(name)) {
    throw new FangsError("invalid_body", `The name ${name} is one of fangs's own.`, {
      hint: "The name says in the audit trail who did something: give the one of a person or a system.",
    });
  }
  return services.db.transaction(async (db) => {
    if ((await validTokens(db, { name }, now)).length > 0) {
      throw new FangsError("conflict", `There is a valid token ${name}.`, {
        hint: "Two with one name could not be told apart in the audit trail: choose another, or revoke that one first.",
      });
    }
    const { secret, token } = await createToken(db, { name, scope, runner, expires_at, now });
    await audit(db, { at: now, actor, action: "token.create", subject: name, after: shown(token) });
    return { ...token, secret };
  });
}

/**
 * Revokes a token at once; one that is not valid any more stays as it is.
 *
 * @throws FangsError not_found; conflict for the last valid token of an administrator
 */
export async function revokeToken(services: Services, given: string, actor: string): Promise<Token> {
  const now = services.now();
  return services.db.transaction(async (db) => {
    const token = await getToken(db, await findId(db, "token", given));
    if (stateOf(token, now) === "revoked") return token;
    const admins = token.scope === "admin" ? await validTokens(db, { scope: "admin" }, now) : [];
    if (admins.length === 1 && admins[0]?.id === token.id) {
      throw new FangsError("conflict", `${token.name} is the last valid admin token.`, {
        hint: "Make another with `fangs token create --scope admin` first. One that leaked can be replaced, too: delete admin-token in the data directory and restart the server.",
      });
    }
    await markRevoked(db, token.id, now);
    const after = { ...token, revoked_at: now };
    await audit(db, {
      at: now,
      actor,
      action: "token.revoke",
      subject: token.name,
      before: shown(token),
      after: shown(after),
    });
    return after;
  });
}

// --- internal ---

/** What the trail keeps of a token. */
function shown({ id, scope, runner, expires_at, revoked_at }: Token) {
  return { id, scope, runner, expires_at, revoked_at };
}
