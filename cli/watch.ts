import type { Client } from "../protocol/client.ts";
import { FangsError } from "../protocol/errors.ts";
import type { Run, RunState, Scan } from "../protocol/models.ts";
import { count } from "./output.ts";
import { safe } from "./safe.ts";
import type { Terminal } from "./terminal.ts";

interface WatchOptions {
  terminal: Pick<Terminal, "err" | "interrupted">;
  timeoutMs: number;
  /** How long a server that does not answer is waited for: it may be restarting. */
  patienceMs?: number;
}

/**
 * Follows a scan until its newest run has ended, and returns that run. What changes is told on stderr.
 *
 * @throws FangsError pending at the time limit; server_unreachable
 */
export async function watchScan(client: Pick<Client, "scan">, submitted: Scan, options: WatchOptions): Promise<Run> {
  const { terminal, timeoutMs, patienceMs = 30_000 } = options;
  const deadline = performance.now() + timeoutMs;
  let answered = performance.now();
  const tell = progressTeller(terminal);
  let pauseMs = FIRST_PAUSE_MS;
  for (let scan = submitted; ; pauseMs = Math.min(pauseMs * 1.5, LONGEST_PAUSE_MS)) {
    const run = watched(scan);
    tell(run);
    if (run !== undefined && ENDED.has(run.state)) return run;

    const left = deadline - performance.now();
    if (left <= 0) throw stillPending(scan, timeoutMs);
    await Bun.sleep(Math.min(pauseMs, left));
    terminal.interrupted.throwIfAborted();
    try {
      scan = await client.scan(scan.id);
      answered = performance.now();
    } catch (error) {
      const isPatient = performance.now() - answered < patienceMs;
      if (!(error instanceof FangsError && error.code === "server_unreachable" && isPatient)) throw error;
    }
  }
}

// --- internal ---

/** The newest run; a control run only serves another one's verdict. */
function watched({ runs }: Pick<Scan, "runs">): Run | undefined {
  return runs.findLast(({ kind }) => kind !== "control");
}

/** Between two looks: short at first, for what was examined already is answered at once. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 250;

const ENDED: ReadonlySet<RunState> = new Set(["done", "failed", "cancelled"]);

/** Tells a change of state at once, and more events not more often than this. */
const EVENTS_EVERY_MS = 5000;

function progressTeller(terminal: Pick<Terminal, "err">): (run: Run | undefined) => void {
  let toldStanding = "";
  let toldEvents = 0;
  let toldAt = 0;
  return (run) => {
    const standing = standingOf(run);
    const events = run?.events ?? 0;
    const isDue = events !== toldEvents && performance.now() - toldAt >= EVENTS_EVERY_MS;
    if (standing === toldStanding && !isDue) return;
    terminal.err(`${standing}${events > 0 ? `, ${count(events, "event")}` : ""}\n`);
    toldStanding = standing;
    toldEvents = events;
    toldAt = performance.now();
  };
}

function standingOf(run: Run | undefined): string {
  if (run === undefined) return "waiting for a run";
  const parts = [`run ${run.id}: ${run.state}`];
  if (run.attempt > 1) parts.push(`attempt ${run.attempt}`);
  if (run.runner !== null) parts.push(`on ${safe(run.runner)}`);
  return parts.join(", ");
}

function stillPending({ runs, package: name, version }: Scan, timeoutMs: number): FangsError {
  const run = watched({ runs });
  const seconds = Math.round(timeoutMs / 100) / 10;
  return new FangsError("pending", `${name} ${version} is still ${run?.state ?? "waiting"} after ${seconds} s.`, {
    hint: run === undefined ? "Is a runner connected?" : `It goes on: look again with \`fangs run show ${run.id}\`.`,
  });
}
