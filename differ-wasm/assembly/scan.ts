import { DASH, DOT, SLASH, UNDERSCORE, hexBits } from "./bytes";
import { isNodeModules } from "./contract";

/** The slash in front of the last `node_modules` that something follows, as isSettled() found it; 0 if there is none. */
export let modulesAt: usize = 0;

/** Bytes of one look, and how far the next one begins behind: what is looked for ends within 16 bytes. */
const LOOK: usize = 64;
const STEP: usize = 48;

/**
 * Whether no rule can apply to the absolute path at p but those for roots, /proc and temporary directories. Most paths
 * of a run are such, and none of their components is looked at. In doubt the answer is no: then the rules decide.
 */
export function isSettled(p: usize, size: u32): bool {
  const end = p + size;
  let lastSlash = p;
  modulesAt = 0;
  for (let at = p; ; at += STEP) {
    const left = end - at;
    // Masks with a bit for each byte.
    let bytes = v128.load(at);
    let slashes = slashBits(bytes);
    let dashes = dashBits(bytes);
    let odd = oddBits(bytes);
    let hex = hexBits(bytes);
    if (left > 16) {
      bytes = v128.load(at, 16);
      slashes |= slashBits(bytes) << 16;
      dashes |= dashBits(bytes) << 16;
      odd |= oddBits(bytes) << 16;
      hex |= hexBits(bytes) << 16;
    }
    if (left > 32) {
      bytes = v128.load(at, 32);
      slashes |= slashBits(bytes) << 32;
      dashes |= dashBits(bytes) << 32;
      odd |= oddBits(bytes) << 32;
      hex |= hexBits(bytes) << 32;
    }
    if (left > 48) {
      bytes = v128.load(at, 48);
      slashes |= slashBits(bytes) << 48;
      dashes |= dashBits(bytes) << 48;
      odd |= oddBits(bytes) << 48;
      hex |= hexBits(bytes) << 48;
    }
    if (left < LOOK) {
      const inside = ((<u64>1) << (<u64>left)) - 1;
      slashes &= inside;
      odd &= inside;
      hex &= inside;
    }
    // `//`, `/.` and `/_`: to be cleaned up, or what npm moved aside, its logs and its cache.
    if (((slashes << 1) & odd) != 0) return false;
    // 6 hex digits, or what may be a date: 4, a dash, 2, a dash.
    const hex2 = hex & (hex >> 1);
    const hex4 = hex2 & (hex2 >> 2);
    if ((hex4 & ((hex2 >> 4) | ((dashes >> 4) & (hex2 >> 5) & (dashes >> 7)))) != 0) return false;
    // Slashes with 12 bytes between them.
    for (let pairs = slashes & (slashes >> 13); pairs != 0; pairs &= pairs - 1) {
      const slash = at + <usize>ctz(pairs);
      if (isNodeModules(slash + 1, 12)) modulesAt = slash;
    }
    if (slashes != 0) lastSlash = at + 63 - <usize>clz(slashes);
    if (left <= LOOK) break;
  }
  // A slash at the end is to be cleaned up.
  return lastSlash + 1 < end;
}

function slashBits(bytes: v128): u64 {
  return i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(SLASH)));
}

function dashBits(bytes: v128): u64 {
  return i8x16.bitmask(i8x16.eq(bytes, i8x16.splat(DASH)));
}

function oddBits(bytes: v128): u64 {
  const dotOrSlash = v128.or(i8x16.eq(bytes, i8x16.splat(DOT)), i8x16.eq(bytes, i8x16.splat(SLASH)));
  return i8x16.bitmask(v128.or(dotOrSlash, i8x16.eq(bytes, i8x16.splat(UNDERSCORE))));
}
