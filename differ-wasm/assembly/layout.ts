// Where everything lies. The memory is fixed: no growth, so the host's views stay valid, and a page that is never
// touched costs nothing. The compiler's own constants lie below SCOPE, which a test holds.

/** Roots of the run, see roots.ts: three of SCOPE_STRIDE bytes. */
export const SCOPE: usize = 0x4000;
export const SCOPE_STRIDE: usize = 0x2000;

/** Random bytes for the hash: one for every byte of the longest value, and a seed behind. */
export const KEY: usize = 0xa000;
export const KEY_SIZE: usize = 0x4040;

/** Start and end of each component of the path at hand: 8 bytes for at most valueLimit / 2 of them. */
export const PIECES: usize = 0x10000;

/** Where the host writes facts; what lies behind it may be read past a fact's end, never written. */
export const WINDOW: usize = 0x20000;
export const WINDOW_SIZE: usize = 0x40000;

/** The operator's lists as the host compiled them: a table of where each begins and ends, then their entries. */
export const CONFIG: usize = 0x70000;
export const CONFIG_SIZE: usize = 0x180000;

/** The hash table, grown in place. */
export const TABLE: usize = 0x200000;
export const TABLE_MAX_SLOTS: u32 = 0x200000;

/** Records of fingerprints, back to back; behind its end there is room to write one more value. */
export const ARENA: usize = 0x1200000;
export const ARENA_END: usize = 0x10000000;

/**
 * No value in its normal form is longer: of 6 KiB, a path can grow to 7/5 (`/fd/1` becomes `/fd/<N>`), and each of the
 * 64 tokens of a command by a root's 9 bytes or an operator's text of 100 besides.
 */
export const VALUE_MAX: u32 = 0x4000;
