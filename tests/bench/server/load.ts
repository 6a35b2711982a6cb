/** Recorded runs for many packages: what a fleet of runners uploads. */
import type { RunResult } from "../../../protocol/models.ts";
import type { Recording } from "../../corpus/recording.ts";
import { cutTrace } from "../inputs.ts";

/** A run as a runner has it ready: compressed segments and the result that goes behind them. */
export interface ReadyRun {
  package: string;
  segments: Uint8Array<ArrayBuffer>[];
  result: RunResult;
}

/** A name of the same length, so that it can take the place of a package's own wherever a trace has it. */
export function nameOf(original: string, index: number): string {
  const digits = index.toString(36).padStart(5, "0");
  return `b${digits}`.padEnd(original.length, "-x").slice(0, Math.max(original.length, 6));
}

/** A recording cut to so many events, as if the package had another name: its paths and hosts are then its own. */
export function readyRun(recording: Recording, events: number, index: number): ReadyRun {
  const name = nameOf(recording.package, index);
  const { segments, result } = cutTrace(recording, events);
  const renamed = JSON.parse(JSON.stringify(result).replaceAll(recording.package, name)) as RunResult;
  return {
    package: name,
    result: renamed,
    segments: segments.map(
      (segment) => new Uint8Array(Bun.zstdCompressSync(replaceBytes(segment, recording.package, name))),
    ),
  };
}

// --- internal ---

/** Both texts have one length. */
function replaceBytes(bytes: Uint8Array, from: string, to: string): Uint8Array {
  const copy = Buffer.from(bytes);
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + 1)) copy.write(to, at);
  return copy;
}
