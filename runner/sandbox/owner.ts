/** Who made a container, network or firewall rule, and whether that process still lives. */
import { readFileSync, readlinkSync } from "node:fs";

/** Labels of everything that fangs makes in Docker. */
export const LABELS = {
  /** `runner:pid:start:namespace` of the runner process. */
  owner: "dev.fangs.owner",
  /** Unix milliseconds after which the thing is a leftover, whoever made it. */
  deadline: "dev.fangs.deadline",
  run: "dev.fangs.run",
} as const;

/** This process as an owner: a pid is reused, a pid with its start time in its pid namespace is not. */
export function ownOwner(runner: string): string {
  const start = startTime(process.pid);
  if (start === null) throw new Error("/proc/self/stat cannot be read");
  return [runner, process.pid, start, pidNamespace()].join(":");
}

/**
 * Whether the owner is surely gone. An owner from another pid namespace (a runner in a container of its own) cannot be
 * seen from here and counts as alive: only its deadline may end what it made.
 */
export function ownerIsGone(owner: string): boolean {
  const [, pid, start, namespace] = /^[^:]*:(\d+):(\d+):(\d+)$/.exec(owner) ?? [];
  if (pid === undefined || start === undefined || namespace !== pidNamespace()) return false;
  return startTime(Number(pid)) !== start;
}

// --- internal ---

/** Field 22 of /proc/pid/stat, clock ticks since boot; null for no such process. The command may contain blanks. */
function startTime(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return state === "Z" ? null : (fields[18] ?? null);
  } catch {
    return null;
  }
}

function pidNamespace(): string {
  return /\d+/.exec(readlinkSync("/proc/self/ns/pid"))?.[0] ?? "0";
}
