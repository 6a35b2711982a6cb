import { COLON, DIGIT, DOT, SPACE, UPPER, classAt, find, findLast, isAll, put, putByte } from "./bytes";

/** Writes a host name: trimmed of ASCII white space, one trailing dot off, ASCII letters in lower case. */
export function writeName(o: usize, p: usize, size: u32): usize {
  let end = p + size;
  while (p < end && isSpace(load<u8>(p))) p++;
  while (p < end && isSpace(load<u8>(end - 1))) end--;
  if (p < end && load<u8>(end - 1) == DOT) end--;
  for (; p < end; p++) o = putByte(o, load<u8>(p) | ((classAt(p) & UPPER) != 0 ? 0x20 : 0));
  return o;
}

/**
 * Writes `name:port`; returns 0 if it is malformed. A name that could be read as an address is malformed, too: who
 * controls the answers of a name server could pass one off as a known address.
 */
export function writeDestination(o: usize, p: usize, size: u32): usize {
  const end = p + size;
  const colon = findLast(p, end, COLON);
  if (colon < p || end - colon > 6 || !isAll(colon + 1, end, DIGIT)) return 0;
  const hostEnd = writeName(o, p, <u32>(colon - p));
  if (hostEnd == o || find(o, hostEnd, COLON) < hostEnd) return 0;
  if (isAll(findLast(o, hostEnd, DOT) + 1, hostEnd, DIGIT)) return 0;
  return put(hostEnd, colon, end);
}

function isSpace(byte: u8): bool {
  return byte == SPACE || <u8>(byte - 9) < 5;
}
