import { readFileSync } from "node:fs";
import scalar from "../dist/obj/differ-core-scalar.wasm" with { type: "file" };
import simd from "../dist/obj/differ-core.wasm" with { type: "file" };

/** The core that this host can run: with SIMD where the engine has it. */
export function embeddedCore(): Uint8Array {
  const fast = readFileSync(simd);
  return WebAssembly.validate(fast) ? fast : readFileSync(scalar);
}
