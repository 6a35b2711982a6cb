import type { Differ } from "./types.ts";
export async function warmUp(_differ: Differ): Promise<void> {}
