import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TraceCursor } from "../../../protocol/trace.ts";
import { decodeRecord, type TraceRecord } from "../../../protocol/trace-codec.ts";
import { traceCommand } from "../../../runner/trace-command.ts";

/** Why the sensor's tests can't run here, undefined where they can. */
export const unavailable = process.getuid?.() === 0 ? undefined : "the probes need root";
if (unavailable !== undefined) process.stderr.write(`skipped: ${unavailable}\n`);

/** A directory of this test run's own. */
export const directory: string = mkdtempSync(join(tmpdir(), "fangs-sensor-"));

/** The compiled acts.c. */
export function acts(): string {
  const program = join(directory, "acts");
  const built = Bun.spawnSync(["gcc", "-O1", "-Wall", "-Wextra", "-o", program, join(import.meta.dir, "acts.c")]);
  if (built.exitCode !== 0) throw new Error(built.stderr.toString());
  return program;
}

export type Of<Name extends TraceRecord["record"]> = Extract<TraceRecord, { record: Name }>;

/** Runs a command under the real sensor and returns its records. */
export async function trace(argv: string[]) {
  const records: TraceRecord[] = [];
  const end = await traceCommand(
    argv,
    (segment) => {
      const cursor = new TraceCursor(segment);
      while (cursor.next()) records.push(decodeRecord(cursor)!);
    },
    new AbortController().signal,
  );
  return {
    ...end,
    records,
    of: <Name extends TraceRecord["record"]>(name: Name): Of<Name>[] =>
      records.filter((record): record is Of<Name> => record.record === name),
  };
}

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
