import { compileCore, type CoreOptions } from "../../differ-wasm/compile.ts";
import { createDiffer, type Differ, type DifferLimits } from "../../differ-wasm/host.ts";

const compiled = new Map<string, Promise<Uint8Array>>();

/** The core of these options; compiled once, for that takes a second. */
export function core(options: CoreOptions): Promise<Uint8Array> {
  const key = JSON.stringify(options);
  const wasm = compiled.get(key) ?? compileCore(options);
  compiled.set(key, wasm);
  return wasm;
}

/** A differ of its own for a test. */
export async function newDiffer(
  options: CoreOptions = { simd: true },
  limits?: Partial<DifferLimits>,
): Promise<Differ> {
  return createDiffer(await core(options), limits);
}
