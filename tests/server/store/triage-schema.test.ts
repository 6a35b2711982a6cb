import { expect, spyOn, test } from "bun:test";
import { addBaselineEntries, addBaselineVersion, getBaseline } from "../../../server/store/baselines.ts";
import type { NewDeviation } from "../../../server/analysis/types.ts";
import { insertDeviations, listDeviations } from "../../../server/store/deviations.ts";
import { newStore, planOf } from "../../stores/stores.ts";
import { aRun } from "./analysed.ts";

function newDeviation(value: string): NewDeviation {
  const evidence = { event: 1, time_ms: 1, phase: "install", observed: value, result: "ok", count: 1, processes: [] };
  const kind = { actor: "import", category: "fs_new_path_read", severity: "low" } as const;
  return { ...kind, value, chain: null, step: null, drift: false, evidence };
}

test("whether a behaviour was rejected before is looked up in an index, never by reading all rejections", async () => {
  const db = await newStore();
  // With few rows any index would do: here only one has the few rejected ones and not the many others.
  const run = { id: await aRun(db, "lodash"), package: "lodash", version: "1.0.0" };
  await insertDeviations(
    db,
    run,
    Array.from({ length: 500 }, (_, i) => newDeviation(`/${i}`)),
    1,
  );
  await db.run("update deviation set state = 'rejected' where value = $1", ["/7"]);
  await db.script("analyze");
  // The statement as it is really made.
  using executed = spyOn(db.query.getExecutor(), "executeQuery");
  await listDeviations(db, { run: "0199a000-0000-7000-8000-000000000001" });
  const made = executed.mock.calls.map(([query]) => query).find(({ sql }) => sql.includes("rejected_before"))!;
  const plan = await planOf(db, made.sql, made.parameters);
  expect(plan.join("\n")).toMatch(/using .*deviation_rejected/i);
});

test("a leak enters no baseline, whoever hands it in", async () => {
  const db = await newStore();
  const origin = { package: "lodash", node_major: 22, version: "1.0.0", run_id: null };
  await addBaselineVersion(db, origin, 1);
  const behaviour = { actor: "import", category: "net_new_dns", value: "a.example" };
  await addBaselineEntries(db, origin, [behaviour, { ...behaviour, category: "canary_leak" }]);
  expect((await getBaseline(db, "lodash"))?.entries.map((entry) => entry.category)).toEqual(["net_new_dns"]);
});
