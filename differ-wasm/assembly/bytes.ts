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

/** 32 bytes of ones, then 32 of zeros: read at `TAIL_MASK + 32 - n`, it keeps the first n bytes of a block of 32. */
const TAIL_MASK: usize = memory.data(64, 16);

/** Class bits of each of the 256 bytes. */
const CLASSES: usize = memory.data(256);

/** Fills the tables; once per instance. */
export function classify(): void {
  memory.fill(TAIL_MASK, 0xff, 32);
  for (let c: u32 = 0x30; c <= 0x39; c++) store<u8>(CLASSES + c, HEX | DIGIT);
  for (let c: u32 = 0x41; c <= 0x5a; c++) store<u8>(CLASSES + c, c <= 0x46 ? HEX | UPPER : UPPER);
  for (let c: u32 = 0x61; c <= 0x7a; c++) store<u8>(CLASSES + c, c <= 0x66 ? HEX | LOWER : LOWER);
}

/** Where to read the mask that keeps the first n (0 to 32) bytes of a block. */
export function tailMask(n: usize): usize {
  return TAIL_MASK + 32 - n;
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

/** End of the run of hex digits that begins at p. */
export function skipHex(p: usize, end: usize): usize {
  if (ASC_FEATURE_SIMD) {
    for (; p < end; p += 16) {
      const others = (<u32>~hexBits(v128.load(p))) & 0xffff;
      if (others) return min(p + ctz(others), end);
    }
    return end;
  }
  return skip(p, end, HEX);
}

/** Whether from p to end there is nothing but hex digits, and at least one. */
export function isHex(p: usize, end: usize): bool {
  return p < end && skipHex(p, end) == end;
}

/** A bit for each of 16 bytes that is a hex digit. */
export function hexBits(bytes: v128): u64 {
  const digit = i8x16.lt_u(i8x16.sub(bytes, i8x16.splat(0x30)), i8x16.splat(10));
  const lower = v128.or(bytes, i8x16.splat(0x20));
  return i8x16.bitmask(v128.or(digit, i8x16.lt_u(i8x16.sub(lower, i8x16.splat(0x61)), i8x16.splat(6))));
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
  if (ASC_FEATURE_SIMD) {
    for (; size >= 16; size -= 16, a += 16, b += 16) {
      if (v128.any_true(v128.xor(v128.load(a), v128.load(b)))) return false;
    }
    return !v128.any_true(v128.and(v128.xor(v128.load(a), v128.load(b)), v128.load(tailMask(size))));
  }
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

/** Whether the value is readable ASCII without a backslash, which the host can show without looking at it. */
export function isPlainText(p: usize, size: usize): bool {
  if (ASC_FEATURE_SIMD) {
    for (let i: usize = 0; i < size; i += 16) {
      const bytes = v128.load(p + i);
      const odd = v128.or(i8x16.lt_s(bytes, i8x16.splat(0x20)), i8x16.eq(bytes, i8x16.splat(0x7f)));
      const escaped = v128.or(odd, i8x16.eq(bytes, i8x16.splat(0x5c)));
      if (v128.any_true(v128.and(escaped, v128.load(tailMask(min(size - i, 16)))))) return false;
    }
    return true;
  }
  for (const end = p + size; p < end; p++) {
    const byte = load<u8>(p);
    if (byte < 0x20 || byte >= 0x7f || byte == 0x5c) return false;
  }
  return true;
}
