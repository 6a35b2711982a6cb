import { CATEGORIES, FACT, VALUE, type ValueKind } from "../protocol/facts.ts";
import { bytesOf, latin1, textOf } from "./escape.ts";
import type { BaselineValue, Delta, DifferResult, DifferScope } from "./host.ts";
import { normalAddress, normalCommand, normalDestination, normalName, normalPath } from "./reference-rules.ts";

/**
 * What the core must do, written for the reader: slow, with regular expressions and a Map. Same bytes, same result;
 * a fact that is cut off at the end is left out, as feed() leaves it in the window. There is no limit on the number
 * of distinct behaviours.
 */
export function referenceDiff(facts: Uint8Array, scope: DifferScope, baseline: Iterable<BaselineValue>): DifferResult {
  const seen = new Map<string, Delta>();
  for (const { actor, category, value } of baseline) {
    const text = textOf(bytesOf(value));
    seen.set(`${actor} ${category} ${text}`, { actor, category, value: text, count: 0, first: 0, known: true });
  }
  let bad = 0;
  let tooLong = 0;
  for (const fact of readFacts(facts)) {
    const kind = KINDS.get(fact.category);
    if (kind === undefined) {
      bad++;
    } else if (fact.value.length > FACT.valueLimit) {
      tooLong++;
    } else if (fact.value.length > 0) {
      const normal = normalise(fact, kind, scope);
      if (normal === null) bad++;
      else if (normal !== "") count(seen, fact, textOf(Buffer.from(normal, "latin1")));
    }
  }
  return {
    fingerprints: [...seen.values()].filter((delta) => delta.count > 0),
    flood: tooLong > 0 ? `${tooLong} values longer than ${FACT.valueLimit} bytes` : null,
    bad,
  };
}

interface Fact {
  id: number;
  category: number;
  flags: number;
  actor: number;
  pid: number;
  /** One character for each byte. */
  value: string;
}

const KINDS = new Map<number, ValueKind>(Object.values(CATEGORIES).map(({ id, value }) => [id, value]));

function* readFacts(bytes: Uint8Array): Generator<Fact> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + FACT.headerSize <= bytes.length;) {
    const start = at + FACT.headerSize;
    const end = start + view.getUint16(at + FACT.length, true);
    const next = Math.ceil(end / 8) * 8;
    if (next > bytes.length) return;
    yield {
      id: view.getUint32(at + FACT.id, true),
      category: view.getUint8(at + FACT.category),
      flags: view.getUint8(at + FACT.flags),
      actor: view.getUint16(at + FACT.actor, true),
      pid: view.getUint32(at + FACT.pid, true),
      value: latin1(bytes.subarray(start, end)),
    };
    at = next;
  }
}

/** null: malformed. */
function normalise({ value, flags, pid }: Fact, kind: ValueKind, scope: DifferScope): string | null {
  switch (kind) {
    case VALUE.path:
      return normalPath(value, scope, { pid, fold: (flags & FACT.fold) !== 0 });
    case VALUE.command:
      return normalCommand(value, scope, pid);
    case VALUE.name:
      return (flags & FACT.named) !== 0 ? normalDestination(value) : normalName(value);
    case VALUE.address:
      return (flags & FACT.named) !== 0 ? normalDestination(value) : normalAddress(value);
    case VALUE.literal:
      return value;
  }
}

function count(seen: Map<string, Delta>, { actor, category, id }: Fact, value: string): void {
  const key = `${actor} ${category} ${value}`;
  const delta = seen.get(key) ?? { actor, category, value, count: 0, first: id, known: false };
  if (delta.count === 0) delta.first = id;
  delta.count++;
  seen.set(key, delta);
}
