import { printableText } from "../protocol/printable.ts";

/**
 * Text of others as it can be shown: whatever could move the cursor, set colours, break the line or turn the
 * reading direction is written as an escape such as `\x1b`. Longer than `limit` characters: cut, with the number
 * of characters that were left out.
 */
export function safe(text: string, limit = 4096): string {
  if (text.length <= limit) return printableText(text);
  return `${printableText(text.slice(0, limit))}… (+${text.length - limit})`;
}

/** JSON on one line: as harmless on a terminal as `safe` text, and the same value to a parser. */
export function safeJson(value: unknown): string {
  return JSON.stringify(value).replace(INVISIBLE, (character) =>
    Array.from({ length: character.length }, (_, unit) => {
      return `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`;
    }).join(""),
  );
}

// --- internal ---

/** What `printableText` escapes; JSON.stringify itself escapes C0 alone. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
