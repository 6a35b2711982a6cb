import { find } from "./bytes";
import { remember } from "./fingerprints";
import { VALUE_MAX, WINDOW } from "./layout";

const TAB: u8 = 0x09;
const NEWLINE: u8 = 0x0a;
const BACKSLASH: u8 = 0x5c;

/**
 * Enters the values of a baseline that lie in the window, `size` bytes of them: for each its owner in decimal digits, a
 * tab, the value as escape.ts writes it, a newline. Too long a value is passed over: no fact can show it.
 */
export function rememberLines(size: u32): void {
  const end = WINDOW + size;
  for (let p: usize = WINDOW; p < end; p++) {
    let owner: u32 = 0;
    for (; load<u8>(p) != TAB; p++) owner = owner * 10 + (load<u8>(p) - 0x30);
    const value = p + 1;
    p = find(value, end, NEWLINE);
    const length = <u32>(unescape(value, p) - value);
    remember(value, length <= VALUE_MAX ? length : 0, owner);
  }
}

/** Turns every `\xNN` into its byte, in place; returns the new end. No other backslash is in such a text. */
function unescape(start: usize, end: usize): usize {
  let p = find(start, end, BACKSLASH);
  let o = p;
  for (; p < end; p++, o++) {
    let byte = load<u8>(p);
    if (byte == BACKSLASH) {
      byte = (digit(load<u8>(p, 2)) << 4) | digit(load<u8>(p, 3));
      p += 3;
    }
    store<u8>(o, byte);
  }
  return o;
}

/** The value of a lower-case hex digit. */
function digit(byte: u8): u8 {
  return byte <= 0x39 ? byte - 0x30 : byte - 0x57;
}
