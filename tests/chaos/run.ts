/** The long chaos: `bun tests/chaos/run.ts [scans] [seed]` prints what was done and found; ends with 1 where something was found. */
import { runChaos } from "./chaos.ts";

const [scans = "220", seed = "1"] = process.argv.slice(2);
const report = await runChaos({
  scans: Number(scans),
  packages: 10,
  seed: Number(seed),
  pauseMs: 1200,
  limitMs: 8 * 60_000,
  tell: (line) => process.stderr.write(`${line}\n`),
});
process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
process.exit(Object.values(report.findings).some((found) => found.length > 0) ? 1 : 0);
