import { CATEGORIES, FACT, VALUE, type ValueKind } from "../protocol/facts.ts";
import { bytesOf, latin1, textOf } from "./escape.ts";
import { allowing, compileOperatorRules, type OperatorRules } from "./reference-operator.ts";
import {
  type Applied,
  normalAddress,
  normalCommand,
  normalDestination,
  normalName,
  normalPath,
} from "./reference-rules.ts";
import type { AllowRule, BaselineValue, Delta, DifferResult, DifferScope, NormaliseRule } from "./types.ts";

/**
 * What the core must do, written for the reader: slow, with regular expressions and a Map. Same bytes, same result;
 * a fact that is cut off at the end is left out, as feed() leaves it in the window. There is no limit on the number
 * of distinct behaviours. Rules are taken to be well-formed.
 */
export function referenceDiff(
  facts: Uint8Array,
  scope: DifferScope,
  baseline: Iterable<BaselineValue>,
  allow: readonly AllowRule[] = [],
  rules: readonly NormaliseRule[] = [],
): DifferResult {
  const seen = new Map<string, Delta>();
  for (const { actor, category, value } of baseline) {
    const text = textOf(bytesOf(value));
    const key = `${actor} ${category} ${text}`;
    seen.set(key, { actor, category, value: text, count: 0, first: 0, known: true, allowedBy: null });
  }
  const operator = compileOperatorRules(rules);
  let bad = 0;
  let tooLong = 0;
  for (const fact of readFacts(facts)) {
    const kind = KINDS.get(fact.category);
    if (kind === undefined) {
      bad++;
    } else if (fact.value.length > FACT.valueLimit) {
      tooLong++;
    } else if (fact.value.length > 0) {
      const normal = normalise(fact, kind, scope, operator);
      if (normal === null) bad++;
      else if (normal !== "") count(seen, fact, textOf(Buffer.from(normal, "latin1")), normal, allow);
    }
  }
  const fingerprints = [...seen.values()].filter((delta) => delta.count > 0);
  return {
    fingerprints,
    flood: tooLong > 0 ? `${tooLong} values longer than ${FACT.valueLimit} bytes` : null,
    bad,
  };
}

export interface Explanation {
  /** The value in its normal form, as Delta has it; "" if nothing is left of it. */
  value: string;
  /** Ids of the rules that changed something (docs/differ-rules.md, or the operator's), in the order they did. */
  rules: string[];
}

/** Why a fact's value is compared as what it is; null if the fact is malformed. */
export function explain(
  fact: Uint8Array,
  scope: DifferScope,
  rules: readonly NormaliseRule[] = [],
): Explanation | null {
  const { value: read } = readFacts(fact).next();
  const kind = read === undefined ? undefined : KINDS.get(read.category);
  if (read === undefined || kind === undefined || read.value.length > FACT.valueLimit) return null;
  const applied = new Set<string>();
  const normal = normalise(read, kind, scope, compileOperatorRules(rules), (rule) => void applied.add(rule));
  return normal === null ? null : { value: textOf(Buffer.from(normal, "latin1")), rules: [...applied] };
}

// --- internal ---

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

function* readFacts(bytes: Uint8Array): Generator<Fact, undefined> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + FACT.headerSize <= bytes.length;) {
    const start = at + FACT.headerSize;
    const end = start + view.getUint16(at + FACT.length, true);
    const next = Math.ceil(end / 8) * 8;
    if (next > bytes.length) return undefined;
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
function normalise(
  { value, flags, pid }: Fact,
  kind: ValueKind,
  scope: DifferScope,
  rules: OperatorRules,
  applied: Applied = () => undefined,
): string | null {
  const changed = (rule: string, normal: string | null): string | null => {
    if (normal !== null && normal !== value) applied(rule);
    return normal;
  };
  if (value === "") return "";
  switch (kind) {
    case VALUE.path:
      return normalPath(value, scope, { pid, fold: (flags & FACT.fold) !== 0, rules, applied });
    case VALUE.command:
      return changed("command", normalCommand(value, scope, { pid, rules, applied }));
    case VALUE.name:
      if ((flags & FACT.named) !== 0) return changed("named", normalDestination(value));
      return changed("name", normalName(value));
    case VALUE.address:
      if ((flags & FACT.named) !== 0) return changed("named", normalDestination(value));
      return changed("address", normalAddress(value));
    case VALUE.literal:
      if ((flags & FACT.located) === 0) return value;
      return value.replace(/(?<=^[^ ]* ).+$/s, (path) => normalPath(path, scope, { pid, fold: false, rules, applied }));
  }
}

function count(seen: Map<string, Delta>, fact: Fact, value: string, normal: string, allow: readonly AllowRule[]): void {
  const { actor, category, id } = fact;
  const key = `${actor} ${category} ${value}`;
  const delta = seen.get(key) ?? {
    actor,
    category,
    value,
    count: 0,
    first: id,
    known: false,
    allowedBy: allowing(fact, normal, allow),
  };
  if (delta.count === 0) delta.first = id;
  delta.count++;
  seen.set(key, delta);
}
