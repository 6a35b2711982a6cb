/**
 * Who acts. A phase's root process gives its actor to all that descend from it, with one exception: what npm
 * starts inside a dependency's directory is that dependency's script. Once a script, always that script: a
 * process cannot leave its actor by going elsewhere, by forking or by executing something.
 */
import { PHASE } from "../../protocol/trace.ts";
import type { RunResult } from "../../protocol/models.ts";
import { dependencyBelow } from "./dependencies.ts";

export interface Actors {
  /** Names by number; the number goes into facts. */
  readonly names: readonly string[];
  /** The number of a name, new ones are added. */
  number(name: string): number;
  /** The actor of a process that no fork of a known one made: a phase's root, or (0) somebody else. */
  ofRoot(root: number, phase: number): number;
  /** The actor after an exec in this directory. */
  afterExec(actor: number, directory: Uint8Array): number;
  /** The dependency whose files are the actor's own; null for the installer. */
  ownDependency(actor: number): string | null;
}

export const INSTALLER = "installer";
const IMPORT = "import";
/**
 * The container's idle processes and what the runner executes between two commands: it came into the container by
 * no fork of the release's, while no command of the release was run. Shown in lists, but no behaviour.
 */
export const SANDBOX = "sandbox";
export const SCRIPT = "script:";
/** What a release's own documents say, before anything of it is run. */
export const RELEASE = "release";
/** Actor numbers are 16 bits in a fact. */
const ACTOR_LIMIT = 65535;

export function createActors(result: RunResult, packageName: string): Actors {
  const names: string[] = [];
  const numbers = new Map<string, number>();
  const number = (name: string): number => {
    const known = numbers.get(name);
    if (known !== undefined) return known;
    if (names.length === ACTOR_LIMIT) return ACTOR_LIMIT - 1;
    numbers.set(name, names.length);
    return names.push(name) - 1;
  };
  const installer = number(INSTALLER);
  const modules = new TextEncoder().encode(`${result.environment.project}/node_modules/`);
  const roots = new Map(result.phases.map(({ root, phase, label }) => [root, nameOfPhase(phase, label)]));
  return {
    names,
    number,
    ofRoot: (root, phase) => number(roots.get(root) ?? nameOfStranger(root, phase)),
    afterExec(actor, directory) {
      if (actor !== installer) return actor;
      const dependency = dependencyBelow(modules, directory, 0, directory.length);
      return dependency === null ? actor : number(SCRIPT + dependency);
    },
    ownDependency(actor) {
      const name = names[actor] ?? INSTALLER;
      if (name.startsWith(SCRIPT)) return name.slice(SCRIPT.length);
      return name === INSTALLER ? null : packageName;
    },
  };
}

function nameOfPhase(phase: RunResult["phases"][number]["phase"], label: string): string {
  if (phase === "install") return INSTALLER;
  if (phase === "import") return IMPORT;
  return label.startsWith("bin:") ? label : `bin:${label}`;
}

/** For a root that the result does not name, because the run broke off, and for who joined without a fork. */
function nameOfStranger(root: number, phase: number): string {
  if (root === 0 && (phase === PHASE.linger || phase === PHASE.none)) return SANDBOX;
  if (phase === PHASE.import) return IMPORT;
  return phase === PHASE.bin ? "bin:unknown" : INSTALLER;
}
