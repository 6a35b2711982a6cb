/** Writes facts into the comparing core's window and feeds it whenever the window is full. */
import type { Differ } from "../../differ-wasm/host.ts";
import { CATEGORIES, FACT, type Category } from "../../protocol/facts.ts";
import { FangsError } from "../../protocol/errors.ts";

/** Whose behaviour a fact is and which record shows it. Set once per record, read by every write. */
export interface Origin {
  event: number;
  actor: number;
  /** The acting process in its own pid namespace. */
  pid: number;
}

export interface FactWriter {
  readonly origin: Origin;
  /** A fact whose value is a range of bytes. */
  bytes(category: Category, flags: number, source: Uint8Array, start: number, end: number): void;
  /** A fact whose value was made here. */
  text(category: Category, value: string, flags?: number): void;
  /** A destination: 4 or 16 address bytes. */
  address(category: Category, port: number, address: Uint8Array): void;
  /** Hands what is left to the core. */
  flush(): void;
}

/** Below this many bytes a loop is faster than a view and a copy. */
const COPY_LOOP = 160;

export function createFactWriter(differ: Differ): FactWriter {
  const origin: Origin = { event: 0, actor: 0, pid: 0 };
  const encoder = new TextEncoder();
  let window = differ.window;
  let view = viewOf(window);
  let used = 0;

  const flush = (): void => {
    if (used === 0) return;
    const consumed = differ.feed(used);
    // Feeding may grow the core's memory, which moves the window.
    window = differ.window;
    view = viewOf(window);
    if (consumed !== used) {
      throw new FangsError("internal", `The comparing core took ${consumed} of ${used} bytes of whole facts.`);
    }
    used = 0;
  };

  /** Writes the head of a fact and gives the place of its value. */
  const begin = (category: Category, flags: number, length: number): number => {
    const size = (FACT.headerSize + length + 7) & ~7;
    if (used + size > window.length) flush();
    const at = used;
    view.setUint32(at + FACT.id, origin.event, true);
    view.setUint16(at + FACT.length, length, true);
    view.setUint8(at + FACT.category, CATEGORIES[category].id);
    view.setUint8(at + FACT.flags, flags);
    view.setUint32(at + FACT.actor, origin.actor, true);
    view.setUint32(at + FACT.pid, origin.pid, true);
    used += size;
    return at + FACT.headerSize;
  };

  return {
    origin,
    bytes(category, flags, source, start, end) {
      const length = Math.min(end - start, 0xffff);
      const at = begin(category, flags, length);
      if (length > COPY_LOOP) window.set(source.subarray(start, start + length), at);
      else for (let i = 0; i < length; i++) window[at + i] = source[start + i] ?? 0;
    },
    text(category, value, flags = 0) {
      const bytes = encoder.encode(value);
      this.bytes(category, flags, bytes, 0, bytes.length);
    },
    address(category, port, address) {
      const at = begin(category, 0, 2 + address.length);
      view.setUint16(at, port, false);
      window.set(address, at + 2);
    },
    flush,
  };
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
