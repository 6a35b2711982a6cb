/** The part of the ini format that .npmrc files use. */

/** Keys and values of an .npmrc file; of a repeated key the last one counts. Sections and comments are skipped. */
export function parseNpmrc(text: string, environment: Record<string, string | undefined>): Map<string, string> {
  const out = new Map<string, string>();
  for (const raw of text.split(/\r?\n/)) {
    const line = raw.trim();
    if (line === "" || line.startsWith(";") || line.startsWith("#") || line.startsWith("[")) continue;
    const equals = line.indexOf("=");
    const key = equals < 0 ? line : line.slice(0, equals).trim();
    const value = equals < 0 ? "true" : unquote(line.slice(equals + 1).trim());
    out.set(expand(key, environment), expand(value, environment));
  }
  return out;
}

/** `${NAME}` replaced by the environment; `${NAME?}` by nothing if unset; an unset `${NAME}` stays, as npm does. */
function expand(text: string, environment: Record<string, string | undefined>): string {
  return text.replace(/(\\*)\$\{([^${}?]+)(\?)?\}/g, (whole, slashes: string, name: string, optional?: string) => {
    if (slashes.length % 2 === 1) return whole.slice(1);
    return environment[name] ?? (optional === undefined ? whole : "");
  });
}

function unquote(text: string): string {
  const quote = text[0];
  if (text.length > 1 && (quote === '"' || quote === "'") && text.endsWith(quote)) return text.slice(1, -1);
  const comment = text.search(/(?<!\\)\s[;#]/);
  return comment < 0 ? text : text.slice(0, comment).trim();
}
