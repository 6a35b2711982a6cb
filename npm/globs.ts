/** Patterns of package names. */

/** Whether a name fits: `*` stands for any part of it, a scope's slash included. `*` is every package, `@acme/*` a scope. */
export function matchesName(glob: string, name: string): boolean {
  const parts = glob.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(name);
}
