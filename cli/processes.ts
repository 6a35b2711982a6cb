/** Waiting for the signal to stop. */
import type { Terminal } from "./terminal.ts";

/** Waits for SIGINT or SIGTERM. */
export function untilInterrupted({ interrupted }: Pick<Terminal, "interrupted">): Promise<void> {
  return new Promise((resolve) => {
    if (interrupted.aborted) resolve();
    interrupted.addEventListener("abort", () => resolve(), { once: true });
  });
}
