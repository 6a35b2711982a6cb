import { tailMask } from "./bytes";
import { HASH_MASK } from "./contract";
import { KEY, VALUE_MAX } from "./layout";

/**
 * Keyed NH (Black et al., UMAC, CRYPTO 1999: two values collide with at most 2^-32 for a secret key) with a bijective
 * finaliser. Up to 31 bytes behind the value are read, and do not count. The hash only finds a slot: equality is always
 * decided by comparing the bytes.
 */
export function hash(p: usize, size: u32, owner: u32): u64 {
  const end = p + ((<usize>size) & ~31);
  const mask = tailMask(size & 31);
  let key = KEY;
  let sum: u64 = 0;
  if (ASC_FEATURE_SIMD) {
    let lanes = i64x2.splat(0);
    for (; p < end; p += 32, key += 32) {
      const a = i32x4.add(v128.load(p), v128.load(key));
      const b = i32x4.add(v128.load(p, 16), v128.load(key, 16));
      lanes = i64x2.add(lanes, i64x2.extmul_low_i32x4_u(a, b));
      lanes = i64x2.add(lanes, i64x2.extmul_high_i32x4_u(a, b));
    }
    const a = i32x4.add(v128.and(v128.load(p), v128.load(mask)), v128.load(key));
    const b = i32x4.add(v128.and(v128.load(p, 16), v128.load(mask, 16)), v128.load(key, 16));
    lanes = i64x2.add(lanes, i64x2.extmul_low_i32x4_u(a, b));
    lanes = i64x2.add(lanes, i64x2.extmul_high_i32x4_u(a, b));
    sum = i64x2.extract_lane(lanes, 0) + i64x2.extract_lane(lanes, 1);
  } else {
    for (; p < end; p += 32, key += 32) {
      for (let i: usize = 0; i < 16; i += 4) {
        sum += <u64>(load<u32>(p + i) + load<u32>(key + i)) * <u64>(load<u32>(p + i, 16) + load<u32>(key + i, 16));
      }
    }
    for (let i: usize = 0; i < 16; i += 4) {
      const a = (load<u32>(p + i) & load<u32>(mask + i)) + load<u32>(key + i);
      const b = (load<u32>(p + i, 16) & load<u32>(mask + i, 16)) + load<u32>(key + i, 16);
      sum += <u64>a * <u64>b;
    }
  }
  sum ^= load<u64>(KEY + VALUE_MAX + 32) ^ ((((<u64>owner) << 32) | size) * 0x9e3779b97f4a7c15);
  sum = (sum ^ (sum >> 32)) * 0xd6e8feb86659fd93;
  sum = (sum ^ (sum >> 32)) * 0xd6e8feb86659fd93;
  return (sum ^ (sum >> 32)) & HASH_MASK;
}
