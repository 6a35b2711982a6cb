import { DIGIT, LESS, SLASH, isAll, put, putByte } from "./bytes";
import { nextPiece, writeComponent, writeHidden } from "./components";
import {
  isDescriptors,
  isDev,
  isProc,
  isSelf,
  isShm,
  isTask,
  isTmp,
  isVar,
  putAnyBelow,
  putHere,
  putNumber,
  putPid,
  putRandom,
  putSelf,
  putThread,
} from "./contract";
import { applyOperatorRules, operatorText, operatorTextEnd } from "./operator-rules";
import { pieceEnd, pieceSize, pieceStart, split } from "./pieces";
import { hasRandomPart } from "./random";
import { UNSURE, rootIsPackage, rootPieces, writeRoot, writeSettledRoot } from "./roots";
import { isSettled } from "./scan";
import { ALL_NUMBERS, NO_NUMBERS, WORD_NUMBERS } from "./words";

/** Where the path begins that normalPath() gave: where it came in if it is in its normal form there, else at o. */
export let pathStart: usize = 0;

/** Gives the path at p in its normal form, see pathStart, and returns its end. */
export function normalPath(o: usize, p: usize, size: u32, pid: u32, fold: bool): usize {
  pathStart = o;
  let end = ASC_FEATURE_SIMD ? settledPath(o, p, size, fold) : 0;
  if (end == 0) end = writePathByRules(o, p, size, pid, fold);
  if (!applyOperatorRules(pathStart, end)) return end;
  pathStart = operatorText;
  return operatorTextEnd;
}

/** Writes the path at p in its normal form and returns the new end. */
export function writePath(o: usize, p: usize, size: u32, pid: u32, fold: bool): usize {
  const end = writePathByRules(o, p, size, pid, fold);
  return applyOperatorRules(o, end) ? put(o, operatorText, operatorTextEnd) : end;
}

/** The quick way, for most paths of a run; 0 if this is none of them. */
function settledPath(o: usize, p: usize, size: u32, fold: bool): usize {
  if (load<u8>(p) != SLASH || !isSettled(p, size)) return 0;
  const end = p + size;
  const rooted = writeSettledRoot(o, p, end, fold);
  if (rooted) return rooted == UNSURE ? 0 : rooted;
  if (isSpecial(p, size)) return 0;
  pathStart = p;
  return end;
}

/** Whether the path could lie below /proc, /tmp, /var/tmp or /dev/shm. */
function isSpecial(p: usize, size: u32): bool {
  return size > 4 && (isProc(p + 1, 4) || isTmp(p + 1, 3) || isVar(p + 1, 3) || isDev(p + 1, 3));
}

/**
 * The components by their rules. A value that is no absolute path (`memfd:x`,
 * `@socket`) is kept; should it begin like a placeholder, `./` in front tells it from a real one.
 */
function writePathByRules(o: usize, p: usize, size: u32, pid: u32, fold: bool): usize {
  if (load<u8>(p) != SLASH) {
    if (load<u8>(p) == LESS) o = putHere(o);
    return put(o, p, p + size);
  }
  const count = split(p, size);
  const rooted = writeRoot(o, count);
  if (rooted) {
    if (fold && rootIsPackage) return putAnyBelow(rooted);
    return writeFrom(rooted, rootPieces, count, NO_NUMBERS);
  }
  if (count == 0) return putByte(o, SLASH);
  if (isProc(pieceStart(0), pieceSize(0))) return writeProcesses(o, count, pid);
  const temporary = temporaryAt(count);
  if (temporary) {
    o = putPlain(o, 0);
    if (temporary == 2) o = putPlain(o, 1);
    if (hasRandomPart(pieceStart(temporary), pieceEnd(temporary))) {
      o = putRandom(putByte(o, SLASH));
    } else {
      o = writeHidden(putByte(o, SLASH), pieceStart(temporary), pieceEnd(temporary), ALL_NUMBERS);
    }
    return writeFrom(o, temporary + 1, count, WORD_NUMBERS);
  }
  return writeFrom(o, 0, count, NO_NUMBERS);
}

/** Writes the components from i on, each behind a slash. */
function writeFrom(o: usize, i: u32, count: u32, numbers: u32): usize {
  for (; i < count; i = nextPiece) o = writeComponent(putByte(o, SLASH), i, count, numbers);
  return o;
}

function putPlain(o: usize, i: u32): usize {
  return put(putByte(o, SLASH), pieceStart(i), pieceEnd(i));
}

/** Index of the component directly below /tmp, /var/tmp or /dev/shm; 0 if there is none. */
function temporaryAt(count: u32): u32 {
  if (count >= 2 && isTmp(pieceStart(0), pieceSize(0))) return 1;
  if (count < 3) return 0;
  if (isVar(pieceStart(0), pieceSize(0)) && isTmp(pieceStart(1), pieceSize(1))) return 2;
  if (isDev(pieceStart(0), pieceSize(0)) && isShm(pieceStart(1), pieceSize(1))) return 2;
  return 0;
}

function writeProcesses(o: usize, count: u32, pid: u32): usize {
  o = putPlain(o, 0);
  let i: u32 = 1;
  while (i < count) {
    o = putByte(o, SLASH);
    if (isNumber(i) && i == 1) {
      o = isDecimal(1, pid) ? putSelf(o) : putPid(o);
    } else if (isNumber(i) && i == 3 && isTask(pieceStart(2), pieceSize(2)) && isProcess(1)) {
      o = putThread(o);
    } else if (isNumber(i) && isDescriptors(pieceStart(i - 1), pieceSize(i - 1))) {
      o = putNumber(o);
    } else {
      o = writeComponent(o, i, count, NO_NUMBERS);
      i = nextPiece;
      continue;
    }
    i++;
  }
  return o;
}

function isNumber(i: u32): bool {
  return isAll(pieceStart(i), pieceEnd(i), DIGIT);
}

function isProcess(i: u32): bool {
  return isNumber(i) || isSelf(pieceStart(i), pieceSize(i));
}

/** Whether component i, all digits, is how the kernel writes `number`. */
function isDecimal(i: u32, number: u32): bool {
  if (pieceSize(i) > 10 || load<u8>(pieceStart(i)) == 0x30) return false;
  let value: u64 = 0;
  for (let p = pieceStart(i); p < pieceEnd(i); p++) value = value * 10 + (load<u8>(p) - 0x30);
  return value == number;
}
