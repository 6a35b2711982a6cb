/** Opening an uploaded trace segment without trusting it. */
import { FangsError } from "../protocol/errors.ts";
import { type RecordName, recordName, SEGMENT_LIMIT, TraceCursor } from "../protocol/trace.ts";

/** Most bytes of a compressed segment: incompressible records plus zstd's frame. */
export const COMPRESSED_LIMIT = SEGMENT_LIMIT + 4096;

const ZSTD_MAGIC = 0xfd2fb528;

/**
 * The records of a compressed segment. It must be exactly one frame that says how much it holds: so a bomb is refused
 * before it is opened. That the frame tells the truth is checked by zstd itself.
 *
 * @throws FangsError trace_corrupt
 */
export function decompressSegment(compressed: Uint8Array): Uint8Array {
  const size = contentSize(compressed);
  if (size === undefined) throw corrupt("it is not one zstd frame that tells its size");
  if (size > SEGMENT_LIMIT) throw corrupt(`it holds ${size} bytes, and ${SEGMENT_LIMIT} are allowed`);
  try {
    return Bun.zstdDecompressSync(compressed);
  } catch (cause) {
    throw corrupt("zstd cannot read it", cause);
  }
}

/**
 * Gives the memory of a decompressed segment back at once; it is empty from then on. Left to the garbage collector, each
 * segment is written to pages that the kernel must make first, which takes longer than to decompress it.
 */
export function discardSegment(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.byteLength) buffer.transfer(0);
}

/**
 * Walks all records; answers how many there are of each type (`unknown` for types of a later version).
 *
 * @throws FangsError trace_corrupt
 */
export function countRecords(bytes: Uint8Array): Map<RecordName | "unknown", number> {
  const counts = new Map<RecordName | "unknown", number>();
  const cursor = new TraceCursor(bytes);
  while (cursor.next()) {
    const name = recordName(cursor.type) ?? "unknown";
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

// --- internal ---

/** The content size of the only frame (RFC 8878, 3.1.1); undefined where it has none or is not alone. */
function contentSize(frame: Uint8Array): number | undefined {
  if (frame.length < 6) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (view.getUint32(0, true) !== ZSTD_MAGIC) return undefined;
  const descriptor = view.getUint8(4);
  const single = (descriptor & 0x20) !== 0;
  const at = 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]!;
  const width = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  if (width === 0 || at + width > frame.length) return undefined;
  const checksum = (descriptor & 4) === 0 ? 0 : 4;
  if (endOfBlocks(view, at + width) + checksum !== frame.length) return undefined;
  if (width === 1) return view.getUint8(at);
  if (width === 2) return view.getUint16(at, true) + 256;
  return width === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

/** Where the frame's last block ends, by the headers of its blocks; NaN where they leave the buffer. */
function endOfBlocks(view: DataView, start: number): number {
  for (let at = start; at + 3 <= view.byteLength;) {
    const header = view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
    const isRepeated = ((header >> 1) & 3) === 1;
    at += 3 + (isRepeated ? 1 : header >> 3);
    if ((header & 1) === 1) return at;
  }
  return Number.NaN;
}

function corrupt(why: string, cause?: unknown): FangsError {
  return new FangsError("trace_corrupt", `The trace segment cannot be read: ${why}.`, {
    cause,
    hint: "A segment is one zstd frame with its content size, as Bun.zstdCompressSync makes it.",
  });
}
