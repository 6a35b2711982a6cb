/** Which route a path is of. */
import type { Route } from "./route.ts";

export interface Match {
  /** undefined: the path is known, this method of it is not. */
  route: Route | undefined;
  /** The variable parts of the path, decoded; undefined where one is not well-formed percent encoding. */
  params: Record<string, string | undefined>;
  /** The methods that the path knows. */
  methods: string[];
}

/**
 * Finds routes by method and path, undefined for a path that no route has. Between `/a/b` and `/a/:x` the one with the word
 * counts. A slash at the end is no part of a path.
 */
export function createMatcher(routes: readonly Route[]): (method: string, path: string) => Match | undefined {
  const places = routes.map((route) => ({ route, parts: partsOf(route.path) })).toSorted(wordsFirst);
  const byLength = Map.groupBy(places, ({ parts }) => parts.length);
  return (method, path) => {
    const given = partsOf(path);
    const fitting = (byLength.get(given.length) ?? []).filter(({ parts }) => fits(parts, given));
    if (fitting.length === 0) return undefined;
    const place = fitting.find(({ route }) => route.method === method);
    return {
      route: place?.route,
      params: place === undefined ? {} : parametersOf(place.parts, given),
      methods: [...new Set(fitting.map(({ route }) => route.method))],
    };
  };
}

// --- internal ---

function partsOf(path: string): string[] {
  return (path.endsWith("/") ? path.slice(0, -1) : path).split("/");
}

const isVariable = (part: string): boolean => part.startsWith(":");

function wordsFirst(a: { parts: string[] }, b: { parts: string[] }): number {
  const at = a.parts.findIndex((part, i) => isVariable(part) !== isVariable(b.parts[i] ?? ""));
  return at < 0 ? 0 : Number(isVariable(a.parts[at]!)) - Number(isVariable(b.parts[at] ?? ""));
}

function fits(parts: readonly string[], given: readonly string[]): boolean {
  return parts.every((part, i) => part === given[i] || (isVariable(part) && given[i] !== ""));
}

function parametersOf(parts: readonly string[], given: readonly string[]): Match["params"] {
  const params: Match["params"] = Object.create(null) as Match["params"];
  for (const [i, part] of parts.entries()) if (isVariable(part)) params[part.slice(1)] = decoded(given[i]!);
  return params;
}

function decoded(part: string): string | undefined {
  try {
    return decodeURIComponent(part);
  } catch {
    return undefined;
  }
}
