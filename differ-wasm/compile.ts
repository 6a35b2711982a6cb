import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { main } from "assemblyscript/asc";
import { FangsError } from "../protocol/errors.ts";
import { contractSource } from "./contract.ts";

export interface CoreOptions {
  /** Use the vector instructions; without, the same source compiles to scalar code. */
  simd: boolean;
  /** For tests: a hash of 6 bits, so that a missing comparison of bytes cannot stay unnoticed. */
  weakHash?: boolean;
  /** For tests: changes a file of the core's source before it is compiled. */
  edit?: (file: string, text: string) => string;
}

const ASSEMBLY = join(import.meta.dir, "assembly");

/** Pages of the fixed memory: up to ARENA_END of layout.ts, and room behind for one value. */
const PAGES = "4098";
// prettier-ignore
const OPTIONS = [
  "index.ts", "--outFile", "core.wasm",
  "--runtime", "stub", "--noAssert", "-O2", "--converge",
  "--initialMemory", PAGES, "--maximumMemory", PAGES,
];

/**
 * The comparing core as wasm bytes, compiled in this process; nothing is written to disk.
 * Throws FangsError "internal" with the compiler's messages where the source does not compile.
 */
export async function compileCore({
  simd,
  weakHash = false,
  edit = (_, text) => text,
}: CoreOptions): Promise<Uint8Array> {
  let wasm: Uint8Array | undefined;
  const { error, stderr } = await main([...OPTIONS, simd ? "--enable" : "--disable", "simd"], {
    readFile: async (name) => {
      const text = await source(name, weakHash);
      return text === null ? null : edit(name, text);
    },
    writeFile: (_name, contents) => {
      if (typeof contents !== "string") wasm = contents;
    },
    listFiles: () => [],
  });
  if (error || !wasm) throw new FangsError("internal", `The core does not compile: ${stderr.toString()}`);
  return wasm;
}

/** The compiler asks for a file; null where there is none, as for its own optional configuration. */
async function source(name: string, weakHash: boolean): Promise<string | null> {
  if (name === "contract.ts") return contractSource({ weakHash });
  if (!/^[a-z-]+\.ts$/.test(name)) return null;
  return await readFile(join(ASSEMBLY, name), "utf8");
}
