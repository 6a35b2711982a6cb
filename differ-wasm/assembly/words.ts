import { DASH, DIGIT, DOT, LOWER, UNDERSCORE, UPPER, COLON, classAt, hasAny, isAll, isHex, put, putByte, skip } from "./bytes";
import { putDate, putHex, putNumber, putUuid } from "./contract";

/** Which numbers of two or more digits are hidden: none; those that are words; all. */
export const NO_NUMBERS: u32 = 0;
export const WORD_NUMBERS: u32 = 1;
export const ALL_NUMBERS: u32 = 2;

/** No component of fewer bytes has a word that is hidden: `.123456` is the shortest. */
export const SHORTEST: usize = 7;

const WORD: u8 = DIGIT | LOWER | UPPER;
const TIME: u8 = 0x54; // 'T'
const UTC: u8 = 0x5a; // 'Z'
const UUID_SIZE: usize = 36;

/**
 * Writes a component without what changes in it from run to run. A word is a longest run of ASCII letters and digits.
 * Hidden are dates, UUIDs and hex words, and decimal digits in front of a dash and one of the latter two: a pid. Below
 * temporary directories numbers are, too.
 */
export function writeWords(o: usize, start: usize, end: usize, numbers: u32): usize {
  let p = start;
  while (p < end) {
    const wordEnd = skip(p, end, WORD);
    if (wordEnd == p) {
      o = putByte(o, load<u8>(p++));
      continue;
    }
    const date = dateEnd(p, end);
    if (date) {
      o = putDate(o);
      p = date;
    } else if (isUuid(p, end)) {
      o = putUuid(o);
      p += UUID_SIZE;
    } else {
      if (isHexWord(p, wordEnd, start, end)) o = putHex(o);
      else if (isPid(p, wordEnd, start, end)) o = putNumber(o);
      else if (numbers == ALL_NUMBERS) o = putWithoutNumbers(o, p, wordEnd);
      else if (numbers && wordEnd - p >= 2 && isAll(p, wordEnd, DIGIT)) o = putNumber(o);
      else o = put(o, p, wordEnd);
      p = wordEnd;
    }
  }
  return o;
}

/** Whether it begins with `2026-05-22`. */
export function isDate(p: usize, end: usize): bool {
  if (end - p < 10 || load<u8>(p, 4) != DASH || load<u8>(p, 7) != DASH) return false;
  return isAll(p, p + 4, DIGIT) && isAll(p + 5, p + 7, DIGIT) && isAll(p + 8, p + 10, DIGIT);
}

/** End of the date that the word at p begins, with its time if it has one: `2026-05-22T17-02-24.700Z`; 0 if it begins none. */
function dateEnd(p: usize, end: usize): usize {
  if (!isDate(p, end)) return 0;
  p += 10;
  if (isWordEnd(p, end)) return p;
  if (end - p < 9 || load<u8>(p) != TIME || !isTime(p + 1)) return 0;
  p += 9;
  if (end - p >= 4 && isDivider(p, DOT) && isAll(p + 1, p + 4, DIGIT)) {
    const zone = zoneEnd(p + 4, end);
    if (zone) return zone;
  }
  return zoneEnd(p, end);
}

/** Whether the 8 bytes at p are like `17-02-24`. */
function isTime(p: usize): bool {
  if (!isDivider(p + 2, COLON) || !isDivider(p + 5, COLON)) return false;
  return isAll(p, p + 2, DIGIT) && isAll(p + 3, p + 5, DIGIT) && isAll(p + 6, p + 8, DIGIT);
}

function isDivider(p: usize, other: u8): bool {
  const byte = load<u8>(p);
  return byte == DASH || byte == UNDERSCORE || byte == other;
}

/** End of a `Z` at p, p without one; 0 if the word goes on there. */
function zoneEnd(p: usize, end: usize): usize {
  if (p < end && load<u8>(p) == UTC) p++;
  return isWordEnd(p, end) ? p : 0;
}

function isWordEnd(p: usize, end: usize): bool {
  return p == end || (classAt(p) & WORD) == 0;
}

function isUuid(p: usize, end: usize): bool {
  if (end - p < UUID_SIZE || load<u8>(p, 8) != DASH || load<u8>(p, 13) != DASH) return false;
  if (load<u8>(p, 18) != DASH || load<u8>(p, 23) != DASH || !isWordEnd(p + UUID_SIZE, end)) return false;
  return (
    isHex(p, p + 8) &&
    isHex(p + 9, p + 13) &&
    isHex(p + 14, p + 18) &&
    isHex(p + 19, p + 23) &&
    isHex(p + 24, p + UUID_SIZE)
  );
}

/** Hex digits, one of them decimal: 12 or more; 8 behind something; 6 decimal ones behind something at the end. */
function isHexWord(p: usize, wordEnd: usize, start: usize, end: usize): bool {
  const size = wordEnd - p;
  if (size < 6 || (size < 12 && p == start)) return false;
  // Not by hex: `id_ed25519` is a name.
  if (size < 8) return wordEnd == end && isAll(p, end, DIGIT);
  return isHex(p, wordEnd) && hasAny(p, wordEnd, DIGIT);
}

function isPid(p: usize, wordEnd: usize, start: usize, end: usize): bool {
  if (p == start || wordEnd == end || load<u8>(wordEnd) != DASH || !isAll(p, wordEnd, DIGIT)) return false;
  const next = wordEnd + 1;
  return isUuid(next, end) || isHexWord(next, skip(next, end, WORD), start, end);
}

function putWithoutNumbers(o: usize, p: usize, end: usize): usize {
  while (p < end) {
    const digits = skip(p, end, DIGIT);
    if (digits - p >= 2) {
      o = putNumber(o);
      p = digits;
    } else {
      o = putByte(o, load<u8>(p++));
    }
  }
  return o;
}
