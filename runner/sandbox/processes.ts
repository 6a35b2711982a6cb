/** The processes of a container as the host sees them, read from /proc and the cgroup: the daemon is not asked. */
import { readFileSync } from "node:fs";
import { FangsError } from "../../protocol/errors.ts";
import { until } from "./deadline.ts";

/** A fork bomb that outlives this is left to the removal of the container. */
const KILL_MS = 2_000;
const KILL_EVERY_MS = 5;

export interface ContainerProcesses {
  /** Host pids of what runs beside the idle processes; zombies do not count. */
  survivors(): number[];
  /** Kills all survivors and what they fork meanwhile; returns when none is left, after 2 s at most. */
  killAll(): Promise<void>;
  /** Kills all of the container, the idle processes too, whether Docker answers or not. */
  end(): void;
}

/**
 * The idle processes run as user 0 of the container, everything else as another user that has no way to become 0. The
 * user in /proc/pid/status cannot be faked, unlike the owner of /proc/pid, which is root for undumpable processes.
 *
 * @param initPid host pid of the container's init
 * @throws FangsError sandbox_failed if its cgroup cannot be found
 */
export function containerProcesses(initPid: number): ContainerProcesses {
  const list = cgroupList(initPid);
  const idleUser = status(initPid)?.user;
  const survivors = () =>
    readPids(list).filter((pid) => {
      const process = status(pid);
      return process !== null && process.user !== idleUser && process.state !== "Z";
    });
  const killAll = async () => {
    await until(KILL_MS, KILL_EVERY_MS, () => {
      const pids = survivors();
      for (const pid of pids) kill(pid);
      return pids.length === 0;
    });
  };
  // Whoever is in the cgroup is of this container: no number is taken for another's process.
  const end = () => {
    for (const pid of readPids(list)) kill(pid);
  };
  return { survivors, killAll, end };
}

/** Whether the process runs (a zombie does not). */
export function isRunning(pid: number): boolean {
  const state = status(pid)?.state;
  return state !== undefined && state !== "Z" && state !== "X";
}

// --- internal ---

/** The file that lists the cgroup's pids: the unified hierarchy where runc uses it, else the `pids` controller of v1. */
function cgroupList(pid: number): string {
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8").split("\n");
  const mounts = readFileSync("/proc/self/mountinfo", "utf8").split("\n");
  for (const [pattern, type] of [
    [/^0::(\/.+)$/, " - cgroup2 "],
    [/^\d+:pids:(\/.+)$/, " - cgroup .*\\bpids\\b"],
  ] as const) {
    const path = lines.map((line) => pattern.exec(line)?.[1]).find((found) => found !== undefined);
    const mount = mounts.find((line) => new RegExp(type).test(line))?.split(" ")[4];
    if (path !== undefined && mount !== undefined) return `${mount}${path}/cgroup.procs`;
  }
  throw new FangsError("sandbox_failed", "The container's cgroup cannot be found.", {
    hint: "fangs needs the unified cgroup hierarchy or the v1 `pids` controller.",
  });
}

function readPids(list: string): number[] {
  try {
    return readFileSync(list, "utf8").split("\n").filter(Boolean).map(Number);
  } catch {
    return []; // The container is gone, and its cgroup with it.
  }
}

function status(pid: number): { user: string | undefined; state: string | undefined } | null {
  try {
    const text = readFileSync(`/proc/${pid}/status`, "latin1");
    return { user: /^Uid:\t(\d+)/m.exec(text)?.[1], state: /^State:\t(\w)/m.exec(text)?.[1] };
  } catch {
    return null;
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It ended by itself.
  }
}
