/** Bytes of a stream that are kept. */
export const STREAM_LIMIT = 4096;
/** Pieces that may wait for the one before them. */
const WAITING_LIMIT = 64;

/** The beginning of one connection, put together from the pieces that the process sent. */
export interface Stream {
  /** Takes a piece at its offset; true when that made the beginning longer. */
  add(offset: number, piece: Uint8Array): boolean;
  /** The bytes from the first on, without a gap. */
  beginning(): Uint8Array;
}

export function createStream(): Stream {
  let bytes = new Uint8Array(256);
  let length = 0;
  /** Pieces behind a gap, by where they start and end. */
  let waiting: (readonly [start: number, end: number])[] = [];
  return {
    add(offset, piece) {
      const end = Math.min(offset + piece.length, STREAM_LIMIT);
      if (offset >= end || end <= length || waiting.length === WAITING_LIMIT) return false;
      if (end > bytes.length) {
        const larger = new Uint8Array(Math.min(STREAM_LIMIT, Math.max(end, bytes.length * 2)));
        larger.set(bytes);
        bytes = larger;
      }
      // What was sent first counts: a second piece for the same place is not what the peer saw.
      const from = Math.max(offset, length);
      bytes.set(piece.subarray(from - offset, end - offset), from);
      const before = length;
      waiting.push([offset, end]);
      waiting.sort((a, b) => a[0] - b[0]);
      for (const [start, stop] of waiting) if (start <= length) length = Math.max(length, stop);
      waiting = waiting.filter(([, stop]) => stop > length);
      return length > before;
    },
    beginning: () => bytes.subarray(0, length),
  };
}
