import { Database as Sqlite } from "bun:sqlite";
import { expect, spyOn, test } from "bun:test";
import { join } from "node:path";
import { addBaselineEntries, addBaselineVersion, getBaseline } from "../../../server/store/baselines.ts";
import { listDeviations } from "../../../server/store/deviations.ts";
import { migrate } from "../../../server/store/migrate.ts";
import { SQLITE_MIGRATIONS } from "../../../server/store/migrations.ts";
import { openStore } from "../../../server/store/open.ts";
import { getRun } from "../../../server/store/runs.ts";
import { result, temporaryFolder } from "../support.ts";

const RUN = "0199a000-0000-7000-8000-000000000001";

test("a baseline that an earlier fangs made is kept, for the Node.js of the run that made it", async () => {
  using folder = temporaryFolder();
  const url = `sqlite:${join(folder.path, "fangs.db")}`;
  const old = openStore(url);
  await migrate(old, SQLITE_MIGRATIONS.slice(0, 1));
  await old.hot((raw) => {
    raw.run("insert into package values ('lodash', 1)");
    raw.run("insert into scan values ('s', 'lodash', '1.0.0', null, 1)");
    raw
      .query(
        `insert into run (id, scan_id, package, version, state, verdict, attempt, events, deviations, result, created_at)
         values (?, 's', 'lodash', '1.0.0', 'done', 'seeded', 1, 1, 0, ?, 1)`,
      )
      .run(RUN, JSON.stringify({ ...result(1), node_version: "v20.11.1" }));
    raw.run(`insert into baseline_version values ('lodash', '1.0.0', '${RUN}', 1)`);
    raw.run(
      `insert into baseline_entry values ('lodash', 'import', 'net_new_dns', 'a.example', '1.0.0', '1.0.0', '${RUN}', '${RUN}')`,
    );
  });
  await old.close();

  const db = openStore(url);
  await migrate(db);
  expect(await getBaseline(db, "lodash")).toMatchObject({
    node_major: 20,
    versions: ["1.0.0"],
    entries: [{ value: "a.example", first_run: RUN }],
  });
  expect(await getRun(db, RUN)).toMatchObject({ decision: "accepted", kind: "scan" });
  expect(await db.hot((raw) => raw.query("pragma foreign_key_check").all())).toEqual([]);
  await db.close();
});

test("whether a behaviour was rejected before is looked up in an index, never by reading all rejections", async () => {
  const db = openStore("sqlite::memory:");
  await migrate(db);
  // The statement as it is really made.
  using query = spyOn(Sqlite.prototype, "query");
  await listDeviations(db, { run: RUN });
  const statement = query.mock.calls.map(([sql]) => sql).find((sql) => sql.includes("rejected_before"))!;
  const plan = await db.hot((raw) =>
    raw
      .query<{ detail: string }, string[]>(`explain query plan ${statement}`)
      .all(...Array.from({ length: statement.split("?").length - 1 }, () => "1")),
  );
  expect(plan.map((step) => step.detail).join("\n")).toContain("USING COVERING INDEX deviation_rejected");
  await db.close();
});

test("a leak enters no baseline, whoever hands it in", async () => {
  const db = openStore("sqlite::memory:");
  await migrate(db);
  const origin = { package: "lodash", node_major: 22, version: "1.0.0", run_id: null };
  await addBaselineVersion(db, origin, 1);
  const behaviour = { actor: "import", category: "net_new_dns", value: "a.example" };
  await addBaselineEntries(db, origin, [behaviour, { ...behaviour, category: "canary_leak" }]);
  expect((await getBaseline(db, "lodash"))?.entries.map((entry) => entry.category)).toEqual(["net_new_dns"]);
  await db.close();
});
