/** Who may call what: the token or the session of a request against the scope of a route. */
import { FangsError } from "../protocol/errors.ts";
import type { TokenScope } from "../protocol/models.ts";
import { callerOf } from "./caller.ts";
import type { Services } from "./services.ts";
import { checkOwnPage, sessionCookie } from "./session.ts";
import { findSession } from "./store/sessions.ts";
import { findToken, type Identity } from "./store/tokens.ts";

/** `public` needs no token. */
export type RouteScope = TokenScope | "public";

/** What a token of each scope may call. */
const GRANTS: Record<TokenScope, readonly RouteScope[]> = {
  read: ["public", "read"],
  triage: ["public", "read", "triage"],
  runner: ["public", "runner"],
  admin: ["public", "read", "triage", "runner", "admin"],
};

const NOBODY: Identity = { token: null, name: "nobody", scope: "read", runner: null };

/**
 * Who calls, if they may call a route of this scope now.
 *
 * @throws FangsError unauthorized without a valid token or session; forbidden where its scope does not suffice, or a page
 * of another origin sends it; RateLimited
 */
export async function authorize(services: Services, request: Request, scope: RouteScope): Promise<Identity> {
  if (scope === "public") {
    services.gate.open(request);
    return NOBODY;
  }
  const identity = await identify(services, request);
  callerOf(request).token = identity.name;
  services.gate.token(identity);
  if (GRANTS[identity.scope].includes(scope)) return identity;
  throw new FangsError("forbidden", `This needs a token of the scope ${scope}; the one given has ${identity.scope}.`, {
    hint: `Use a token of the scope ${scope} or admin.`,
  });
}

/** Who is signed in where a page may be seen by anybody; undefined: nobody. */
export async function signedIn(
  { db, now }: Services,
  request: Request,
): Promise<{ identity: Identity; secret: string } | undefined> {
  const secret = sessionCookie(request);
  const identity = secret === undefined ? undefined : await findSession(db, secret, now());
  return secret === undefined || identity === undefined ? undefined : { identity, secret };
}

// --- internal ---

async function identify(services: Services, request: Request): Promise<Identity> {
  const authorization = request.headers.get("authorization");
  if (authorization === null) {
    const session = await signedIn(services, request);
    if (session === undefined) throw unauthorized("The request carries no token.");
    callerOf(request).token = session.identity.name;
    checkOwnPage(request, session.secret);
    return session.identity;
  }
  const secret = /^Bearer +(\S+)$/i.exec(authorization)?.[1];
  const found = secret === undefined ? undefined : await findToken(services.db, secret, services.now());
  if (found?.state === "valid") return found.identity;
  if (found !== undefined) callerOf(request).token = found.identity.name;
  services.gate.wrongToken(request);
  throw unauthorized(found === undefined ? "The token is not valid." : `The token is ${found.state}.`);
}

function unauthorized(message: string): FangsError {
  return new FangsError("unauthorized", message, {
    hint: "Send `Authorization: Bearer <token>`; the first start wrote one to the file admin-token in the data directory.",
  });
}
