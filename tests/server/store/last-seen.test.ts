import { expect, test } from "bun:test";
import { addBaselineEntries, addBaselineVersion, getBaseline } from "../../../server/store/baselines.ts";
import { insertFingerprints } from "../../../server/store/fingerprints.ts";
import { updateRun } from "../../../server/store/runs.ts";
import { newStore } from "../../stores/stores.ts";
import { aRun } from "./analysed.ts";

test("a behaviour was last seen by the newest clean run that showed it, however many came after that", async () => {
  const db = await newStore();
  const behaviour = (value: string) => ({ actor: "import", category: "fs_new_path_read", value }) as const;
  const runs: string[] = [];
  await db.transaction(async (inner) => {
    for (let i = 0; i < 540; i++) {
      const id = await aRun(inner, "lodash");
      const values = i <= 3 ? ["/always", "/early"] : ["/always"];
      const run = { id, package: "lodash", version: `1.${i}.0`, node_major: 24 };
      const shown = values.map((value, first) => ({ ...behaviour(value), count: 1, first }));
      await insertFingerprints(inner, run, shown, 7);
      // The last ones are deviant, and decided by nobody.
      await updateRun(inner, id, { verdict: i <= 530 ? "clean" : "deviant" });
      runs.push(id);
    }
    const origin = { package: "lodash", node_major: 24, version: "1.0.0", run_id: runs[0]! };
    await addBaselineVersion(inner, origin, 1);
    await addBaselineEntries(inner, origin, ["/always", "/early", "/never again"].map(behaviour));
  });
  const baseline = await getBaseline(db, "lodash");
  expect(baseline?.entries.map(({ value, last_version, last_run }) => [value, last_version, last_run])).toEqual([
    ["/always", "1.530.0", runs[530]!],
    ["/early", "1.3.0", runs[3]!],
    ["/never again", "1.0.0", runs[0]!],
  ]);
});
