import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DIST, say, which } from "./run.ts";

const SOCKET = "/var/run/docker.sock";
const PID_FILE = "/var/run/docker.pid";
const START_MS = 60_000;

/** A daemon that this started; whoever asked decides how long it lives. */
export interface StartedDocker {
  pid: number;
  stop(): Promise<void>;
}

/**
 * Starts dockerd if none answers. Returns it if it was started here, null if one runs already.
 *
 * @throws Error where it can't be started, with the end of its log
 */
export async function ensureDocker(): Promise<StartedDocker | null> {
  if (await answers()) return null;
  const program = which("dockerd");
  if (program === null || process.getuid?.() !== 0) {
    throw new Error("Docker does not answer. Start it, for example with:\n  sudo systemctl start docker");
  }
  removeStalePidFile();
  mkdirSync(DIST, { recursive: true });
  const log = join(DIST, "dockerd.log");
  const out = openSync(log, "w");
  const child = Bun.spawn([program], { stdio: ["ignore", out, out], detached: true });
  closeSync(out);
  child.unref();
  const deadline = Date.now() + START_MS;
  while (!(await answers())) {
    if (child.exitCode !== null || Date.now() > deadline) {
      throw new Error(`dockerd did not start:\n${readFileSync(log, "utf8").split("\n").slice(-6).join("\n")}`);
    }
    await Bun.sleep(100);
  }
  say(`started dockerd (pid ${child.pid})`);
  return {
    pid: child.pid,
    stop: async () => {
      child.kill("SIGTERM");
      await Promise.race([child.exited, Bun.sleep(20_000)]);
    },
  };
}

async function answers(): Promise<boolean> {
  try {
    const response = await fetch("http://docker/_ping", { unix: SOCKET, signal: AbortSignal.timeout(2000) });
    return response.ok;
  } catch {
    return false;
  }
}

/** After an unclean end the file keeps the daemon from starting. */
function removeStalePidFile(): void {
  if (!existsSync(PID_FILE)) return;
  const pid = readFileSync(PID_FILE, "utf8").trim();
  if (!existsSync(`/proc/${pid}`)) rmSync(PID_FILE);
}
