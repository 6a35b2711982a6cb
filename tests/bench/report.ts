import type { BenchReport, Contender } from "./compare.ts";

const NAMES: Record<Contender, string> = {
  core: "core, SIMD",
  scalar: "core, scalar",
  native: "the same in C, gcc -O3 -march=native",
  scanner: "TypeScript, by hand",
  reference: "TypeScript, regular expressions",
};
const CONTENDERS = Object.keys(NAMES) as Contender[];

/** Figures by stable names; µs are minima. null: not measured. */
export function reportFigures(report: BenchReport): Record<string, number | null> {
  const of = (facts: number, contender: Contender): number | null =>
    report.comparison.find((one) => one.facts === facts)?.times[contender]?.minimum ?? null;
  const ratio = (upper: number | null, lower: number | null): number | null =>
    upper === null || lower === null ? null : round(upper / lower);
  const figures: Record<string, number | null> = {};
  for (const { facts } of report.comparison) {
    for (const contender of CONTENDERS) figures[`differ.${contender}_us_${facts}`] = rounded(of(facts, contender));
  }
  return {
    ...figures,
    "differ.vs_reference": ratio(of(1000, "reference"), of(1000, "core")),
    "differ.vs_scanner": ratio(of(1000, "scanner"), of(1000, "core")),
    "differ.vs_native": ratio(of(1000, "core"), of(1000, "native")),
    "differ.vs_native_100000": ratio(of(100_000, "core"), of(100_000, "native")),
    "differ.first_run_us": round(Math.min(...report.firstRuns.microseconds)),
    "differ.analysis_us_1000": rounded(report.analysis.find(({ events }) => events === 1000)?.times.minimum ?? null),
    "differ.wasm_bytes": report.wasmBytes,
  };
}

/** Both tables as rows of cells. */
export function reportRows(report: BenchReport): { comparison: string[][]; analysis: string[][]; notes: string[] } {
  const comparison = report.comparison.flatMap(({ facts, times }) =>
    CONTENDERS.map((contender) => {
      const own = times[contender];
      const core = times.core;
      const cells =
        own && core ? [us(own.minimum), us(own.median), times_(own.minimum / core.minimum)] : ["-", "-", "-"];
      return [String(facts), NAMES[contender], ...cells];
    }),
  );
  const analysis = report.analysis.map(({ events, verdict, times }) => [
    String(events),
    verdict,
    us(times.minimum),
    us(times.median),
  ]);
  const { microseconds, warm } = report.firstRuns;
  const notes = [
    `first runs of 1000 facts after ${warm ? "warm-up" : "a warm-up that did not finish"}, of one new differ after the other: ${microseconds.map(us).join(", ")} µs`,
    `core: ${report.wasmBytes} bytes of WebAssembly`,
    ...(report.native === null ? [] : [`C was not measured: ${report.native}`]),
    `all contenders gave the same result: ${report.comparison.map(({ digest }) => digest.slice(0, 12)).join(", ")}`,
  ];
  return { comparison, analysis, notes };
}

export const COMPARISON_TITLES = ["FACTS", "CONTENDER", "MINIMUM µs", "MEDIAN µs", "× CORE"] as const;
export const ANALYSIS_TITLES = ["EVENTS", "VERDICT", "MINIMUM µs", "MEDIAN µs"] as const;

// --- internal ---

function us(microseconds: number): string {
  return microseconds < 100 ? microseconds.toFixed(1) : microseconds.toFixed(0);
}

function times_(ratio: number): string {
  return ratio.toFixed(2);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function rounded(value: number | null): number | null {
  return value === null ? null : round(value);
}
