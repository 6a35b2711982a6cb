import type { Decoy } from "../../protocol/models.ts";
import type { FactWriter } from "./fact-writer.ts";
import { secretNeedles } from "./leak-needles.ts";

/** Finds decoys in outgoing bytes. */
export interface LeakFinder {
  /** Names of the decoys whose secret is in the bytes from `start` on, in any of its forms. */
  find(bytes: Uint8Array, start?: number): string[];
  /** Bytes to look at again when a stream goes on, so that no form is missed between two pieces. */
  readonly overlap: number;
}

/** A fact for each decoy that is in the bytes from `start` on; `way`: by which channel and to whom. */
export function reportLeaks(
  { leaks, writer }: { leaks: LeakFinder; writer: FactWriter },
  bytes: Uint8Array,
  start: number,
  way: string,
): void {
  for (const decoy of leaks.find(bytes, start)) writer.text("canary_leak", `${decoy} via ${way}`);
}

interface Needle {
  bytes: Uint8Array;
  decoy: string;
}

const FILTER_BITS = 13;

/** One finder for all decoys of a run. Its time grows with the bytes, hardly with the number of decoys. */
export function createLeakFinder(decoys: readonly Decoy[]): LeakFinder {
  // A byte of haystack costs one look into a table of bytes. As an array of lists that table took longer to make than
  // a run of 1,000 events takes to analyse.
  const starts = new Uint8Array(1 << FILTER_BITS);
  const byStart = new Map<number, Needle[]>();
  let longest = 1;
  for (const { name, secret } of decoys) {
    for (const bytes of secretNeedles(secret)) {
      longest = Math.max(longest, bytes.length);
      const hash = startHash(bytes, 0);
      starts[hash] = 1;
      const needles = byStart.get(hash);
      if (needles === undefined) byStart.set(hash, [{ bytes, decoy: name }]);
      else needles.push({ bytes, decoy: name });
    }
  }
  return {
    overlap: longest - 1,
    find(bytes, start = 0) {
      const found = new Set<string>();
      for (let at = start; at + 4 <= bytes.length; at++) {
        const hash = startHash(bytes, at);
        if (starts[hash] === 0) continue;
        for (const needle of byStart.get(hash) ?? []) if (isAt(needle.bytes, bytes, at)) found.add(needle.decoy);
      }
      return [...found];
    },
  };
}

function startHash(bytes: Uint8Array, at: number): number {
  const word =
    (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
  return Math.imul(word, 0x9e3779b1) >>> (32 - FILTER_BITS);
}

function isAt(needle: Uint8Array, bytes: Uint8Array, at: number): boolean {
  if (at + needle.length > bytes.length) return false;
  for (let i = 0; i < needle.length; i++) if (bytes[at + i] !== needle[i]) return false;
  return true;
}
