import { COLON, DOT, putByte } from "./bytes";

/** Writes port (big-endian) and 4 or 16 address bytes as `ip:port` or `[v6]:port`; returns 0 if the size is wrong. */
export function writeAddress(o: usize, p: usize, size: u32): usize {
  const port = bswap<u16>(load<u16>(p));
  if (size == 6) return writePort(writeV4(o, p + 2), port);
  if (size != 18) return 0;
  const isMapped = load<u64>(p, 2) == 0 && load<u32>(p, 10) == 0xffff0000; // ::ffff:0:0/96
  if (isMapped) return writePort(writeV4(o, p + 14), port);
  o = writeV6(putByte(o, 0x5b), p + 2);
  return writePort(putByte(o, 0x5d), port);
}

function writePort(o: usize, port: u16): usize {
  return putDecimal(putByte(o, COLON), port);
}

function writeV4(o: usize, p: usize): usize {
  for (let i: usize = 0; i < 4; i++) {
    if (i) o = putByte(o, DOT);
    o = putDecimal(o, load<u8>(p + i));
  }
  return o;
}

/** RFC 5952: lower case, no leading zeros, the first longest run of two or more zero groups as `::`. */
function writeV6(o: usize, p: usize): usize {
  let gap: u32 = 8;
  let gapSize: u32 = 1;
  for (let i: u32 = 0; i < 8; i++) {
    let j = i;
    while (j < 8 && group(p, j) == 0) j++;
    if (j - i > gapSize) {
      gap = i;
      gapSize = j - i;
    }
  }
  for (let i: u32 = 0; i < 8; i++) {
    if (i == gap) {
      o = putByte(putByte(o, COLON), COLON);
      i += gapSize - 1;
      continue;
    }
    if (i && i != gap + gapSize) o = putByte(o, COLON);
    o = putHexadecimal(o, group(p, i));
  }
  return o;
}

function group(p: usize, i: u32): u32 {
  return bswap<u16>(load<u16>(p + (i << 1)));
}

function putDecimal(o: usize, value: u32): usize {
  let divisor: u32 = 1;
  while (value / divisor >= 10) divisor *= 10;
  for (; divisor; divisor /= 10) o = putByte(o, <u8>(0x30 + ((value / divisor) % 10)));
  return o;
}

function putHexadecimal(o: usize, value: u32): usize {
  let shift: u32 = 12;
  while (shift && value >> shift == 0) shift -= 4;
  for (let at = <i32>shift; at >= 0; at -= 4) {
    const digit = (value >> at) & 15;
    o = putByte(o, <u8>(digit < 10 ? 0x30 + digit : 0x57 + digit));
  }
  return o;
}
