import { hash } from "./hash";
import { ARENA, ARENA_END, TABLE, TABLE_MAX_SLOTS } from "./layout";

// A record: the keyed hash, the id of the first fact, the count in this run (0: only in the baseline), owner
// (actor | category << 16), size of the value, whether the baseline has it; then the value, zero-padded to 16.
const HASH: usize = 0;
const FIRST: usize = 8;
const COUNT: usize = 12;
const OWNER: usize = 16;
const SIZE: usize = 20;
const KNOWN: usize = 24;
const HEADER: usize = 32;

const FIRST_SLOTS: u32 = 0x1000;

/** End of the last record. The value at hand is written behind it, where it stays if it turns out to be new. */
let top: usize = ARENA;
let records: u32 = 0;
let limit: u32 = 0;
let slots: u32 = FIRST_SLOTS;
let full: bool = false;

/** Forgets everything. At most `most` fingerprints are taken, baseline included. */
export function clear(most: u32): void {
  memory.fill(TABLE, 0, (<usize>slots) << 3);
  slots = FIRST_SLOTS;
  limit = min(most, TABLE_MAX_SLOTS >> 1);
  top = ARENA;
  records = 0;
  full = false;
}

/** Where the next value is to be written. */
export function scratch(): usize {
  return top + HEADER;
}

export function recordsEnd(): usize {
  return top;
}

/** Whether a fingerprint had to be dropped because the table or the arena is at its cap. */
export function isFull(): bool {
  return full;
}

/** Enters the value in scratch() as one of the baseline. */
export function remember(size: u32, owner: u32): void {
  const record = intern(size, owner);
  if (record) store<u32>(record, 1, KNOWN);
}

/** Counts the value in scratch(), first seen in fact `id`. An empty one is nothing. */
export function count(size: u32, owner: u32, id: u32): void {
  if (size == 0) return;
  const record = intern(size, owner);
  if (record == 0) return;
  const seen = load<u32>(record, COUNT);
  if (seen == 0) store<u32>(record, id, FIRST);
  store<u32>(record, seen + 1, COUNT);
}

/** The record of the value in scratch(), made if there is none; 0 if there is no room for it. */
function intern(size: u32, owner: u32): usize {
  const value = top + HEADER;
  zero32(value + size);
  const h = hash(value, size, owner);
  let slot = (<u32>h) & (slots - 1);
  while (true) {
    const entry = load<u64>(TABLE + ((<usize>slot) << 3));
    if (entry == 0) break;
    const record = recordOf(entry);
    // The bytes decide. A hash alone can be made to collide by whoever learns its key.
    if (<u32>(entry >> 32) == <u32>(h >> 32) && isSame(record, value, size, owner)) return record;
    slot = (slot + 1) & (slots - 1);
  }
  return append(slot, h, size, owner);
}

function isSame(record: usize, value: usize, size: u32, owner: u32): bool {
  if (load<u32>(record, OWNER) != owner || load<u32>(record, SIZE) != size) return false;
  const other = record + HEADER;
  for (let i: usize = 0; i < size; i += 16) {
    if (ASC_FEATURE_SIMD) {
      if (v128.any_true(v128.xor(v128.load(value + i), v128.load(other + i)))) return false;
    } else {
      if (load<u64>(value + i) != load<u64>(other + i)) return false;
      if (load<u64>(value + i, 8) != load<u64>(other + i, 8)) return false;
    }
  }
  return true;
}

function append(slot: u32, h: u64, size: u32, owner: u32): usize {
  const record = top;
  const end = record + HEADER + ((<usize>size + 15) & ~15);
  if (records >= limit || end > ARENA_END) {
    full = true;
    return 0;
  }
  store<u64>(record, h, HASH);
  store<u64>(record, 0, FIRST); // and COUNT
  store<u32>(record, owner, OWNER);
  store<u32>(record, size, SIZE);
  store<u64>(record, 0, KNOWN);
  store<u64>(TABLE + ((<usize>slot) << 3), entryOf(record, h));
  top = end;
  if (++records * 2 > slots && slots < TABLE_MAX_SLOTS) grow();
  return record;
}

/** Doubles the table; the arena holds every hash, so nothing is read but the records. */
function grow(): void {
  slots <<= 1;
  memory.fill(TABLE, 0, (<usize>slots) << 3);
  for (let record = ARENA; record < top; record += HEADER + ((<usize>load<u32>(record, SIZE) + 15) & ~15)) {
    const h = load<u64>(record, HASH);
    let slot = (<u32>h) & (slots - 1);
    while (load<u64>(TABLE + ((<usize>slot) << 3)) != 0) slot = (slot + 1) & (slots - 1);
    store<u64>(TABLE + ((<usize>slot) << 3), entryOf(record, h));
  }
}

/** A slot holds the upper half of the hash, and the record's number in units of 16 bytes, from 1. */
function entryOf(record: usize, h: u64): u64 {
  return (h & 0xffffffff00000000) | (((record - ARENA) >> 4) + 1);
}

function recordOf(entry: u64): usize {
  return ARENA + ((<usize>(<u32>entry) - 1) << 4);
}

/** Zeroes the 32 bytes at p, so that hash and comparison may run over whole blocks. */
function zero32(p: usize): void {
  store<u64>(p, 0);
  store<u64>(p, 0, 8);
  store<u64>(p, 0, 16);
  store<u64>(p, 0, 24);
}
