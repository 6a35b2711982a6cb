import { DOT, findSlash } from "./bytes";
import { PIECES } from "./layout";

// The components of the path at hand, as addresses of the bytes they came in.

/** Splits the absolute path at p into its components, `.` and empty ones left out, `..` resolved; returns how many. */
export function split(p: usize, size: u32): u32 {
  const end = p + size;
  let count: u32 = 0;
  while (p < end) {
    const start = p + 1; // behind the slash
    p = findSlash(start, end);
    const length = p - start;
    if (length == 0 || (length == 1 && load<u8>(start) == DOT)) continue;
    if (length == 2 && load<u8>(start) == DOT && load<u8>(start, 1) == DOT) {
      if (count) count--; // never above the root
      continue;
    }
    setPiece(count++, start, p);
  }
  return count;
}

export function setPiece(i: u32, start: usize, end: usize): void {
  const piece = PIECES + ((<usize>i) << 3);
  store<u32>(piece, <u32>start);
  store<u32>(piece, <u32>end, 4);
}

export function pieceStart(i: u32): usize {
  return load<u32>(PIECES + ((<usize>i) << 3));
}

export function pieceEnd(i: u32): usize {
  return load<u32>(PIECES + ((<usize>i) << 3), 4);
}

export function pieceSize(i: u32): usize {
  return pieceEnd(i) - pieceStart(i);
}
