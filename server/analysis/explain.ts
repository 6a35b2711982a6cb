/** What each event of a run was compared as: values before and after normalisation, and the rules in between. */
import { textOf } from "../../differ-wasm/escape.ts";
import type { Differ, DifferScope } from "../../differ-wasm/host.ts";
import { explain } from "../../differ-wasm/reference.ts";
import { formatEndpoint } from "../../protocol/address.ts";
import { CATEGORIES, categoryName, FACT, VALUE } from "../../protocol/facts.ts";
import type { ExplainedFact } from "../../protocol/models.ts";
import { createActors } from "./actors.ts";
import { extractFacts } from "./extract.ts";
import type { AnalysisInput } from "./types.ts";

/** The facts of a run by the event that shows them, explained. Costs an extraction, and a string per fact: for people. */
export function explainRun(input: AnalysisInput, wanted: ReadonlySet<number>): Map<number, ExplainedFact[]> {
  const { project, home } = input.result.environment;
  const scope: DifferScope = { project, home, package: input.package };
  const explained = new Map<number, ExplainedFact[]>();
  const take = (fact: Uint8Array): void => {
    const view = new DataView(fact.buffer, fact.byteOffset, fact.byteLength);
    const event = view.getUint32(FACT.id, true);
    const category = categoryName(view.getUint8(FACT.category));
    if (category === undefined || !wanted.has(event)) return;
    const before = textOfFact(fact, view);
    const explanation = explain(fact, scope, input.rules);
    if (explanation === null) return;
    const told = { category, before, after: explanation.value, rules: explanation.rules };
    const facts = explained.get(event) ?? [];
    if (!facts.some((one) => one.category === category && one.before === before)) facts.push(told);
    explained.set(event, facts);
  };
  extractFacts(input, createActors(input.result, input.package), factReader(take));
  return explained;
}

// --- internal ---

function textOfFact(fact: Uint8Array, view: DataView): string {
  const length = view.getUint16(FACT.length, true);
  const value = fact.subarray(FACT.headerSize, FACT.headerSize + length);
  const kind = CATEGORIES[categoryName(view.getUint8(FACT.category)) ?? "flood"].value;
  const isNamed = (view.getUint8(FACT.flags) & FACT.named) !== 0;
  if (kind === VALUE.address && !isNamed && value.length >= 6) {
    return formatEndpoint(value.subarray(2), view.getUint16(FACT.headerSize, false));
  }
  if (kind !== VALUE.command) return textOf(value);
  // Tokens are parted by NUL; for people by a space.
  return textOf(value.map((byte) => (byte === 0 ? 0x20 : byte))).trimEnd();
}

/** A differ that compares nothing, but hands over each fact. */
function factReader(take: (fact: Uint8Array) => void): Differ {
  const window = new Uint8Array(256 * 1024);
  return {
    window,
    begin() {},
    feed(length) {
      const view = new DataView(window.buffer);
      for (let at = 0; at < length;) {
        const size = (FACT.headerSize + view.getUint16(at + FACT.length, true) + 7) & ~7;
        take(window.subarray(at, at + size));
        at += size;
      }
      return length;
    },
    finish: () => ({ fingerprints: [], allowed: 0, flood: null, bad: 0 }),
  };
}
