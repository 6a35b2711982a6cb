/** Putting the operator's rules in force, with an audit entry where they say something else than before. */
import type { RulesInForce, Services } from "./services.ts";
import { audit, lastAudit } from "./store/audit.ts";

const ACTION = "config.rules";
const SUBJECT = "fangs.yaml";

/** What is judged from now on is judged by these. */
export async function useRules(services: Services, rules: RulesInForce): Promise<void> {
  // When the file was read is no part of what it says.
  const after = { normalize: rules.normalize, allow: rules.allow.map((entry) => ({ ...entry, created_at: 0 })) };
  await services.db.transaction(async (db) => {
    // Of another start, perhaps of another server: what was in force is known from the trail alone.
    const last = (await lastAudit(db, SUBJECT, ACTION))?.after ?? NOTHING;
    if (last === JSON.stringify(after)) return;
    const before: unknown = JSON.parse(last);
    await audit(db, { at: services.now(), actor: "config", action: ACTION, subject: SUBJECT, before, after });
  });
  services.rules = rules;
}

// --- internal ---

const NOTHING = JSON.stringify({ normalize: [], allow: [] });
