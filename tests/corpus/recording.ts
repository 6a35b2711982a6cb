/** A recorded run as a file: zstd over `[u32 length][that much JSON][segments, one behind the other]`. */
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { RunResult } from "../../protocol/models.ts";

export interface Recording {
  package: string;
  version: string;
  result: RunResult;
  /** Decompressed, in order. */
  segments: Uint8Array[];
}

const ZSTD_LEVEL = 19;

export function encodeRecording({ segments, ...rest }: Recording): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify({ ...rest, sizes: segments.map(({ length }) => length) }));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, json.length, true);
  return Bun.zstdCompressSync(Buffer.concat([length, json, ...segments]), { level: ZSTD_LEVEL });
}

export function decodeRecording(compressed: Uint8Array): Recording {
  const bytes = Bun.zstdDecompressSync(new Uint8Array(compressed));
  const start = 4 + bytes.readUInt32LE(0);
  // The files are the project's own; record.ts wrote them.
  const { sizes, ...rest } = JSON.parse(bytes.toString("utf8", 4, start)) as Omit<Recording, "segments"> & {
    sizes: number[];
  };
  let at = start;
  const segments = sizes.map((size) => new Uint8Array(bytes.subarray(at, (at += size))));
  return { ...rest, segments };
}

/** All recordings by name, e.g. `express-4.21.2`. */
export function readCorpus(): Map<string, Recording> {
  const files = readdirSync(import.meta.dir).filter((file) => file.endsWith(".zst"));
  return new Map(
    files.sort().map((file) => [basename(file, ".zst"), decodeRecording(readFileSync(join(import.meta.dir, file)))]),
  );
}
