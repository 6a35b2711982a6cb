/** Queueing what is to be told; meant for the transaction in which it becomes true, so that neither is stored without the other. */
import { SEVERITIES, type Severity } from "../../protocol/facts.ts";
import type { RunKind, Verdict } from "../../protocol/models.ts";
import type { NotifyOn } from "../../protocol/notifiers.ts";
import { insertNotification } from "../store/notifications.ts";
import { listNotifiers, type StoredNotifier } from "../store/notifiers.ts";
import type { Database } from "../store/open.ts";

interface Ended {
  id: string;
  kind: RunKind;
}

/** Whether any message is ever sent on a verdict. */
export function isTold(verdict: Verdict): boolean {
  return verdict === "deviant" || verdict === "inconclusive";
}

/** Queues a message on a verdict for every notifier that wants it. A control run serves another run's verdict, and is told with that one. */
export async function queueVerdict(
  db: Database,
  run: Ended,
  verdict: Verdict,
  maxSeverity: Severity | null,
  now: number,
): Promise<void> {
  if (verdict === "deviant") await queue(db, run, "deviant", (notifier) => isAtLeast(maxSeverity, notifier), now);
  // How bad it would have been, nobody knows: a floor on severities must not hide it.
  if (verdict === "inconclusive") await queue(db, run, "inconclusive", () => true, now);
}

/** Queues a message on a run that ended without a verdict, and not because somebody ended it. */
export async function queueFailure(db: Database, run: Ended, now: number): Promise<void> {
  await queue(db, run, "failed", () => true, now);
}

// --- internal ---

async function queue(
  db: Database,
  run: Ended,
  on: NotifyOn,
  isWanted: (notifier: StoredNotifier) => boolean,
  now: number,
): Promise<void> {
  if (run.kind === "control") return;
  for (const notifier of await listNotifiers(db)) {
    if (!notifier.enabled || !notifier.on.includes(on) || !isWanted(notifier)) continue;
    await insertNotification(db, { notifier, run_id: run.id, tells: on, now });
  }
}

function isAtLeast(severity: Severity | null, { min_severity }: StoredNotifier): boolean {
  return severity !== null && SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(min_severity);
}
