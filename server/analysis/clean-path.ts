const SLASH = 0x2f;
const DOT = 0x2e;
/** Names of the root itself, as a process can ask for it: the rest of the path says the same without them. */
const ROOT_ALIASES = /^\/proc\/(?:self|thread-self|\d+)(?:\/task\/\d+)?\/root(?=\/)/;

/**
 * A path that was joined with a directory, not resolved by the kernel, in its plain form: `..`, `.`, empty
 * components and `/proc/self/root` taken out, as the kernel would where no link is in the way. The bytes
 * themselves when there is nothing to do.
 */
export function cleanPath(path: Uint8Array): Uint8Array {
  if (!needsCleaning(path)) return path;
  // Buffer's latin1 keeps every byte as it is; TextDecoder's is Windows-1252.
  let plain = resolve(Buffer.from(path).toString("latin1"));
  while (ROOT_ALIASES.test(plain)) plain = plain.replace(ROOT_ALIASES, "");
  return Buffer.from(plain, "latin1");
}

function resolve(text: string): string {
  const kept: string[] = [];
  for (const part of text.split("/")) {
    if (part === "..") kept.pop();
    else if (part !== "" && part !== ".") kept.push(part);
  }
  return `/${kept.join("/")}`;
}

function needsCleaning(path: Uint8Array): boolean {
  if (path[0] !== SLASH) return false;
  if (path.length > 1 && path[path.length - 1] === SLASH) return true;
  for (let i = 1; i < path.length; i++) {
    if (path[i - 1] !== SLASH) continue;
    if (path[i] === SLASH || path[i] === DOT) return true;
  }
  return path[1] === 0x70 && path[2] === 0x72 && path[3] === 0x6f && path[4] === 0x63; // /proc
}
