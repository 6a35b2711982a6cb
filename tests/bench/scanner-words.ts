// The words that differ-rules.md hides in a component, by hand.
import { DIGIT, HEX, LOWER, UPPER, hasDigit, isAll, skip } from "./scanner-text.ts";

const WORD = DIGIT | LOWER | UPPER;
const UUID_GROUPS = [8, 4, 4, 4, 12];

/** `numbers`: hide no numbers of two or more digits, those that are words, or all. */
export function withoutWords(part: string, numbers: "none" | "words" | "all"): string {
  if (part.length >= 12 && isAll(part, HEX)) return "<HEX>";
  if (part.length < 7 && numbers === "none") return part;
  let text = "";
  for (let at = 0; at < part.length;) {
    const end = skip(part, at, WORD);
    if (end === at) {
      text += part[at++];
      continue;
    }
    const date = dateEnd(part, at);
    const uuid = uuidEnd(part, at);
    if (date > 0) text += "<DATE>";
    else if (uuid > 0) text += "<UUID>";
    else if (isHexWord(part, at, end)) text += "<HEX>";
    else if (isPid(part, at, end)) text += "<N>";
    else if (numbers === "all") text += withoutNumbers(part.slice(at, end));
    else text += numbers === "words" && isNumber(part, at, Math.max(2, end - at)) ? "<N>" : part.slice(at, end);
    at = Math.max(date, uuid, end);
  }
  return text;
}

function isHexWord(part: string, at: number, end: number): boolean {
  const size = end - at;
  if (size < 6 || (size < 12 && at === 0)) return false;
  const word = part.slice(at, end);
  if (size < 8) return end === part.length && isAll(word, DIGIT);
  return isAll(word, HEX) && hasDigit(word);
}

function isPid(part: string, at: number, end: number): boolean {
  if (at === 0 || part.charCodeAt(end) !== 45 || !isAll(part.slice(at, end), DIGIT)) return false;
  return uuidEnd(part, end + 1) > 0 || isHexWord(part, end + 1, skip(part, end + 1, WORD));
}

/** End of the UUID at `at`, 0 if there is none. */
function uuidEnd(part: string, at: number): number {
  for (const size of UUID_GROUPS) {
    if (skip(part, at, WORD) !== at + size || skip(part, at, HEX) !== at + size) return 0;
    if (size === 12) return at + size;
    if (part.charCodeAt(at + size) !== 45) return 0;
    at += size + 1;
  }
  return 0;
}

export function isDate(part: string, at = 0): boolean {
  if (part.charCodeAt(at + 4) !== 45 || part.charCodeAt(at + 7) !== 45) return false;
  return isNumber(part, at, 4) && isNumber(part, at + 5, 2) && isNumber(part, at + 8, 2);
}

/** End of the date at `at` with its time, 0 if there is none. */
function dateEnd(part: string, at: number): number {
  if (!isDate(part, at)) return 0;
  const time = at + 10;
  if (isWordEnd(part, time)) return time;
  const isTime =
    part[time] === "T" &&
    isNumber(part, time + 1, 2) &&
    isDivider(part[time + 3], ":") &&
    isNumber(part, time + 4, 2) &&
    isDivider(part[time + 6], ":") &&
    isNumber(part, time + 7, 2);
  if (!isTime) return 0;
  const thousandths = isDivider(part[time + 9], ".") && isNumber(part, time + 10, 3) ? zoneEnd(part, time + 13) : 0;
  return thousandths > 0 ? thousandths : zoneEnd(part, time + 9);
}

function isNumber(part: string, at: number, size: number): boolean {
  return at + size <= part.length && isAll(part.slice(at, at + size), DIGIT);
}

function isDivider(char: string | undefined, other: string): boolean {
  return char === "-" || char === "_" || char === other;
}

function zoneEnd(part: string, at: number): number {
  const end = part[at] === "Z" ? at + 1 : at;
  return isWordEnd(part, end) ? end : 0;
}

function isWordEnd(part: string, at: number): boolean {
  return skip(part, at, WORD) === at;
}

function withoutNumbers(word: string): string {
  let text = "";
  for (let at = 0; at < word.length;) {
    const end = skip(word, at, DIGIT);
    if (end - at >= 2) {
      text += "<N>";
      at = end;
    } else text += word[at++];
  }
  return text;
}
