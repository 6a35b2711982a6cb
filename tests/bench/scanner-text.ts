// Strings with one character for each byte.

export const HEX = 1;
export const DIGIT = 2;
export const LOWER = 4;
export const UPPER = 8;
export const CLASSES: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) => {
  if (code >= 48 && code <= 57) return HEX | DIGIT;
  if (code >= 65 && code <= 90) return code <= 70 ? HEX | UPPER : UPPER;
  if (code >= 97 && code <= 122) return code <= 102 ? HEX | LOWER : LOWER;
  return 0;
});

/** End of the run of characters of these classes. */
export function skip(text: string, at: number, classes: number): number {
  while (at < text.length && ((CLASSES[text.charCodeAt(at)] ?? 0) & classes) !== 0) at++;
  return at;
}

export function isAll(text: string, classes: number): boolean {
  return text.length > 0 && skip(text, 0, classes) === text.length;
}

export function hasDigit(text: string): boolean {
  for (let at = 0; at < text.length; at++) if ((CLASSES[text.charCodeAt(at)] ?? 0) & DIGIT) return true;
  return false;
}
