import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readYaml } from "../../protocol/yaml.ts";
import { readOperatorRules } from "../../server/operator-rules-file.ts";
import { listAudit } from "../../server/store/audit.ts";
import { openStore } from "../../server/store/open.ts";
import { storeOf } from "../stores/stores.ts";
import { codeOf, completeRun, startTestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const rules = (text: string) => readOperatorRules(readYaml(text, "/etc/fangs/fangs.yaml", ""), 1_750_000_000_000);
const CACHE = "{kind: path, value: /cache/, note: ours}";

describe("an allow entry of the configuration file", () => {
  test("allows like one of the database, and the run keeps a copy of it", async () => {
    await using server = await startTestServer({ rules: rules(`allow: [${CACHE}]`) });
    await completeRun(server, ["/a"]);
    const run = await completeRun(server, ["/a", "/cache/x"]);
    expect(run).toMatchObject({ verdict: "clean", deviations: 0 });
    const { allowed } = await server.admin.run(run.id);
    expect(allowed).toMatchObject([{ value: "/cache/x", rule: { kind: "path", created_by: "config", note: "ours" } }]);
  });

  test("never allows a leak, nothing of another package or actor, and nothing once it ended", async () => {
    const entries = [
      "{kind: path, value: /leak/, note: x}",
      "{kind: path, value: /b/, package: axios, note: x}",
      "{kind: path, value: /c/, actor: installer, note: x}",
      "{kind: path, value: /d/, expires: 2001-01-01, note: x}",
    ];
    await using server = await startTestServer({ rules: rules(`allow: [${entries.join(", ")}]`) });
    await completeRun(server, ["/a"]);
    for (const path of ["/leak/x", "/b/x", "/c/x", "/d/x"])
      expect([path, (await completeRun(server, [path])).verdict]).toEqual([path, "deviant"]);
  });

  test("is gone with the next rules, and every change is audited once", async () => {
    await using server = await startTestServer({ rules: rules(`allow: [${CACHE}]`) });
    await completeRun(server, ["/a"]);
    await server.useRules(rules(`# as before\nallow: [${CACHE}]`));
    await server.useRules(rules("allow: []"));
    expect((await completeRun(server, ["/cache/x"])).verdict).toBe("deviant");
    await server.stop();
    // Without a file is as before.
    await using again = await startTestServer({ dataDir: server.folder });
    const db = openStore(await storeOf(again.folder));
    const trail = await listAudit(db, "fangs.yaml");
    await db.close();
    const valuesOf = (text: string | null) =>
      (JSON.parse(text ?? "") as { allow: { value: string }[] }).allow.map(({ value }) => value);
    expect(trail.map(({ action, before, after }) => [action, valuesOf(before), valuesOf(after)])).toEqual([
      ["config.rules", [], ["/cache/"]],
      ["config.rules", ["/cache/"], []],
    ]);
  });
});

describe("the list with entries of the configuration file", () => {
  const text = `allow:
  - {kind: path, value: /one, note: x}
  - {kind: path, value: /two, package: axios, note: x}
  - {kind: path, value: /three, package: lodash, note: x}
`;

  test("shows them first, each once however small the pages are, and by package", async () => {
    await using server = await startTestServer({ rules: rules(text) });
    await server.admin.removeAllow("cdn");
    for (const value of ["/four", "/five"]) await server.admin.addAllow({ kind: "path", value, note: "x" });
    const seen: string[] = [];
    for (let before: string | undefined, pages = 0; pages < 10; pages++) {
      const { entries, next } = await server.admin.allowList({ limit: 2, ...(before === undefined ? {} : { before }) });
      seen.push(...entries.map(({ created_by, value }) => `${created_by}:${value}`));
      if (next === null) break;
      before = next;
    }
    expect(seen.slice(0, 3).toSorted()).toEqual(["config:/one", "config:/three", "config:/two"]);
    expect(seen.slice(3)).toEqual(["local-admin:/five", "local-admin:/four"]);
    const ofAxios = (await server.admin.allowList({ package: "axios" })).entries.map(({ value }) => value);
    expect(ofAxios.toSorted()).toEqual(["/five", "/four", "/one", "/two"]);
  });

  test("refuses to remove them, and names the file", async () => {
    await using server = await startTestServer({ rules: rules(text) });
    const { entries } = await server.admin.allowList();
    const removal = server.admin.removeAllow(entries[0]!.id);
    expect(removal).rejects.toThrow("stands in /etc/fangs/fangs.yaml");
    expect(await codeOf(server.admin.removeAllow(entries[0]!.id))).toBe("conflict");
    expect((await server.admin.allowList()).entries.map(({ id }) => id)).toContain(entries[0]!.id);
  });
});
