import { FangsError } from "../protocol/errors.ts";
import { FACT } from "../protocol/facts.ts";
import { compileAllow } from "./allow-list.ts";
import { type Core, instantiate, MARK, RECORD } from "./core.ts";
import { bytesOf, textOf } from "./escape.ts";
import { encodeLists } from "./lists.ts";
import { compileRules } from "./normalise-rules.ts";
import type {
  AllowRule,
  BaselineValue,
  Delta,
  Differ,
  DifferLimits,
  DifferScope,
  NormaliseRule,
  RuleError,
} from "./types.ts";

export type * from "./types.ts";
export { compileAllow, parseNetwork } from "./allow-list.ts";
export { compileRules } from "./normalise-rules.ts";
export { warmUp } from "./warm-up.ts";

/** Far above what any install does. The core has room for no larger baseline. */
const LIMITS: DifferLimits = { fingerprints: 1 << 18, baseline: 1 << 20, bytes: 38 << 20 };

/** A baseline as it lies in the arena, to be put there again. */
interface Image {
  bytes: Uint8Array;
  records: number;
  /** By the numbers that the records have. */
  values: string[];
}

/** In front of a baseline's value, see assembly/baseline.ts. */
const BASELINE_HEADER = 8;

/** Of the window, the table and the arena each, what runs of usual size use. */
const TOUCHED = 256 * 1024;

/** Larger images are not kept. */
const IMAGE_LIMIT = 4 << 20;

/**
 * A differ on the compiled core (see compile.ts). It serves one run at a time, and any number of them in turn.
 * Its hash is keyed with random bytes of its own.
 */
export function createDiffer(wasm: Uint8Array, limits: Partial<DifferLimits> = {}): Differ {
  return differOn(instantiate(wasm), limits);
}

/** The same on a core that runs already; for the benchmark, which has it as native code, too. */
export function differOn(core: Core, limits: Partial<DifferLimits> = {}): Differ {
  const most = { ...LIMITS, ...limits };
  const bytes = Buffer.from(core.memory.buffer);
  const words = new Uint32Array(core.memory.buffer);
  const arena: number = core.ARENA.value;
  const window = new Uint8Array(core.memory.buffer, core.WINDOW.value, core.WINDOW_SIZE.value);
  crypto.getRandomValues(new Uint8Array(core.memory.buffer, core.KEY.value, core.KEY_SIZE.value));
  // Pages that were never touched would cost the first runs more time than their work.
  for (const from of [window.byteOffset, core.TABLE.value, arena]) bytes.fill(0, from, from + TOUCHED);
  core.prepare();

  const once = new WeakSet<Iterable<BaselineValue>>();
  const images = new WeakMap<Iterable<BaselineValue>, Image>();
  /** The baseline that is loaded. It is held here, so that none that comes later can be taken for it. */
  let loaded: Iterable<BaselineValue> | undefined;
  let knownValues: string[] = [];
  /** Allow-list and rules as the core has them, mostly those of the run before. */
  let lists: { of: string; bytes: Uint8Array } | undefined;

  /** What is loaded twice is loaded often: its image is kept. */
  const keepImage = (baseline: Iterable<BaselineValue>): void => {
    if (!Array.isArray(baseline)) return;
    const size = core.recordsEnd() - arena;
    if (!once.has(baseline)) once.add(baseline);
    else if (size <= IMAGE_LIMIT && !core.isFull()) {
      const image = new Uint8Array(bytes.subarray(arena, arena + size));
      images.set(baseline, { bytes: image, records: core.recordCount(), values: knownValues });
    }
  };

  const load = (baseline: Iterable<BaselineValue>): void => {
    loaded = undefined;
    core.clear(most.baseline, most.bytes);
    const image = images.get(baseline);
    if (image !== undefined) {
      bytes.set(image.bytes, arena);
      core.restore(arena + image.bytes.length, image.records);
      knownValues = image.values;
    } else {
      knownValues = remember(core, bytes, baseline);
      keepImage(baseline);
    }
    core.seal(most.fingerprints, most.bytes);
    if (Array.isArray(baseline)) loaded = baseline;
  };

  return {
    window,

    begin(scope, baseline, allow = [], rules = []) {
      core.begin();
      setRoots(core, bytes, scope);
      const listed = JSON.stringify([allow, rules]);
      if (lists?.of !== listed) lists = { of: listed, bytes: listsOf(allow, rules, core.CONFIG_SIZE.value) };
      bytes.set(lists.bytes, core.CONFIG.value);
      if (baseline === loaded) core.rewind();
      else load(baseline);
    },

    feed(length) {
      if (length > window.length) throw new FangsError("internal", `${length} bytes do not fit the window.`);
      return core.run(length);
    },

    finish() {
      const fingerprints: Delta[] = [];
      const end = core.recordsEnd() / 4;
      for (let at = arena / 4; at < end;) {
        const size = words[at + RECORD.size] ?? 0;
        const count = words[at + RECORD.count] ?? 0;
        const start = at + RECORD.words;
        if (count > 0) {
          const owner = words[at + RECORD.owner] ?? 0;
          const mark = words[at + RECORD.mark] ?? 0;
          const number = mark & MARK.number;
          const isAllowed = (mark & MARK.allowed) !== 0;
          const known = number > 0 && !isAllowed;
          fingerprints.push({
            actor: owner & 0xffff,
            category: owner >>> 16,
            value: known ? (knownValues[number - 1] ?? "") : valueAt(bytes, start * 4, size, mark),
            count,
            first: words[at + RECORD.first] ?? 0,
            known,
            allowedBy: isAllowed ? number - 1 : null,
          });
        }
        at = start + ((size + 15) >> 4) * 4;
      }
      return { fingerprints, flood: floodOf(core, most), bad: core.malformedFacts() };
    },
  };
}

