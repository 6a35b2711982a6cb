import { COLON, DASH, DIGIT, EQUALS, SLASH, SPACE, find, findLast, isAll, put, putByte } from "./bytes";
import { putNumber, putRest } from "./contract";
import { writePath } from "./path";

const MOST_TOKENS: u32 = 64;

/** Writes argv, NUL-separated: each token in its normal form, joined by a space; what is behind the 64th as `…`. */
export function writeCommand(o: usize, p: usize, size: u32, pid: u32): usize {
  let end = p + size;
  if (load<u8>(end - 1) == 0) end--;
  for (let tokens: u32 = 0; tokens < MOST_TOKENS; tokens++) {
    const tokenEnd = find(p, end, 0);
    o = writeToken(o, p, tokenEnd, pid);
    if (tokenEnd == end) return o;
    o = putByte(o, SPACE);
    p = tokenEnd + 1;
  }
  return putRest(o);
}

function writeToken(o: usize, p: usize, end: usize, pid: u32): usize {
  if (p == end) return o;
  if (load<u8>(p) == SLASH) return writePath(o, p, <u32>(end - p), pid, false);
  if (load<u8>(p) == DASH) {
    const path = find(p, end, EQUALS) + 1;
    if (path < end && load<u8>(path) == SLASH) {
      return writePath(put(o, p, path), path, <u32>(end - path), pid, false);
    }
  }
  if (isAll(p, end, DIGIT)) return putNumber(o);
  const colon = findLast(p, end, COLON);
  if (colon >= p && isAll(colon + 1, end, DIGIT)) return putNumber(put(o, p, colon + 1));
  return put(o, p, end);
}
