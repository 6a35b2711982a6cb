/** What npm accepts as the name of a package and as an exact version. */
import { FangsError } from "../protocol/errors.ts";

const NAME_LIMIT = 214;
const VERSION_LIMIT = 256;

/** One part of a name. npm lets old packages keep capitals, so they pass; a leading `-` would be read as an option. */
const PART = /^[A-Za-z0-9~_.][A-Za-z0-9~_.-]*$/;
const RESERVED = new Set(["node_modules", "favicon.ico"]);

const NUMBER = "(?:0|[1-9]\\d*)";
const IDENTIFIER = "(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)";
/** The grammar of https://semver.org, without a leading `v` or a range. */
const EXACT = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-${IDENTIFIER}(?:\\.${IDENTIFIER})*)?(?:\\+[0-9A-Za-z-]+(?:\\.[0-9A-Za-z-]+)*)?$`,
);

/**
 * The name, unchanged, if npm accepts it.
 *
 * @throws FangsError invalid_name, the hint says which rule it breaks
 */
export function checkPackageName(name: string): string {
  const why = complaint(name);
  if (why === undefined) return name;
  throw new FangsError("invalid_name", `${quote(name)} is not an npm package name.`, { hint: why });
}

export function isPackageName(name: string): boolean {
  return complaint(name) === undefined;
}

/**
 * The version, unchanged, if it is one exact version.
 *
 * @throws FangsError invalid_version for ranges, tags and anything else
 */
export function checkVersion(version: string): string {
  if (isExactVersion(version)) return version;
  throw new FangsError("invalid_version", `${quote(version)} is not an exact version.`, {
    hint: "Give one published version such as 1.2.3 or 2.0.0-beta.1, without `v`, `^` or `~`.",
  });
}

/** Whether the text is one exact semantic version. */
export function isExactVersion(text: string): boolean {
  return text.length <= VERSION_LIMIT && EXACT.test(text);
}

/** The scope of a name with its `@`, undefined for a name without one. */
export function scopeOf(name: string): string | undefined {
  return name.startsWith("@") ? name.slice(0, name.indexOf("/")) : undefined;
}

// --- internal ---

function complaint(name: string): string | undefined {
  if (name === "") return "The name is empty.";
  if (name.length > NAME_LIMIT) return `A name has at most ${NAME_LIMIT} characters.`;
  if (name.startsWith(".") || name.startsWith("_")) return "A name cannot start with a dot or an underscore.";
  if (RESERVED.has(name.toLowerCase())) return "npm keeps this name for itself.";
  if (name.startsWith("@")) {
    const parts = name.slice(1).split("/");
    if (parts.length !== 2) return "A scoped name is written @scope/name.";
    if (parts[1]!.startsWith(".")) return "The part behind the scope cannot start with a dot.";
    if (!parts.every((part) => PART.test(part) && !/^\.+$/.test(part))) return charset;
    return undefined;
  }
  if (name.startsWith("-")) return "A name with a leading `-` would be read as an option.";
  return PART.test(name) ? undefined : charset;
}

const charset = "A name has letters, digits, `-`, `_`, `.` and `~` only; a scoped one is written @scope/name.";

/** Short and on one line: the text is a stranger's. */
function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
