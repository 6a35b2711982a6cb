export const SLASH: u8 = 0x2f;
export const DOT: u8 = 0x2e;
export const DASH: u8 = 0x2d;
export const COLON: u8 = 0x3a;
export const EQUALS: u8 = 0x3d;
export const SPACE: u8 = 0x20;
export const UNDERSCORE: u8 = 0x5f;
export const AT: u8 = 0x40;
export const LESS: u8 = 0x3c;
export const GREATER: u8 = 0x3e;

export const HEX: u8 = 1;
export const DIGIT: u8 = 2;
export const LOWER: u8 = 4;
export const UPPER: u8 = 8;

/** Class bits of each of the 256 bytes. */
const CLASSES: usize = memory.data(256);

/** Fills the class table; once per instance. */
export function classify(): void {
  for (let c: u32 = 0x30; c <= 0x39; c++) store<u8>(CLASSES + c, HEX | DIGIT);
  for (let c: u32 = 0x41; c <= 0x5a; c++) store<u8>(CLASSES + c, c <= 0x46 ? HEX | UPPER : UPPER);
  for (let c: u32 = 0x61; c <= 0x7a; c++) store<u8>(CLASSES + c, c <= 0x66 ? HEX | LOWER : LOWER);
}

/** The class bits of the byte at p. */
export function classAt(p: usize): u8 {
  return load<u8>(CLASSES + load<u8>(p));
}

/** End of the run of bytes of any of these classes that begins at p. */
export function skip(p: usize, end: usize, classes: u8): usize {
  while (p < end && (classAt(p) & classes) != 0) p++;
  return p;
}

/** Whether from p to end there is nothing but bytes of these classes, and at least one. */
export function isAll(p: usize, end: usize, classes: u8): bool {
  return p < end && skip(p, end, classes) == end;
}

/** Whether a byte of this class is between p and end. */
export function hasAny(p: usize, end: usize, classes: u8): bool {
  while (p < end && (classAt(p) & classes) == 0) p++;
  return p < end;
}

/** First slash at or behind p, or end. */
export function findSlash(p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    for (; p < end; p += 16) {
      const hits = i8x16.bitmask(i8x16.eq(v128.load(p), i8x16.splat(SLASH)));
      if (hits) return min(p + ctz(hits), end);
    }
    return end;
  }
  return find(p, end, SLASH);
}

/** First such byte at or behind p, or end. */
export function find(p: usize, end: usize, byte: u8): usize {
  while (p < end && load<u8>(p) != byte) p++;
  return p;
}

/** Last such byte between start and end, or start - 1. */
export function findLast(start: usize, end: usize, byte: u8): usize {
  let p = end - 1;
  while (p >= start && load<u8>(p) != byte) p--;
  return p;
}

export function same(a: usize, b: usize, size: usize): bool {
  for (; size >= 8; size -= 8, a += 8, b += 8) if (load<u64>(a) != load<u64>(b)) return false;
  return size == 0 || (load<u64>(a) ^ load<u64>(b)) << ((8 - <u64>size) << 3) == 0;
}

/** Copies from p to end, and up to 15 bytes of slack behind; returns the new end. */
export function put(o: usize, p: usize, end: usize): usize {
  const size = end - p;
  if (ASC_FEATURE_SIMD) {
    for (let i: usize = 0; i < size; i += 16) v128.store(o + i, v128.load(p + i));
  } else {
    for (let i: usize = 0; i < size; i += 8) store<u64>(o + i, load<u64>(p + i));
  }
  return o + size;
}

export function putByte(o: usize, byte: u8): usize {
  store<u8>(o, byte);
  return o + 1;
}
