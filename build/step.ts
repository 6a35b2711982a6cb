import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { OBJECTS, ROOT, say } from "./run.ts";

export interface Step {
  name: string;
  /** Globs below the root of the checkout. */
  inputs: string[];
  /** What else decides the outcome: tool versions, settings. */
  key?: string;
  /** Files that must exist afterwards. */
  outputs: string[];
  make: () => Promise<void> | void;
}

/** Makes the step's outputs, unless they exist and were made from the same inputs. */
export async function step(step: Step): Promise<void> {
  const stamp = join(OBJECTS, `${step.name}.stamp`);
  const digest = digestOf(step);
  const fresh = existsSync(stamp) && readFileSync(stamp, "utf8") === digest && step.outputs.every(existsSync);
  if (fresh) return;
  const start = performance.now();
  mkdirSync(OBJECTS, { recursive: true });
  await step.make();
  writeFileSync(stamp, digest);
  say(`built ${step.name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
}

function digestOf(step: Step): string {
  const hash = new Bun.CryptoHasher("sha256");
  hash.update(`${Bun.version} ${step.key ?? ""}\n`);
  const files = step.inputs.flatMap((glob) => [...new Bun.Glob(glob).scanSync({ cwd: ROOT, onlyFiles: true })]);
  for (const file of [...new Set(files)].sort()) {
    hash.update(`${file}\n`);
    hash.update(readFileSync(join(ROOT, file)));
  }
  return hash.digest("hex");
}
