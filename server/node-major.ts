import type { RunResult } from "../protocol/models.ts";

/** The major version of Node.js that a run was made with, 0 where its version is none: baselines are kept apart by it. */
export function nodeMajorOf({ node_version }: Pick<RunResult, "node_version">): number {
  return Number(/^v?(\d{1,4})\./.exec(node_version)?.[1] ?? 0);
}
