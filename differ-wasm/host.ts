import { FangsError } from "../protocol/errors.ts";
import { FACT } from "../protocol/facts.ts";
import { bytesOf, textOf } from "./escape.ts";

/** The places of a run that its values are relative to. */
export interface DifferScope {
  /** Absolute path of the project; "" if there is none. */
  project: string;
  /** Absolute path of the home directory; "" if there is none. */
  home: string;
  /** npm name of the package under test, perhaps `@scope/name`. */
  package: string;
}

/** One accepted behaviour; value as Delta has it. Numbers of actors are the caller's. */
export interface BaselineValue {
  actor: number;
  category: number;
  value: string;
}

/** One distinct behaviour of the run. */
export interface Delta {
  actor: number;
  category: number;
  /** The normalised value; control characters, backslashes and what is not UTF-8 as `\xNN` (see escape.ts). */
  value: string;
  /** How many facts showed it. */
  count: number;
  /** Id of the first fact that did. */
  first: number;
  /** Whether the baseline has it. */
  known: boolean;
}

export interface DifferResult {
  /** Every distinct behaviour seen: known ones first, in the baseline's order, then new ones as they appeared. */
  fingerprints: Delta[];
  /** What could not be compared for its number or size, in a sentence; null if everything was. */
  flood: string | null;
  /** How many facts were malformed. */
  bad: number;
}

export interface Differ {
  /** Begins a run; the one before is forgotten. */
  begin(scope: DifferScope, baseline: Iterable<BaselineValue>): void;
  /** Where facts are written, from its start, one behind the other. The memory never grows: the view stays valid. */
  readonly window: Uint8Array;
  /**
   * Compares the whole facts among the first `length` bytes of the window, and returns how many bytes they take.
   * What is left is the beginning of a fact: move it to the window's start, and go on behind it.
   */
  feed(length: number): number;
  /** The result of the run so far. */
  finish(): DifferResult;
}

export interface DifferLimits {
  /** Most distinct behaviours, baseline included. */
  fingerprints: number;
}

/** Far above what any install does; the core holds no more. */
const LIMITS: DifferLimits = { fingerprints: 1 << 18 };

/** What assembly/index.ts exports. Numbers of bytes and addresses in the core's memory. */
interface Core {
  memory: WebAssembly.Memory;
  KEY: WebAssembly.Global;
  KEY_SIZE: WebAssembly.Global;
  WINDOW: WebAssembly.Global;
  WINDOW_SIZE: WebAssembly.Global;
  ARENA: WebAssembly.Global;
  VALUE_MAX: WebAssembly.Global;
  ROOT_MAX: WebAssembly.Global;
  begin(most: number): void;
  rootText(which: number): number;
  setRoot(which: number, size: number): void;
  scratch(): number;
  remember(size: number, owner: number): void;
  run(size: number): number;
  recordsEnd(): number;
  malformedFacts(): number;
  tooLongFacts(): number;
  isFull(): number;
}

/** Offsets in a record of the arena, in 32-bit words; assembly/fingerprints.ts writes them. */
const RECORD = { first: 2, count: 3, owner: 4, size: 5, known: 6, words: 8 } as const;

/**
 * A differ on the compiled core (see compile.ts). It serves one run at a time, and any number of them in turn.
 * Its hash is keyed with random bytes of its own.
 */
export function createDiffer(wasm: Uint8Array, limits: DifferLimits = LIMITS): Differ {
  const core = instantiate(wasm);
  const bytes = new Uint8Array(core.memory.buffer);
  const words = new Uint32Array(core.memory.buffer);
  const window = bytes.subarray(core.WINDOW.value, core.WINDOW.value + core.WINDOW_SIZE.value);
  crypto.getRandomValues(bytes.subarray(core.KEY.value, core.KEY.value + core.KEY_SIZE.value));

  return {
    window,

    begin(scope, baseline) {
      core.begin(limits.fingerprints);
      for (const [which, text] of [scope.project, scope.home, `/${scope.package}`].entries()) {
        const root = bytesOf(text);
        if (root.length >= core.ROOT_MAX.value) throw new FangsError("internal", `The root ${text} is too long.`);
        bytes.set(root, core.rootText(which));
        core.setRoot(which, root.length);
      }
      for (const { actor, category, value } of baseline) {
        const known = bytesOf(value);
        if (known.length > core.VALUE_MAX.value) continue; // longer than any value of a run
        bytes.set(known, core.scratch());
        core.remember(known.length, ownerOf(actor, category));
      }
    },

    feed(length) {
      if (length > window.length) throw new FangsError("internal", `${length} bytes do not fit the window.`);
      return core.run(length);
    },

    finish() {
      const fingerprints: Delta[] = [];
      let at = core.ARENA.value / 4;
      const end = core.recordsEnd() / 4;
      while (at < end) {
        const size = words[at + RECORD.size] ?? 0;
        const count = words[at + RECORD.count] ?? 0;
        const owner = words[at + RECORD.owner] ?? 0;
        const start = at + RECORD.words;
        if (count > 0) {
          fingerprints.push({
            actor: owner & 0xffff,
            category: owner >>> 16,
            value: textOf(bytes.subarray(start * 4, start * 4 + size)),
            count,
            first: words[at + RECORD.first] ?? 0,
            known: words[at + RECORD.known] === 1,
          });
        }
        at = start + ((size + 15) >> 4) * 4;
      }
      return { fingerprints, flood: floodOf(core, limits), bad: core.malformedFacts() };
    },
  };
}

function instantiate(wasm: Uint8Array): Core {
  // A copy, because the bytes may lie in a shared buffer, which WebAssembly does not take.
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(wasm)));
  // The compiler's word for it: the exports are those of assembly/index.ts, and the tests call every one.
  return exports as unknown as Core;
}

function ownerOf(actor: number, category: number): number {
  if (actor >>> 16 !== 0 || category >>> 8 !== 0) {
    throw new FangsError("internal", `Actor ${actor} or category ${category} does not fit a fact.`);
  }
  return actor | (category << 16);
}

function floodOf(core: Core, limits: DifferLimits): string | null {
  const capped: string[] = [];
  if (core.isFull()) capped.push(`more than ${limits.fingerprints} distinct behaviours, or too many bytes of them`);
  const tooLong = core.tooLongFacts();
  if (tooLong > 0) capped.push(`${tooLong} values longer than ${FACT.valueLimit} bytes`);
  return capped.length > 0 ? capped.join("; ") : null;
}
