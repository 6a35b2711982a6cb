import { describe, expect, test } from "bun:test";
import { readNpmConfig } from "../../npm/config.ts";
import { unavailable } from "../e2e/support.ts";
import { startEvaluation } from "./examine.ts";

const NAME = "express";
const VERSION = "4.21.2";
const isReachable = unavailable === undefined && (await registryAnswers());

describe.skipIf(!isReachable)("a release that is installed again and again", () => {
  test("shows nothing new: express, three times", async () => {
    await using evaluation = await startEvaluation();
    expect((await evaluation.examine(NAME, VERSION)).run.verdict).toBe("seeded");
    for (let again = 1; again <= 2; again++) {
      const { run, deviations } = await evaluation.examine(NAME, VERSION);
      expect(deviations).toEqual([]);
      expect(run.verdict).toBe("clean");
      expect(run.events).toBeGreaterThan(3000);
    }
  });
});

async function registryAnswers(): Promise<boolean> {
  const { registry } = readNpmConfig();
  const answers = await fetch(registry + NAME, { method: "HEAD", signal: AbortSignal.timeout(10_000) }).then(
    ({ ok }) => ok,
    () => false,
  );
  if (!answers) process.stderr.write(`evaluation skipped: ${registry} does not answer\n`);
  return answers;
}
