/** Who may call what: the token of a request against the scope of a route. */
import { FangsError } from "../protocol/errors.ts";
import type { TokenScope } from "../protocol/models.ts";
import type { Database } from "./store/open.ts";
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
 * Who calls, if they may call a route of this scope.
 *
 * @throws FangsError unauthorized without a valid token, forbidden where its scope does not suffice
 */
export async function authorize(
  db: Database,
  authorization: string | null,
  scope: RouteScope,
  now: number,
): Promise<Identity> {
  if (scope === "public") return NOBODY;
  const secret = /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1];
  const found = secret === undefined ? undefined : await findToken(db, secret, now);
  if (found?.state !== "valid") {
    throw new FangsError(
      "unauthorized",
      secret === undefined ? "The request carries no token." : "The token is not valid.",
      {
        hint: "Send `Authorization: Bearer <token>`; the first start wrote one to the file admin-token in the data directory.",
      },
    );
  }
  const { identity } = found;
  if (GRANTS[identity.scope].includes(scope)) return identity;
  throw new FangsError("forbidden", `This needs a token of the scope ${scope}; the one given has ${identity.scope}.`, {
    hint: `Use a token of the scope ${scope} or admin.`,
  });
}

/**
 * Refuses a token that is bound to another runner than this one.
 *
 * @throws FangsError forbidden
 */
export function checkRunner(identity: Identity, runner: string): void {
  if (identity.runner === null || identity.runner === runner) return;
  throw new FangsError("forbidden", `This token speaks for the runner ${identity.runner} only.`, {
    hint: "Each runner has a token of its own: `fangs token create --scope runner --runner <name>`.",
  });
}
