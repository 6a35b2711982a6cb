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
