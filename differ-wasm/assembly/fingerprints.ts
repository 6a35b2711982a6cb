import { isPlainText, put, same } from "./bytes";
import { hash } from "./hash";
import { ARENA, ARENA_END, TABLE, TABLE_MAX_SLOTS } from "./layout";

// A record: the keyed hash, the id of the first fact, the count in this run (0: only in the baseline), owner
// (actor | category << 16), size of the value, mark, slot in the table; then the value. Records begin at multiples
// of 16. The baseline's come first, in its order; what of a run is new lies behind them.
const HASH: usize = 0;
const FIRST: usize = 8;
const COUNT: usize = 12;
const OWNER: usize = 16;
const SIZE: usize = 20;
const MARK: usize = 24;
const SLOT: usize = 28;
const HEADER: usize = 32;

/**
 * In the mark: readable ASCII; allow-listed. Beside them a number from 1: of the baseline's, its place among the values
 * given; of what is allow-listed, the entry's.
 */
const PLAIN: u32 = 1 << 30;
const ALLOWED: u32 = 1 << 31;

const FIRST_SLOTS: u32 = 0x1000;

/** End of the last record. A value that has to be rewritten is written behind it, where it stays if it is new. */
let top: usize = ARENA;
let records: u32 = 0;
let baselineTop: usize = ARENA;
let baselineRecords: u32 = 0;
/** Values of the baseline that were given, the same one twice included. */
let remembered: u32 = 0;
/** What may be held, in records and up to which address. */
let recordLimit: u32 = 0;
let topLimit: usize = 0;
let slots: u32 = FIRST_SLOTS;
let full: bool = false;
let baselineFull: bool = false;

/** Forgets everything. A baseline of at most `most` fingerprints may follow, leaving `room` bytes for runs. */
export function clear(most: u32, room: u32): void {
  memory.fill(TABLE, 0, (<usize>slots) << 3);
  slots = FIRST_SLOTS;
  top = ARENA;
  records = 0;
  remembered = 0;
  recordLimit = most;
  topLimit = ARENA_END - room;
  full = false;
}

/** The baseline is there: a run of at most `most` new fingerprints and `room` bytes of them may follow. */
export function seal(most: u32, room: u32): void {
  baselineTop = top;
  baselineRecords = records;
  baselineFull = full;
  recordLimit = records + most;
  topLimit = min(top + room, ARENA_END);
}

/** Forgets the run, and keeps the baseline. */
export function rewind(): void {
  for (let record = ARENA; record < baselineTop; record = next(record)) store<u64>(record, 0, FIRST); // and COUNT
  // A record's slot was free when it was taken, so no record before it was looked for beyond that slot.
  for (let record = baselineTop; record < top; record = next(record)) store<u64>(slotAt(load<u32>(record, SLOT)), 0);
  top = baselineTop;
  records = baselineRecords;
  full = baselineFull;
}

/** Takes over a baseline's records that lie in the arena up to `end` already, as another baseline was sealed. */
export function restore(end: usize, count: u32): void {
  top = end;
  records = count;
  while (slots < records << 1 && slots < TABLE_MAX_SLOTS) slots <<= 1;
  rebuild();
}

/** Where a value that is rewritten is to be put. */
export function scratch(): usize {
  return top + HEADER;
}

export function recordsEnd(): usize {
  return top;
}

/** Whether a fingerprint had to be dropped because there was no room for it. */
export function isFull(): bool {
  return full;
}

/** Enters a value as the next one of the baseline. */
export function remember(value: usize, size: u32, owner: u32): void {
  remembered++;
  lastAppended = 0;
  intern(value, size, owner);
  if (lastAppended != 0) store<u32>(lastAppended, remembered, MARK);
}

export function recordCount(): u32 {
  return records;
}

