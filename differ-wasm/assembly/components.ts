import {
  AT,
  DASH,
  DIGIT,
  DOT,
  HEX,
  LOWER,
  UNDERSCORE,
  UPPER,
  classAt,
  findLast,
  hasAny,
  isAll,
  isHex,
  put,
  skip,
  skipHex,
} from "./bytes";
import {
  isCacache,
  isContent,
  isDebugLog,
  isIndex,
  isLogs,
  isNodeModules,
  isTmp,
  putDate,
  putHash,
  putHex,
  putLogName,
  putRandom,
  putSha,
  putUuid,
} from "./contract";
import { pieceEnd, pieceSize, pieceStart } from "./pieces";
import { hasRandomPart } from "./random";

/** The component behind those that writeComponent() took. */
export let nextPiece: u32 = 0;

/** No rule but the cache's touches a component of fewer bytes: `.a-12345678` is the shortest of all. */
const SHORTEST: usize = 11;

/** Writes component i of a path at o, without a slash; returns the new end. The first rule that fits wins. */
export function writeComponent(o: usize, i: u32, count: u32): usize {
  const start = pieceStart(i);
  const end = pieceEnd(i);
  nextPiece = i + 1;
  const isShort = end - start < SHORTEST;
  if (!isShort) {
    if (isMovedAside(start, end) && isInModules(i)) return putRandom(put(o, start, end - 8));
    if (nextPiece == count && isDate(start, end)) {
      if (i > 0 && isDebugLogName(start, end) && isLogs(pieceStart(i - 1), pieceSize(i - 1))) return putLogName(o);
      if (end - start > 11 && load<u8>(start, 10) == DOT) return put(putDate(o), start + 10, end);
    }
  }
  if (i >= 2) {
    const inCache = isCacache(pieceStart(i - 2), pieceSize(i - 2));
    if (inCache && isIndex(pieceStart(i - 1), pieceSize(i - 1)) && takeShards(i, count)) return putHash(o);
    if (inCache && isTmp(pieceStart(i - 1), pieceSize(i - 1)) && isCacheTemporary(start, end)) return putRandom(o);
    if (i >= 3 && isContentShard(i, count)) return putSha(o);
  }
  return isShort ? put(o, start, end) : writeHex(o, start, end);
}

/** `.name-Ab12Cd34`: what npm renames a package's directory to while it puts another in its place. */
function isMovedAside(start: usize, end: usize): bool {
  if (end - start < 11 || load<u8>(start) != DOT || load<u8>(end - 9) != DASH) return false;
  for (let p = end - 8; p < end; p++) {
    const byte = load<u8>(p);
    if ((classAt(p) & (DIGIT | LOWER | UPPER)) == 0 && byte != DASH && byte != UNDERSCORE) return false;
  }
  return true;
}

/** Whether component i is directly below node_modules, or below a scope there. */
function isInModules(i: u32): bool {
  if (i == 0) return false;
  if (isNodeModules(pieceStart(i - 1), pieceSize(i - 1))) return true;
  return i >= 2 && load<u8>(pieceStart(i - 1)) == AT && isNodeModules(pieceStart(i - 2), pieceSize(i - 2));
}

/** Whether it begins with `2026-05-22`. */
function isDate(p: usize, end: usize): bool {
  if (end - p < 10 || load<u8>(p, 4) != DASH || load<u8>(p, 7) != DASH) return false;
  return isAll(p, p + 4, DIGIT) && isAll(p + 5, p + 7, DIGIT) && isAll(p + 8, p + 10, DIGIT);
}

/** Whether what begins with a date goes on like `T17_02_24_700Z-debug-0.log`. */
function isDebugLogName(start: usize, end: usize): bool {
  const time = start + 11;
  let p = time;
  if (p >= end || load<u8>(start, 10) != 0x54) return false; // 'T'
  while (p < end && ((classAt(p) & DIGIT) != 0 || load<u8>(p) == UNDERSCORE)) p++;
  if (p == time || p + 8 > end || !isDebugLog(p, 8)) return false;
  const dot = skip(p + 8, end, DIGIT);
  return dot > p + 8 && dot + 4 == end && load<u32>(dot) == 0x676f6c2e; // ".log"
}

function isContentShard(i: u32, count: u32): bool {
  return (
    isContent(pieceStart(i - 2), pieceSize(i - 2)) &&
    isCacache(pieceStart(i - 3), pieceSize(i - 3)) &&
    takeShards(i, count)
  );
}

/** Takes `xx/xx/<hex>`, or as much of it as there is: npm makes the directories one by one. */
function takeShards(i: u32, count: u32): bool {
  if (!isShard(i)) return false;
  if (i + 1 < count && isShard(i + 1)) {
    nextPiece = i + 2;
    if (i + 2 < count && isHex(pieceStart(i + 2), pieceEnd(i + 2))) nextPiece = i + 3;
  }
  return true;
}

function isShard(i: u32): bool {
  return pieceSize(i) == 2 && isHex(pieceStart(i), pieceEnd(i));
}

/** A UUID or hex, or a prefix with a random part such as `git-cloneXa81kQ`. */
function isCacheTemporary(start: usize, end: usize): bool {
  let p = start;
  while (p < end && ((classAt(p) & HEX) != 0 || load<u8>(p) == DASH)) p++;
  return p == end || hasRandomPart(start, end);
}

function writeHex(o: usize, start: usize, end: usize): usize {
  const hexEnd = skipHex(start, end);
  if (hexEnd == end && end - start >= 12) return putHex(o);
  if (hexEnd == start + 8 && isUuid(start, end)) return putUuid(o);
  return writeHashedName(o, start, end);
}

function isUuid(p: usize, end: usize): bool {
  if (end - p != 36 || load<u8>(p, 8) != DASH || load<u8>(p, 13) != DASH) return false;
  if (load<u8>(p, 18) != DASH || load<u8>(p, 23) != DASH) return false;
  return (
    isHex(p, p + 8) && isHex(p + 9, p + 13) && isHex(p + 14, p + 18) && isHex(p + 19, p + 23) && isHex(p + 24, end)
  );
}

/** `name-<hex>.ext`: the hex behind the last dash has 8 or more digits, one of them decimal. */
function writeHashedName(o: usize, start: usize, end: usize): usize {
  if (end - start >= 12) {
    const hex = findLast(start, end, DASH) + 1;
    const dot = skipHex(hex, end);
    if (hex > start + 1 && dot - hex >= 8 && dot + 1 < end && load<u8>(dot) == DOT && hasAny(hex, dot, DIGIT)) {
      return put(putHex(put(o, start, hex)), dot, end);
    }
  }
  return put(o, start, end);
}
