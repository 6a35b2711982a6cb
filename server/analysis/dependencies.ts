import { printable } from "../../protocol/printable.ts";

const SLASH = 0x2f;
const DOT = 0x2e;
const AT = 0x40;
const SEGMENT = new TextEncoder().encode("node_modules/");
/** npm's own limit of a name. */
const NAME_LIMIT = 214;

/**
 * The dependency in whose directory a path lies, or which it names: the component behind the last
 * `node_modules` of a path below `modules` (`<project>/node_modules/`), two components where it is scoped.
 * null outside, and for hidden names such as `.bin`, which are npm's and no dependency's.
 */
export function dependencyBelow(modules: Uint8Array, path: Uint8Array, start: number, end: number): string | null {
  if (!startsWith(path, start, end, modules)) return null;
  let at = start + modules.length;
  for (let i = at; i + SEGMENT.length < end; i++) {
    if (path[i - 1] === SLASH && startsWith(path, i, end, SEGMENT)) at = i + SEGMENT.length;
  }
  if (at >= end || path[at] === DOT || path[at] === SLASH) return null;
  let stop = componentEnd(path, at, end);
  if (path[at] === AT) {
    if (stop + 1 >= end) return null;
    stop = componentEnd(path, stop + 1, end);
  }
  return stop - at > NAME_LIMIT ? null : printable(path.subarray(at, stop));
}

/** Whether the bytes from `start` begin with `prefix`. */
export function startsWith(bytes: Uint8Array, start: number, end: number, prefix: Uint8Array): boolean {
  if (end - start < prefix.length) return false;
  // Backwards: paths of one tree share their beginning.
  for (let i = prefix.length - 1; i >= 0; i--) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}

function componentEnd(path: Uint8Array, start: number, end: number): number {
  const slash = path.indexOf(SLASH, start);
  return slash < 0 || slash > end ? end : slash;
}