/** Counts a value, first seen in fact `id`. An empty one is nothing. Whether it is neither known nor seen before. */
export function count(value: usize, size: u32, owner: u32, id: u32): bool {
  if (size == 0) return false;
  lastAppended = 0;
  const record = intern(value, size, owner);
  lastCounted = record;
  if (record == 0) return false;
  const seen = load<u32>(record, COUNT);
  if (seen == 0) store<u32>(record, id, FIRST);
  store<u32>(record, seen + 1, COUNT);
  return record == lastAppended;
}

/** Counts what was counted last once more; false if there is nothing such. */
export function countAgain(): bool {
  if (lastCounted == 0) return false;
  store<u32>(lastCounted, load<u32>(lastCounted, COUNT) + 1, COUNT);
  return true;
}

export function forgetLast(): void {
  lastCounted = 0;
}

/** Marks what count() just entered with the number of the entry that allows it, if one does. */
export function allow(entry: u32): void {
  if (entry != 0) store<u32>(lastAppended, load<u32>(lastAppended, MARK) | ALLOWED | entry, MARK);
}

/** The record that count() gave for the fact before this one; 0 if it was malformed, empty or had no room. */
let lastCounted: usize = 0;

/** The record that intern() made, 0 if it made none. Its callers set it to 0 before. */
let lastAppended: usize = 0;

/** The record of a value, made if there is none; 0 if there is no room for it. */
function intern(value: usize, size: u32, owner: u32): usize {
  const h = hash(value, size, owner);
  const tag = <u32>(h >> 32);
  let slot = (<u32>h) & (slots - 1);
  while (true) {
    const entry = load<u64>(slotAt(slot));
    if (entry == 0) return append(slot, h, value, size, owner);
    if (<u32>(entry >> 32) == tag) {
      const record = ARENA + ((<usize>(<u32>entry) - 1) << 4);
      // The bytes decide. A hash alone can be made to collide by whoever learns its key.
      if (load<u32>(record, OWNER) == owner && load<u32>(record, SIZE) == size) {
        if (same(value, record + HEADER, size)) return record;
      }
    }
    slot = (slot + 1) & (slots - 1);
  }
}

function append(slot: u32, h: u64, value: usize, size: u32, owner: u32): usize {
  const record = top;
  const end = record + HEADER + ((<usize>size + 15) & ~15);
  if (records >= recordLimit || end > topLimit) {
    full = true;
    return 0;
  }
  if (value != record + HEADER) put(record + HEADER, value, value + size);
  store<u64>(record, h, HASH);
  store<u64>(record, 0, FIRST); // and COUNT
  store<u32>(record, owner, OWNER);
  store<u32>(record, size, SIZE);
  store<u32>(record, isPlainText(record + HEADER, size) ? PLAIN : 0, MARK);
  enter(record, slot);
  top = end;
  if (++records << 1 > slots && slots < TABLE_MAX_SLOTS) {
    slots <<= 1;
    rebuild();
  }
  lastAppended = record;
  return record;
}

/** Enters every record anew. Each holds its hash, so nothing else is read. */
function rebuild(): void {
  memory.fill(TABLE, 0, (<usize>slots) << 3);
  for (let record = ARENA; record < top; record = next(record)) {
    let slot = (<u32>load<u64>(record, HASH)) & (slots - 1);
    while (load<u64>(slotAt(slot)) != 0) slot = (slot + 1) & (slots - 1);
    enter(record, slot);
  }
}

/** A slot holds the upper half of the hash, and the record's place in units of 16 bytes, from 1. */
function enter(record: usize, slot: u32): void {
  const place = ((record - ARENA) >> 4) + 1;
  store<u64>(slotAt(slot), (load<u64>(record, HASH) & 0xffffffff00000000) | place);
  store<u32>(record, slot, SLOT);
}

function slotAt(slot: u32): usize {
  return TABLE + ((<usize>slot) << 3);
}

function next(record: usize): usize {
  return record + HEADER + ((<usize>load<u32>(record, SIZE) + 15) & ~15);
}
