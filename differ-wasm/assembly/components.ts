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
  isAll,
  isHex,
  put,
  skip,
} from "./bytes";
import {
  isCacache,
  isContent,
  isDebugLog,
  isIndex,
  isLogs,
  isNodeModules,
  isTmp,
  putHash,
  putHex,
  putLogName,
  putRandom,
  putSha,
} from "./contract";
import { pieceEnd, pieceSize, pieceStart } from "./pieces";
import { hasRandomPart } from "./random";
import { SHORTEST, isDate, writeWords } from "./words";

/** The component behind those that writeComponent() took. */
export let nextPiece: u32 = 0;

/** Writes component i of a path at o, without a slash; returns the new end. The first rule that fits wins; `numbers`: see words.ts. */
export function writeComponent(o: usize, i: u32, count: u32, numbers: u32): usize {
  const start = pieceStart(i);
  const end = pieceEnd(i);
  nextPiece = i + 1;
  const isShort = end - start < SHORTEST;
  if (!isShort) {
    if (isMovedAside(start, end) && isInModules(i)) return putRandom(put(o, start, end - 8));
    if (i > 0 && nextPiece == count && isLogs(pieceStart(i - 1), pieceSize(i - 1)) && isDebugLogName(start, end)) {
      return putLogName(o);
    }
  }
  if (i >= 2) {
    const inCache = isCacache(pieceStart(i - 2), pieceSize(i - 2));
    if (inCache && isIndex(pieceStart(i - 1), pieceSize(i - 1)) && takeShards(i, count)) return putHash(o);
    if (inCache && isTmp(pieceStart(i - 1), pieceSize(i - 1)) && isCacheTemporary(start, end)) return putRandom(o);
    if (i >= 3 && isContentShard(i, count)) return putSha(o);
  }
  return isShort && !numbers ? put(o, start, end) : writeHidden(o, start, end, numbers);
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

/** Whether it is like `2026-05-22T17_02_24_700Z-debug-0.log`. */
function isDebugLogName(start: usize, end: usize): bool {
  if (!isDate(start, end)) return false;
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

/** Writes a component without the words that change. */
export function writeHidden(o: usize, start: usize, end: usize, numbers: u32): usize {
  if (end - start >= 12 && isHex(start, end)) return putHex(o);
  return writeWords(o, start, end, numbers);
}
