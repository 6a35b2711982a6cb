/** The tokens that the first start leaves in the data directory for this host's CLI and runner. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TokenScope } from "../protocol/models.ts";
import { audit } from "./store/audit.ts";
import type { Database } from "./store/open.ts";
import { createToken, findToken, markRevoked } from "./store/tokens.ts";

const FILES = { "admin-token": "admin", "runner-token": "runner" } as const satisfies Record<string, TokenScope>;

/** Sees to it that each token file holds a valid token; one that was lost or does not fit the database is made anew. */
export async function writeBootstrapTokens(db: Database, dataDir: string, now: number): Promise<void> {
  for (const [file, scope] of Object.entries(FILES)) {
    const path = join(dataDir, file);
    const found = await findToken(db, read(path), now);
    if (found?.state === "valid" && found.identity.scope === scope) continue;
    const name = `local-${scope}`;
    // The orchestrators of other hosts have tokens of this name, too: only this directory's own is revoked.
    const { secret, token } = await createToken(db, { name, scope, now, revokeOthers: false });
    const before = read(`${path}.id`);
    if (before !== "") await markRevoked(db, before, now);
    writeFileSync(`${path}.id`, token.id, { mode: 0o600 });
    await audit(db, { at: now, actor: "fangs", action: "token.create", subject: name, after: { scope, file } });
    // Renamed into place: a reader sees a whole token or the old one, never half of one.
    // `wx` after the removal: nobody's file or link of that name gets the secret.
    rmSync(`${path}.new`, { force: true });
    writeFileSync(`${path}.new`, `${secret}\n`, { mode: 0o600, flag: "wx" });
    renameSync(`${path}.new`, path);
  }
}

// --- internal ---

function read(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}
