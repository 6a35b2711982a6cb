/** Whether this server should be sent requests, and if not, why. */
import type { Services } from "./services.ts";
import { pendingMigrations } from "./store/migrate.ts";

/** A task without a beat for longer has stopped; the slowest beats every few seconds. */
const SILENT_S = 30;
/** A database that takes longer to say its version takes too long for everything. */
const PATIENCE_MS = 2000;

/** Nothing: it is ready. */
export async function whyNotReady(services: Pick<Services, "db" | "stopping" | "pulse">): Promise<string[]> {
  const { db, stopping, pulse } = services;
  const reasons = await databaseTrouble(db);
  if (stopping.aborted) reasons.push("it is stopping");
  for (const [task, seconds] of pulse.ages())
    if (seconds > SILENT_S) reasons.push(`the task ${task} last worked ${Math.round(seconds)} s ago`);
  return reasons;
}

// --- internal ---

async function databaseTrouble(db: Services["db"]): Promise<string[]> {
  const { promise: late, resolve } = Promise.withResolvers<string[]>();
  const timer = setTimeout(() => resolve([`the database did not answer within ${PATIENCE_MS / 1000} s`]), PATIENCE_MS);
  try {
    return await Promise.race([schemaTrouble(db), late]);
  } finally {
    clearTimeout(timer);
  }
}

async function schemaTrouble(db: Services["db"]): Promise<string[]> {
  try {
    return (await pendingMigrations(db)) === 0 ? [] : ["the database has an older schema; a restart migrates it"];
  } catch (thrown) {
    return [`the database fails: ${thrown instanceof Error ? thrown.message : thrown}`];
  }
}
