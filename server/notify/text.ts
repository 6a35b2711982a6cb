/** Text of strangers in a message: bounded, on one line, and meaning nothing to whoever shows it. */
import { printableText } from "../../protocol/printable.ts";

/** On one line, controls and direction-changing characters escaped, at most so many characters (UTF-16 units). */
export function oneLine(text: string, limit: number): string {
  return cut(printableText(text.slice(0, limit + 1)), limit);
}

/** Cut to a limit with `…`, never within a surrogate pair. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${text.slice(0, Math.max(0, limit - 1)).replace(/[\uD800-\uDBFF]$/u, "")}…`;
}

/** `1 deviation`, `2 deviations`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
