/** What one writes in plain TypeScript when it has to be fast: the rules by hand, no regular expression, a Map. */
import { bytesOf, textOf } from "../../differ-wasm/escape.ts";
import type { BaselineValue, Delta, DifferResult, DifferScope } from "../../differ-wasm/types.ts";
import { CATEGORIES, FACT, VALUE } from "../../protocol/facts.ts";
import { scanAddress, scanCommand, scanDestination, scanName, scanPath } from "./scanner-rules.ts";

const KINDS: number[] = [];
for (const { id, value } of Object.values(CATEGORIES)) KINDS[id] = value;

/** The same as referenceDiff(), without the operator's lists. */
export function scannerDiff(facts: Uint8Array, scope: DifferScope, baseline: Iterable<BaselineValue>): DifferResult {
  const roots = [scope.project, scope.home].map((root) => (root.startsWith("/") ? root : null));
  const bytes = Buffer.from(facts.buffer, facts.byteOffset, facts.byteLength);
  const seen = new Map<string, Delta>();
  for (const { actor, category, value } of baseline) {
    const text = textOf(bytesOf(value));
    const delta = { actor, category, value: text, count: 0, first: 0, known: true, allowedBy: null };
    seen.set(keyOf(actor, category, Buffer.from(bytesOf(value)).toString("latin1")), delta);
  }
  let bad = 0;
  let tooLong = 0;
  for (let at = 0; at + FACT.headerSize <= bytes.length;) {
    const start = at + FACT.headerSize;
    const end = start + bytes.readUInt16LE(at + FACT.length);
    const next = (end + 7) & ~7;
    if (next > bytes.length) break;
    const category = bytes[at + FACT.category] ?? 0;
    const kind = KINDS[category];
    if (kind === undefined) bad++;
    else if (end - start > FACT.valueLimit) tooLong++;
    else if (end > start) {
      const value = bytes.toString("latin1", start, end);
      const flags = bytes[at + FACT.flags] ?? 0;
      const pid = bytes.readUInt32LE(at + FACT.pid);
      const normal = normalise(value, kind, flags, pid, roots, scope.package);
      if (normal === null) bad++;
      else if (normal !== "") {
        const actor = bytes.readUInt16LE(at + FACT.actor);
        count(seen, actor, category, bytes.readUInt32LE(at + FACT.id), normal);
      }
    }
    at = next;
  }
  const flood = tooLong > 0 ? `${tooLong} values longer than ${FACT.valueLimit} bytes` : null;
  return { fingerprints: [...seen.values()].filter((delta) => delta.count > 0), flood, bad };
}

function normalise(
  value: string,
  kind: number,
  flags: number,
  pid: number,
  [project = null, home = null]: (string | null)[],
  name: string,
): string | null {
  const place = { project, home, package: name, pid };
  if (kind === VALUE.path) return scanPath(value, place, (flags & FACT.fold) !== 0);
  if (kind === VALUE.command) return scanCommand(value, place);
  if (kind === VALUE.literal) {
    const path = (flags & FACT.located) === 0 ? 0 : value.indexOf(" ") + 1;
    return path > 0 && path < value.length ? value.slice(0, path) + scanPath(value.slice(path), place, false) : value;
  }
  if ((flags & FACT.named) !== 0) return scanDestination(value);
  return kind === VALUE.name ? scanName(value) : scanAddress(value);
}

function count(seen: Map<string, Delta>, actor: number, category: number, id: number, normal: string): void {
  const key = keyOf(actor, category, normal);
  const delta = seen.get(key);
  if (delta === undefined) {
    const value = textOf(Buffer.from(normal, "latin1"));
    seen.set(key, { actor, category, value, count: 1, first: id, known: false, allowedBy: null });
    return;
  }
  if (delta.count === 0) delta.first = id;
  delta.count++;
}

function keyOf(actor: number, category: number, value: string): string {
  return `${actor} ${category} ${value}`;
}