// --- internal ---

function setRoots(core: Core, memory: Uint8Array, scope: DifferScope): void {
  for (const [which, text] of [scope.project, scope.home, `/${scope.package}`].entries()) {
    const root = bytesOf(text);
    if (root.length >= core.ROOT_MAX.value) throw new FangsError("internal", `The root ${text} is too long.`);
    memory.set(root, core.rootText(which));
    core.setRoot(which, root.length);
  }
}

/** Text that is its own escaped form, and one byte for each character. */
const PLAIN = /^[ -[\]-~]*$/;

/** Enters a baseline, and returns its values, in the form that a run gives them, by the numbers that the core gave them. */
function remember(core: Core, memory: Buffer, baseline: Iterable<BaselineValue>): string[] {
  const [start, room, longest] = [core.WINDOW.value, core.WINDOW_SIZE.value, core.VALUE_MAX.value];
  const values: string[] = [];
  let at = 0;
  for (const { actor, category, value } of baseline) {
    const raw = PLAIN.test(value) ? undefined : bytesOf(value);
    const size = raw?.length ?? value.length;
    if (size === 0 || size > longest) continue; // no run has such a value
    if (at + BASELINE_HEADER + size > room) {
      core.rememberValues(at);
      at = 0;
    }
    memory.writeUInt32LE(ownerOf(actor, category), start + at);
    memory.writeUInt32LE(size, start + at + 4);
    at += BASELINE_HEADER;
    if (raw === undefined) memory.write(value, start + at, "latin1");
    else memory.set(raw, start + at);
    values.push(raw === undefined ? value : textOf(raw));
    at = (at + size + 7) & ~7;
  }
  core.rememberValues(at);
  return values;
}

function ownerOf(actor: number, category: number): number {
  if (actor >>> 16 !== 0 || category >>> 8 !== 0) {
    throw new FangsError("internal", `Actor ${actor} or category ${category} does not fit a fact.`);
  }
  return actor | (category << 16);
}

const NO_LISTS = encodeLists({ rule: [], cidr: [], path: [], sni: [], dns: [], exec: [], command: [] });

function listsOf(allow: readonly AllowRule[], rules: readonly NormaliseRule[], most: number): Uint8Array {
  if (allow.length === 0 && rules.length === 0) return NO_LISTS;
  const allowed = compileAllow(allow);
  if ("errors" in allowed) throw refused("allow-list", allowed.errors);
  const compiled = compileRules(rules);
  if ("errors" in compiled) throw refused("rules", compiled.errors);
  const lists = encodeLists({ rule: compiled.ok.entries, ...allowed.ok });
  if (lists.length > most) throw new FangsError("usage", `Allow-list and rules take more than ${most} bytes.`);
  return lists;
}

function refused(what: string, [first]: RuleError[]): FangsError {
  const place = first ? `rule ${first.rule}, ${first.field}, character ${first.position}: ${first.message}` : "?";
  return new FangsError("usage", `The ${what} cannot be used: ${place}.`);
}

function valueAt(memory: Buffer, start: number, size: number, mark: number): string {
  if (mark & MARK.plain) return memory.toString("latin1", start, start + size);
  return textOf(memory.subarray(start, start + size));
}

function floodOf(core: Core, limits: DifferLimits): string | null {
  const capped: string[] = [];
  if (core.isFull()) capped.push(`more than ${limits.fingerprints} distinct behaviours, or too many bytes of them`);
  const tooLong = core.tooLongFacts();
  if (tooLong > 0) capped.push(`${tooLong} values longer than ${FACT.valueLimit} bytes`);
  return capped.length > 0 ? capped.join("; ") : null;
}
