import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DIST, say, show } from "./run.ts";

/**
 * Runs the tests (all, or the files named) and closes with `N passed, N failed` alone on a line.
 * Returns 0 only where tests ran and none failed.
 */
export async function runTests(files: string[]): Promise<number> {
  const report = join(DIST, "tests.xml");
  rmSync(report, { force: true });
  const exit = await show([
    process.execPath,
    "test",
    // Containers, compilers and real kernels take their time on a loaded machine; a hang still ends.
    "--timeout=120000",
    "--reporter=junit",
    `--reporter-outfile=${report}`,
    ...(files.length > 0 ? files : ["./tests"]),
  ]);
  const totals = existsSync(report) ? readFileSync(report, "utf8").match(/<testsuites [^>]*>/)?.[0] : undefined;
  const count = (name: string) => Number(totals?.match(new RegExp(`\\b${name}="(\\d+)"`))?.[1] ?? 0);
  const failed = count("failures") + count("errors");
  const skipped = count("skipped");
  const passed = count("tests") - failed - skipped;
  if (exit !== 0 && failed === 0) say(`bun test ended with ${exit}`);
  process.stdout.write(
    `${passed} passed, ${exit !== 0 && failed === 0 ? 1 : failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}\n`,
  );
  return exit === 0 && passed > 0 ? 0 : 1;
}
