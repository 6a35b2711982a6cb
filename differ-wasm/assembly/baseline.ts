import { remember } from "./fingerprints";
import { WINDOW } from "./layout";

// In the window, one behind the other at multiples of 8: owner (u32), size (u32), the value.
const OWNER: usize = 0;
const SIZE: usize = 4;
const VALUE: usize = 8;

/** Enters the values of a baseline that the first `size` bytes of the window hold. */
export function rememberValues(size: u32): void {
  const end = WINDOW + size;
  for (let p: usize = WINDOW; p < end;) {
    const length = load<u32>(p, SIZE);
    remember(p + VALUE, length, load<u32>(p, OWNER));
    p = (p + VALUE + length + 7) & ~7;
  }
}
