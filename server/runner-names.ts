/** Whose name a runner's is: of the token that was made for it, else of the first that used it, until that is revoked. */
import { FangsError } from "../protocol/errors.ts";
import type { RunnerRegistration } from "../protocol/models.ts";
import type { Runner } from "../protocol/requests.ts";
import type { Services } from "./services.ts";
import type { Database } from "./store/open.ts";
import { bindName, holdsRunOf, tokenOf } from "./store/runner-tokens.ts";
import { putRunner } from "./store/runners.ts";
import type { Identity } from "./store/tokens.ts";

/**
 * Registers a runner, or replaces what is known of it. Its name is from then on its token's alone.
 *
 * @throws FangsError forbidden where another token has the name
 */
export async function registerRunner(
  { db, now }: Pick<Services, "db" | "now">,
  identity: Identity,
  registration: RunnerRegistration,
): Promise<Runner> {
  const { name } = registration;
  checkBound(identity, name);
  return db.transaction(async (inner) => {
    const runner = await putRunner(inner, registration, now());
    // Whoever may do everything takes no name from anybody.
    if (identity.scope === "admin" || (await bindName(inner, name, identity, now()))) return runner;
    throw notYours(name);
  }, "rows");
}

/**
 * Refuses a token that does not speak for this runner.
 *
 * @throws FangsError forbidden
 */
export async function checkRunner(db: Database, identity: Identity, runner: string): Promise<void> {
  checkBound(identity, runner);
  if (!isSure(identity)) checkToken(identity, runner, await tokenOf(db, runner));
}

/**
 * Refuses a token that is not the one which the runner's name is bound to; null: none yet.
 *
 * @throws FangsError forbidden
 */
export function checkToken(identity: Identity, runner: string, token: string | null | undefined): void {
  if (!isSure(identity) && token != null && token !== identity.token) throw notYours(runner);
}

/**
 * Refuses a token whose runner does no run of a package now, or of one of its releases.
 *
 * @throws FangsError forbidden
 */
export async function checkHolds(
  db: Database,
  identity: Identity,
  release: { package: string; version?: string },
): Promise<void> {
  if (identity.scope === "admin" || (await holdsRunOf(db, identity, release))) return;
  const what = release.version === undefined ? release.package : `${release.package} ${release.version}`;
  throw new FangsError("forbidden", `No runner of this token does a run of ${what} now.`, {
    hint: "What is kept is there for the run that examines it, as long as its lease holds.",
  });
}

/**
 * Refuses a token that is bound to another runner than this one.
 *
 * @throws FangsError forbidden
 */
export function checkBound(identity: Identity, runner: string): void {
  if (identity.runner === null || identity.runner === runner) return;
  throw new FangsError("forbidden", `This token speaks for the runner ${identity.runner} only.`, {
    hint: "Each runner has a token of its own: `fangs token create --scope runner --runner <name>`.",
  });
}

// --- internal ---

/** Whether it needs not be looked up for whom the token speaks. */
function isSure({ scope, runner }: Identity): boolean {
  return scope === "admin" || runner !== null;
}

function notYours(runner: string): FangsError {
  return new FangsError("forbidden", `The runner ${runner} is another token's.`, {
    hint: "Revoke that token or forget the runner (`fangs runner remove`), or choose another name.",
  });
}
