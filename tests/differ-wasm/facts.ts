import { FACT } from "../../protocol/facts.ts";
import type { BaselineValue, Differ, DifferResult, DifferScope } from "../../differ-wasm/host.ts";

/** A fact in the words of a test. */
export interface FactInput {
  category: number;
  value: string | Uint8Array;
  id?: number;
  actor?: number;
  pid?: number;
  flags?: number;
}

export const SCOPE: DifferScope = { project: "/app", home: "/root", package: "express" };

export function valueBytes(value: string | Uint8Array): Uint8Array {
  return typeof value === "string" ? new TextEncoder().encode(value) : value;
}

/** Facts as analysis writes them; ids count from 0 where the test names none. What lies behind a value counts for nothing. */
export function encodeFacts(facts: FactInput[], padding = 0xaa): Uint8Array {
  const values = facts.map(({ value }) => valueBytes(value));
  const sizes = values.map((value) => Math.ceil((FACT.headerSize + value.length) / 8) * 8);
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0)).fill(padding);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [i, { id = i, category, flags = 0, actor = 0, pid = 0 }] of facts.entries()) {
    const value = values[i] ?? new Uint8Array();
    view.setUint32(at + FACT.id, id, true);
    view.setUint16(at + FACT.length, value.length, true);
    view.setUint8(at + FACT.category, category);
    view.setUint8(at + FACT.flags, flags);
    view.setUint16(at + FACT.actor, actor, true);
    view.setUint16(at + 10, 0, true);
    view.setUint32(at + FACT.pid, pid, true);
    bytes.set(value, at + FACT.headerSize);
    at += sizes[i] ?? 0;
  }
  return bytes;
}

/** Feeds all bytes through at most `windowSize` bytes of the window at a time, and returns what was left over. */
export function feedAll(differ: Differ, facts: Uint8Array, windowSize = differ.window.length): number {
  let at = 0;
  while (at < facts.length) {
    const chunk = facts.subarray(at, at + windowSize);
    differ.window.set(chunk);
    const taken = differ.feed(chunk.length);
    if (taken === 0) break;
    at += taken;
  }
  return facts.length - at;
}

export function compare(
  differ: Differ,
  facts: Uint8Array,
  scope: DifferScope = SCOPE,
  baseline: BaselineValue[] = [],
): DifferResult {
  differ.begin(scope, baseline);
  feedAll(differ, facts);
  return differ.finish();
}
