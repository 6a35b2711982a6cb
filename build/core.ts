import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { OBJECTS } from "./run.ts";
import { step } from "./step.ts";

/** The comparing core: with SIMD, and scalar for hosts without. */
export async function buildCore(): Promise<void> {
  const simd = join(OBJECTS, "differ-core.wasm");
  const scalar = join(OBJECTS, "differ-core-scalar.wasm");
  await step({
    name: "differ-core",
    inputs: [
      "differ-wasm/assembly/**",
      "differ-wasm/compile.ts",
      "differ-wasm/contract.ts",
      "differ-wasm/lists.ts",
      "protocol/facts.ts",
      "bun.lock",
    ],
    outputs: [simd, scalar],
    make: async () => {
      const { compileCore } = await import("../differ-wasm/compile.ts");
      writeFileSync(simd, await compileCore({ simd: true, weakHash: false }));
      writeFileSync(scalar, await compileCore({ simd: false, weakHash: false }));
    },
  });
}
