import { join } from "node:path";
import { directory } from "../runner/sensor/support.ts";

export { directory, text, trace, unavailable } from "../runner/sensor/support.ts";

export const FLAG = { truncated: 1, deleted: 2, detached: 4, unreadable: 8, compat: 32 } as const;

/** The compiled program of evasions; runs one of them by its name. */
export function evasions(source: "files" | "network" | "processes"): string {
  const program = join(directory, source);
  const built = Bun.spawnSync([
    ...["gcc", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread", "-o", program],
    join(import.meta.dir, `${source}.c`),
  ]);
  if (built.exitCode !== 0) throw new Error(built.stderr.toString());
  return program;
}

/** An IPv4 address as a record has it. */
export function ipv4(address: Uint8Array): string {
  return address.subarray(0, 4).join(".");
}
