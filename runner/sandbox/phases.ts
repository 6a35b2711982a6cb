/** The commands of each phase, made from what the installed package says of itself: a stranger's words. */
import driver from "./import-driver.txt" with { type: "text" };
import { PROJECT } from "./container.ts";

export interface PhaseCommand {
  phase: "install" | "import" | "bin";
  /** `npm install`, `require`, `import`, `require subpaths`, `import subpaths` or `bin:<name>`. */
  label: string;
  argv: string[];
  timeoutMs: number;
  env?: Record<string, string>;
}

/** The part of a package.json that matters here, whatever its author put in. */
export interface InstalledPackage {
  name: string;
  version: string;
  main: unknown;
  exports: unknown;
  bin: unknown;
}

const INSTALL_MS = 120_000;
const IMPORT_MS = 20_000;
const BIN_MS = 10_000;
/** With install and at most four imports this keeps within the fifteen root processes a trace can name. */
const MOST_BINS = 8;
const MOST_SUBPATHS = 8;
/** Conditions that Node looks for, https://nodejs.org/api/packages.html#conditional-exports */
const CONDITIONS = {
  require: ["node", "require", "module-sync", "default"],
  import: ["node", "import", "module-sync", "default"],
} as const;
type Loader = keyof typeof CONDITIONS;
const NESTING = 8;

/** `npm install <name>@<version>`; both are checked by who asks for the scan. */
export function installCommand(name: string, version: string): PhaseCommand {
  return {
    phase: "install",
    label: "npm install",
    argv: ["npm", "install", `${name}@${version}`],
    timeoutMs: INSTALL_MS,
  };
}

/** The package's main entry and then its other entries, each by `require` and by `import()` in a process of its own. */
export function importCommands(installed: InstalledPackage): PhaseCommand[] {
  const loaders: Loader[] = ["require", "import"];
  return loaders.flatMap((loader) => {
    const [main, subpaths] = entries(installed, loader);
    const command = (label: string, specifiers: string[]): PhaseCommand[] =>
      specifiers.length === 0
        ? []
        : [{ phase: "import", label, argv: ["node", "-e", driver, loader, ...specifiers], timeoutMs: IMPORT_MS }];
    return [...command(loader, main), ...command(`${loader} subpaths`, subpaths)];
  });
}

/** Each declared program with `--help`. */
export function binCommands(installed: InstalledPackage): PhaseCommand[] {
  return binNames(installed)
    .slice(0, MOST_BINS)
    .map((name) => ({
      phase: "bin",
      label: `bin:${name}`,
      argv: [`${PROJECT}/node_modules/.bin/${name}`, "--help"],
      timeoutMs: BIN_MS,
    }));
}

/** The package.json's text as an InstalledPackage; null if it is none. */
export function parseInstalled(text: string): InstalledPackage | null {
  try {
    const json: unknown = JSON.parse(text);
    if (!isObject(json) || typeof json["name"] !== "string" || typeof json["version"] !== "string") return null;
    const { name, version, main, exports, bin } = json;
    return { name, version, main, exports, bin };
  } catch {
    return null;
  }
}

// --- internal ---

/** Specifiers of the main entry (none or one) and of the others that this loader can reach. */
function entries({ name, exports }: InstalledPackage, loader: Loader): [main: string[], subpaths: string[]] {
  // Without `exports` Node looks for `main`, then index.js: the driver finds out.
  if (exports === undefined || exports === null) return [[name], []];
  const bySubpath =
    isObject(exports) && Object.keys(exports).some((key) => key.startsWith(".")) ? exports : { ".": exports };
  const reachable = Object.entries(bySubpath)
    .filter(
      ([subpath, target]) => /^\.(?:\/[\w@.~+-]+)*$/.test(subpath) && isCode(resolveTarget(target, loader, NESTING)),
    )
    .map(([subpath]) => subpath);
  const subpaths = reachable.filter((subpath) => subpath !== ".").slice(0, MOST_SUBPATHS);
  return [reachable.includes(".") ? [name] : [], subpaths.map((subpath) => name + subpath.slice(1))];
}

/** The file that the conditions lead to; null for none. */
function resolveTarget(target: unknown, loader: Loader, depth: number): string | null {
  if (typeof target === "string") return target;
  if (!isObject(target) || depth === 0) return Array.isArray(target) ? firstTarget(target, loader, depth) : null;
  const wanted: readonly string[] = CONDITIONS[loader];
  const branches = Object.entries(target).filter(([condition]) => wanted.includes(condition));
  return firstTarget(
    branches.map(([, branch]) => branch),
    loader,
    depth,
  );
}

function firstTarget(targets: unknown[], loader: Loader, depth: number): string | null {
  if (depth === 0) return null;
  for (const target of targets) {
    const found = resolveTarget(target, loader, depth - 1);
    if (found !== null) return found;
  }
  return null;
}

/** Style sheets, type declarations and data are exported too, but nothing runs in them. */
function isCode(target: string | null): boolean {
  return (
    target !== null &&
    !/\.(?:json|css|scss|less|d\.[cm]?ts|ts|tsx|md|txt|svg|png|woff2?)$/i.test(target) &&
    !target.includes("*")
  );
}

/** npm links a `bin` that is one path under the package's name without its scope. */
function binNames({ name, bin }: InstalledPackage): string[] {
  const names = typeof bin === "string" ? [name] : isObject(bin) ? Object.keys(bin) : [];
  return names
    .map((text) => text.slice(text.lastIndexOf("/") + 1))
    .filter((text) => /^[A-Za-z0-9_~.-]{1,100}$/.test(text) && text !== "." && text !== "..");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
