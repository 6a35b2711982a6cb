/**
 * `bun tests/differ-wasm/mutate.ts [file]`: makes one defect after the other in the core, all in memory, and looks
 * whether the tests' generated runs notice. docs/testing-the-core.md says why some cannot be noticed.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileCore } from "../../differ-wasm/compile.ts";
import { type Mutation, MUTATIONS } from "./mutations.ts";

export type Fate = "killed" | "survived" | "hung";

const DEADLINE_MS = 120_000;

/**
 * What becomes of a mutation; undefined: of the core as it is. The hash of the core has 6 bits, so that every
 * comparison counts.
 *
 * @throws Error where the mutation's text is not in the source exactly once; FangsError where it does not compile
 */
export async function mutate(mutation: Mutation | undefined): Promise<Fate> {
  const wasm = await compileCore({
    simd: true,
    weakHash: true,
    edit: (file, text) => (file === mutation?.file ? edited(text, mutation) : text),
  });
  const folder = mkdtempSync(join(tmpdir(), "fangs-mutant-"));
  try {
    const core = join(folder, "core.wasm");
    writeFileSync(core, wasm);
    const { exitCode, exitedDueToTimeout } = Bun.spawnSync(
      [process.execPath, join(import.meta.dir, "check-core.ts"), core],
      { timeout: DEADLINE_MS, killSignal: "SIGKILL" },
    );
    if (exitedDueToTimeout) return "hung";
    return exitCode === 0 ? "survived" : "killed";
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function edited(text: string, { file, find, replace }: Mutation): string {
  const parts = text.split(find);
  if (parts.length !== 2) throw new Error(`${file} has ${JSON.stringify(find)} ${parts.length - 1} times.`);
  return parts.join(replace);
}

if (import.meta.main) {
  const only = process.argv[2];
  const chosen = MUTATIONS.filter(({ file }) => only === undefined || file === only);
  if ((await mutate(undefined)) !== "survived") throw new Error("The core fails as it is.");
  const fates = { killed: 0, survived: 0, hung: 0 };
  for (const mutation of chosen) {
    const fate = await mutate(mutation);
    fates[fate]++;
    const line = (text: string) => text.replaceAll("\n", "⏎");
    process.stdout.write(`${fate.padEnd(8)}  ${mutation.file}: ${line(mutation.find)}  →  ${line(mutation.replace)}\n`);
  }
  process.stdout.write(
    `${chosen.length} mutations: ${fates.killed} killed, ${fates.hung} hung, ${fates.survived} survived\n`,
  );
}
