import { writeAddress } from "./addresses";
import { SPACE, classify, find, put, same } from "./bytes";
import { writeCommand } from "./commands";
import {
  CATEGORY_COUNT,
  FACT_ACTOR,
  FACT_CATEGORY,
  FACT_FLAGS,
  FACT_FOLD,
  FACT_HEADER_SIZE,
  FACT_ID,
  FACT_LENGTH,
  FACT_LOCATED,
  FACT_NAMED,
  FACT_PID,
  FACT_VALUE_LIMIT,
  KINDS,
  VALUE_ADDRESS,
  VALUE_COMMAND,
  VALUE_NAME,
  VALUE_PATH,
} from "./contract";
import { allowing } from "./allow-list";
import { allow, count, countAgain, forgetLast, scratch } from "./fingerprints";
import { WINDOW } from "./layout";
import { writeDestination, writeName } from "./names";
import { normalPath, pathStart, writePath } from "./path";

// Layout of the memory, for the host.
export { ARENA, ARENA_END, CONFIG, CONFIG_SIZE, KEY, KEY_SIZE, SCOPE, TABLE, VALUE_MAX, WINDOW, WINDOW_SIZE } from "./layout";
export { rememberValues } from "./baseline";
export { clear, isFull, recordCount, recordsEnd, restore, rewind, seal } from "./fingerprints";
export { ROOT_MAX, rootText, setRoot } from "./roots";

/** End of the constants that the compiler lays out itself. */
export const STATIC_END: usize = __heap_base;

const NO_KIND: u32 = 255;

let malformed: u32 = 0;
let tooLong: u32 = 0;

/** Once per instance, before anything else. */
export function prepare(): void {
  classify();
}

/** Begins a run: forgets the counters. Roots, lists and baseline are set by calls of their own. */
export function begin(): void {
  malformed = 0;
  tooLong = 0;
}

/** Facts that could not be read. */
export function malformedFacts(): u32 {
  return malformed;
}

/** Facts whose value is longer than what is compared. */
export function tooLongFacts(): u32 {
  return tooLong;
}

/** Reads the whole facts among the first `size` bytes of the window; returns how many bytes they take. */
export function run(size: u32): u32 {
  const end = WINDOW + size;
  let fact: usize = WINDOW;
  let before: usize = 0;
  while (fact + FACT_HEADER_SIZE <= end) {
    const length = <u32>load<u16>(fact, FACT_LENGTH);
    const next = (fact + FACT_HEADER_SIZE + length + 7) & ~7;
    if (next > end) break;
    // Programs do the same thing over and over.
    if (before == 0 || !isSameFact(before, fact, length) || !countAgain()) {
      forgetLast();
      read(fact, length);
    }
    before = fact;
    fact = next;
  }
  return <u32>(fact - WINDOW);
}

/** Whether two facts differ in nothing but their id. */
function isSameFact(a: usize, b: usize, length: u32): bool {
  if (load<u64>(a, FACT_LENGTH) != load<u64>(b, FACT_LENGTH) || load<u32>(a, FACT_PID) != load<u32>(b, FACT_PID)) {
    return false;
  }
  return same(a + FACT_HEADER_SIZE, b + FACT_HEADER_SIZE, length);
}

function read(fact: usize, length: u32): void {
  const category = <u32>load<u8>(fact, FACT_CATEGORY);
  const kind = category < CATEGORY_COUNT ? <u32>load<u8>(KINDS + category) : NO_KIND;
  if (kind == NO_KIND) {
    malformed++;
    return;
  }
  if (length > FACT_VALUE_LIMIT) {
    tooLong++;
    return;
  }
  if (length == 0) return;
  const end = normalise(fact, length, kind);
  if (end == 0) {
    malformed++;
    return;
  }
  const actor = <u32>load<u16>(fact, FACT_ACTOR);
  const size = <u32>(end - valueStart);
  const isNew = count(valueStart, size, actor | (category << 16), load<u32>(fact, FACT_ID));
  if (isNew) allow(allowing(fact, valueStart, size, actor));
}

/** Where the value begins that normalise() gave. */
let valueStart: usize = 0;

/** Gives the value of a fact in its normal form, see valueStart, and returns its end; 0 if it is malformed. */
function normalise(fact: usize, length: u32, kind: u32): usize {
  const value = fact + FACT_HEADER_SIZE;
  const flags = load<u8>(fact, FACT_FLAGS);
  const o = scratch();
  valueStart = o;
  if (kind == VALUE_PATH) {
    const end = normalPath(o, value, length, load<u32>(fact, FACT_PID), (flags & FACT_FOLD) != 0);
    valueStart = pathStart;
    return end;
  }
  if (kind == VALUE_COMMAND) return writeCommand(o, value, length, load<u32>(fact, FACT_PID));
  if (kind == VALUE_NAME || kind == VALUE_ADDRESS) {
    if (flags & FACT_NAMED) return writeDestination(o, value, length);
    return kind == VALUE_NAME ? writeName(o, value, length) : writeAddress(o, value, length);
  }
  const end = value + length;
  if (flags & FACT_LOCATED) {
    const path = find(value, end, SPACE) + 1;
    if (path < end) return writePath(put(o, value, path), path, <u32>(end - path), load<u32>(fact, FACT_PID), false);
  }
  valueStart = value;
  return end;
}
