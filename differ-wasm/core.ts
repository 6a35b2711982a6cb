interface Place {
  readonly value: number;
}

/** What assembly/index.ts exports. Numbers of bytes and addresses in the core's memory. */
export interface Core {
  memory: { readonly buffer: ArrayBufferLike };
  KEY: Place;
  KEY_SIZE: Place;
  WINDOW: Place;
  WINDOW_SIZE: Place;
  CONFIG: Place;
  CONFIG_SIZE: Place;
  TABLE: Place;
  ARENA: Place;
  VALUE_MAX: Place;
  ROOT_MAX: Place;
  prepare(): void;
  begin(): void;
  rootText(which: number): number;
  setRoot(which: number, size: number): void;
  clear(most: number, room: number): void;
  rememberValues(size: number): void;
  restore(end: number, count: number): void;
  seal(most: number, room: number): void;
  rewind(): void;
  run(size: number): number;
  recordCount(): number;
  recordsEnd(): number;
  malformedFacts(): number;
  tooLongFacts(): number;
  isFull(): number;
}

/** Offsets in a record of the arena, in 32-bit words; assembly/fingerprints.ts writes them. */
export const RECORD = { first: 2, count: 3, owner: 4, size: 5, mark: 6, words: 8 } as const;

/** In a record's mark: its place among the baseline's values from 1, 0 if it is new; readable ASCII; that it is new and allowed, the number is the allowing entry's. */
export const MARK = { number: 0x3fffffff, plain: 0x40000000, allowed: 0x80000000 } as const;

export function instantiate(wasm: Uint8Array): Core {
  // A copy, because the bytes may lie in a shared buffer, which WebAssembly does not take.
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(wasm)));
  // The compiler's word for it: the exports are those of assembly/index.ts, and the tests call every one.
  return exports as unknown as Core;
}
