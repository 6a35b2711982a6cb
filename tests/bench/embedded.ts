import { readFileSync } from "node:fs";
import scalar from "../../dist/obj/differ-core-scalar.wasm" with { type: "file" };
import simd from "../../dist/obj/differ-core.wasm" with { type: "file" };
import run from "../corpus/express-4.21.2-2.zst" with { type: "file" };
import earlier from "../corpus/express-4.21.2.zst" with { type: "file" };
import short from "../corpus/is-number-7.0.0.zst" with { type: "file" };
import { decodeRecording } from "../corpus/recording.ts";
import type { BenchOptions } from "./compare.ts";

/** What the benchmark needs, from the executable itself. */
export function benchAssets(): Pick<BenchOptions, "simd" | "scalar" | "earlier" | "run" | "short"> {
  return {
    simd: readFileSync(simd),
    scalar: readFileSync(scalar),
    earlier: decodeRecording(readFileSync(earlier)),
    run: decodeRecording(readFileSync(run)),
    short: decodeRecording(readFileSync(short)),
  };
}
