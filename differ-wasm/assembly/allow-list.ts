import { COLON, SLASH, findLast, same } from "./bytes";
import {
  ALLOW_ANY_ACTOR,
  ALLOW_LISTS,
  FACT_CATEGORY,
  FACT_FLAGS,
  FACT_HEADER_SIZE,
  FACT_LENGTH,
  FACT_NAMED,
  LIST_CIDR,
  LIST_DNS,
  LIST_PATH,
} from "./contract";
import { listEnd, listStart } from "./lists";

// An entry as allow-list.ts compiled it: actor (u32), size of the text (u16), its number in the list from 1 and in the
// uppermost bit whether anything may stand in front of the text (u16), the text, padded to 8. Or, of networks: actor,
// family (u16, 4 or 6), number, 16 bytes of address, 16 of mask.
const ACTOR: usize = 0;
const SIZE: usize = 4;
const FAMILY: usize = 4;
const NUMBER: usize = 6;
const TEXT: usize = 8;
const ADDRESS: usize = 8;
const MASK: usize = 24;
const NETWORK_SIZE: usize = 40;

/** Number of the operator's first entry that allows what the fact at `fact` shows, whose normal form is the value; 0: none does. */
export function allowing(fact: usize, value: usize, size: usize, actor: u32): u32 {
  const list = <u32>load<u8>(ALLOW_LISTS + load<u8>(fact, FACT_CATEGORY));
  if (list == LIST_CIDR) {
    if ((load<u8>(fact, FACT_FLAGS) & FACT_NAMED) == 0) return networkOf(fact, actor);
    return entryOf(LIST_DNS, value, findLast(value, value + size, COLON) - value, actor);
  }
  return list != 0 ? entryOf(list, value, size, actor) : 0;
}

function entryOf(list: u32, value: usize, size: usize, actor: u32): u32 {
  const end = listEnd(list);
  for (let entry = listStart(list); entry < end;) {
    const text = entry + TEXT;
    const textSize = <usize>load<u16>(entry, SIZE);
    if (textSize <= size && isFor(entry, actor)) {
      const number = <u32>load<u16>(entry, NUMBER) & 0x7fff;
      const isWildcard = load<u16>(entry, NUMBER) >> 15 != 0;
      if (list == LIST_PATH) {
        // A prefix, but of whole components; the root's own slash is one already.
        const isWhole = textSize == size || load<u8>(value + textSize) == SLASH || textSize == 1;
        if (isWhole && same(value, text, textSize)) return number;
      } else if (isWildcard ? textSize < size : textSize == size) {
        if (same(value + size - textSize, text, textSize)) return number;
      }
    }
    entry = (text + textSize + 7) & ~7;
  }
  return 0;
}

function networkOf(fact: usize, actor: u32): u32 {
  const address = fact + FACT_HEADER_SIZE + 2;
  let high: u64 = 0;
  let low: u64 = 0;
  if (load<u16>(fact, FACT_LENGTH) == 6) {
    low = mapped(load<u32>(address));
  } else {
    high = load<u64>(address);
    low = load<u64>(address, 8);
  }
  const family: u16 = high == 0 && <u32>low == 0xffff0000 ? 4 : 6;
  const end = listEnd(LIST_CIDR);
  for (let entry = listStart(LIST_CIDR); entry < end; entry += NETWORK_SIZE) {
    if (load<u16>(entry, FAMILY) != family || !isFor(entry, actor)) continue;
    const outside =
      ((high ^ load<u64>(entry, ADDRESS)) & load<u64>(entry, MASK)) |
      ((low ^ load<u64>(entry, ADDRESS + 8)) & load<u64>(entry, MASK + 8));
    if (outside == 0) return load<u16>(entry, NUMBER);
  }
  return 0;
}

/** The last 8 bytes of `::ffff:a.b.c.d`. */
function mapped(v4: u32): u64 {
  return ((<u64>v4) << 32) | 0xffff0000;
}

function isFor(entry: usize, actor: u32): bool {
  const only = load<u32>(entry, ACTOR);
  return only == ALLOW_ANY_ACTOR || only == actor;
}
