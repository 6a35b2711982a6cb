/** `bun tests/bench/differ.ts [--json]`: what `fangs bench differ` does, and native code besides. */
import { printReport } from "../../cli/bench.ts";
import { processTerminal } from "../../cli/terminal.ts";
import { compileCore } from "../../differ-wasm/compile.ts";
import { readCorpus, type Recording } from "../corpus/recording.ts";
import { compareContenders } from "./compare.ts";
import { openNative } from "./native.ts";

const corpus = readCorpus();
const recording = (name: string): Recording => {
  const found = corpus.get(name);
  if (found === undefined) throw new Error(`The corpus has no ${name}; tests/corpus/record.ts records it.`);
  return found;
};

const terminal = processTerminal();
const report = await compareContenders({
  simd: await compileCore({ simd: true }),
  scalar: await compileCore({ simd: false }),
  native: openNative(),
  earlier: recording("express-4.21.2"),
  run: recording("express-4.21.2-2"),
  short: recording("is-number-7.0.0"),
  tell: (line) => terminal.err(`${line}\n`),
});
await printReport(terminal, report, process.argv.includes("--json"));
