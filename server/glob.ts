/** Patterns with `*` (any characters) and `?` (one character); everything else stands for itself. */

export interface Glob {
  /** The text before the first wildcard, and behind the last; both are the whole where there is none. */
  prefix: string;
  suffix: string;
  /** Whether the pattern is a text without a wildcard. */
  exact: boolean;
  /** The longest text between wildcards: whatever matches contains it. */
  longest: string;
  matches(text: string): boolean;
}

export function parseGlob(pattern: string): Glob {
  const texts = pattern.split(/[*?]/);
  return {
    prefix: texts[0] ?? "",
    suffix: texts.at(-1) ?? "",
    exact: texts.length === 1,
    longest: texts.reduce((longest, text) => (text.length > longest.length ? text : longest), ""),
    matches: (text) => matches([...pattern], [...text]),
  };
}

// --- internal ---

/**
 * On a mismatch only the last star takes one character more: what the stars before it took needs no second look. So the
 * time is the product of both lengths at most, where a regular expression's would be a power of the number of stars.
 */
function matches(pattern: readonly string[], text: readonly string[]): boolean {
  let at = 0;
  let star = -1;
  let taken = 0;
  for (let i = 0; i < text.length;) {
    if (at < pattern.length && pattern[at] !== "*" && (pattern[at] === "?" || pattern[at] === text[i])) {
      at++;
      i++;
    } else if (pattern[at] === "*") {
      star = at++;
      taken = i;
    } else if (star >= 0) {
      at = star + 1;
      i = ++taken;
    } else return false;
  }
  while (pattern[at] === "*") at++;
  return at === pattern.length;
}
