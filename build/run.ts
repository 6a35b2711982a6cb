import { join, resolve } from "node:path";

export const ROOT = resolve(import.meta.dir, "..");
export const DIST = join(ROOT, "dist");
/** What the executable is made of. */
export const OBJECTS = join(DIST, "obj");

/** A line for people, on stderr. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Debian keeps the tools of administrators where a user's PATH does not look. */
const PATH = `${process.env["PATH"] ?? ""}:/usr/local/sbin:/usr/sbin:/sbin`;

/** The full path of a program, null if there is none. */
export function which(program: string): string | null {
  return Bun.which(program, { PATH });
}

/**
 * Runs a program in the root of the checkout and returns its standard output.
 *
 * @throws Error with the end of its standard error where it fails
 */
export function run(
  command: string[],
  options: { environment?: Record<string, string>; stdout?: Bun.BunFile } = {},
): string {
  const child = Bun.spawnSync(command, {
    cwd: ROOT,
    env: { ...process.env, PATH, ...options.environment },
    stdout: options.stdout ?? "pipe",
    stderr: "pipe",
  });
  if (child.exitCode !== 0) {
    const words = child.stderr.toString().trim().split("\n").slice(-20).join("\n");
    throw new Error(`\`${command.join(" ")}\` failed (${child.exitCode ?? child.signalCode}):\n${words}`);
  }
  return child.stdout?.toString() ?? "";
}

/** Runs a program on this terminal; returns its exit code. */
export async function show(command: string[]): Promise<number> {
  const child = Bun.spawn(command, {
    cwd: ROOT,
    env: { ...process.env, PATH },
    stdio: ["inherit", "inherit", "inherit"],
  });
  return child.exited;
}
