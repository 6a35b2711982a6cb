import { DASH, DIGIT, DOT, HEX, LOWER, UNDERSCORE, UPPER, classAt, hasAny, isAll, skip } from "./bytes";
import { isTmp } from "./contract";

/**
 * Whether a name in a temporary directory has a random part: a longest run of ASCII letters and digits which is
 *  - 6 or more hex digits, one of them a decimal digit; or
 *  - 2 or more decimal digits behind a dash (a pid, a time); or
 *  - 6 or more letters and digits that are not shaped like a word, as mkdtemp makes them. A word is lower case, upper
 *    case or capitalised, and may end in digits: `cache`, `README`, `Makefile`, `python3` are words, `Xa81kQp2` is none.
 * Or it is named as Python's tempfile does, `tmp` and 8 of a-z0-9_, of which one in five would pass for a word.
 */
export function hasRandomPart(start: usize, end: usize): bool {
  if (isPythonTemporary(start, end)) return true;
  let p = start;
  while (p < end) {
    const runEnd = skip(p, end, DIGIT | LOWER | UPPER);
    if (runEnd - p >= 2 && isRandom(p, runEnd, p > start && load<u8>(p - 1) == DASH)) return true;
    p = runEnd + 1;
  }
  return false;
}

function isPythonTemporary(start: usize, end: usize): bool {
  if (end - start < 11 || !isTmp(start, 3)) return false;
  for (let p = start + 3; p < start + 11; p++) {
    if ((classAt(p) & (LOWER | DIGIT)) == 0 && load<u8>(p) != UNDERSCORE) return false;
  }
  return start + 11 == end || load<u8>(start, 11) == DOT;
}

function isRandom(p: usize, end: usize, behindDash: bool): bool {
  if (behindDash && isAll(p, end, DIGIT)) return true;
  if (end - p < 6) return false;
  if (isAll(p, end, HEX) && hasAny(p, end, DIGIT)) return true;
  return !isWord(p, end);
}

function isWord(p: usize, end: usize): bool {
  let letters = skip(p, end, LOWER);
  if (letters == p) {
    letters = skip(p, end, UPPER);
    if (letters == p + 1 && letters < end && (classAt(letters) & LOWER) != 0) letters = skip(letters, end, LOWER);
  }
  return skip(letters, end, DIGIT) == end;
}
