import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { allowYaml, parseAllowFile } from "../../cli/allow-file.ts";
import { VERSION } from "../../cli/manifest.ts";
import type { AllowEntry } from "../../protocol/models.ts";
import { aRunDetail, fakeServer, run, RUN_ID } from "./support.ts";

function anAllow(change: Partial<AllowEntry> = {}): AllowEntry {
  return {
    id: "0199e000-0000-7000-8000-00000000000e",
    kind: "sni",
    value: "telemetry.example",
    package: "axios",
    actor: null,
    note: "known: telemetry",
    shipped: null,
    created_by: "mara",
    created_at: 1_750_000_000_000,
    expires_at: null,
    ...change,
  };
}

const CDN = anAllow({ kind: "cidr", value: "192.0.2.0/24", package: null, note: "a CDN", shipped: "cdn" });

describe("allow", () => {
  test("add is spelled as in v1, with or without a note", async () => {
    await using server = fakeServer({ "POST /v1/allow": anAllow() });
    const v1 = "allow add -kind sni -value telemetry.example -package axios -note".split(" ");
    const { exit, out } = await run([...v1, "known: telemetry"], server.env);
    expect({ exit, out }).toEqual({
      exit: 0,
      out: "sni telemetry.example is allowed: 0199e000-0000-7000-8000-00000000000e\n",
    });
    await run("allow add -kind path -value /tmp/some-pkg-cache/ -package some-pkg".split(" "), server.env);
    expect(server.requests).toEqual([
      'POST /v1/allow {"kind":"sni","value":"telemetry.example","note":"known: telemetry","package":"axios"}',
      'POST /v1/allow {"kind":"path","value":"/tmp/some-pkg-cache/","note":"allowed by hand","package":"some-pkg"}',
    ]);
    expect((await run("allow add -kind snii -value x".split(" "), server.env)).exit).toBe(2);
  });

  test("add can be for some time and for one actor", async () => {
    await using server = fakeServer({ "POST /v1/allow": anAllow() });
    const before = Date.now();
    await run("allow add -kind dns -value *.example -actor import -expires 30d".split(" "), server.env);
    const sent = JSON.parse(server.requests[0]!.slice("POST /v1/allow ".length)) as { expires_at: number };
    expect(sent).toMatchObject({ kind: "dns", value: "*.example", actor: "import" });
    expect(sent.expires_at).toBeGreaterThanOrEqual(before + 30 * 86_400_000);
    expect(sent.expires_at).toBeLessThan(Date.now() + 31 * 86_400_000);
  });

  test("list is a table; remove takes an id or a set", async () => {
    await using server = fakeServer({
      "GET /v1/allow": { entries: [anAllow({ expires_at: 1_750_000_000_000 }), CDN], next: null },
      "DELETE /v1/allow/cdn": { removed: 12 },
    });
    expect((await run(["allow", "list", "-package", "axios"], server.env)).out).toMatchInlineSnapshot(`
      "ENTRY                                 KIND  VALUE              PACKAGE  ACTOR  SET  ENDS                         BY    NOTE
      0199e000-0000-7000-8000-00000000000e  sni   telemetry.example  axios    any    -    2025-06-15 15:06:40Z (over)  mara  known: telemetry
      0199e000-0000-7000-8000-00000000000e  cidr  192.0.2.0/24       all      any    cdn  never                        mara  a CDN
      "
    `);
    expect((await run(["allow", "remove", "cdn"], server.env)).out).toBe("12 entries removed\n");
    expect(server.requests).toEqual(["GET /v1/allow?limit=100&package=axios", "DELETE /v1/allow/cdn"]);
    const { out } = await run(["allow", "list", "--json"], server.env);
    expect(JSON.parse(out)).toMatchObject({ schema: "fangs.allow-list/1", version: VERSION, more: false });
  });

  test("export and import write and read one entry a line", async () => {
    const path = mkdtempSync(join(tmpdir(), "fangs-cli-"));
    try {
      const entries = [CDN, anAllow({ actor: "script:axios", expires_at: 1_750_000_000_000 })];
      await using server = fakeServer({
        "GET /v1/allow": { entries, next: null },
        "POST /v1/allow/import": { added: 1, kept: 1 },
      });
      const { out } = await run(["allow", "export"], server.env);
      expect(out).toMatchInlineSnapshot(`
        "- {kind: "cidr", value: "192.0.2.0/24", note: "a CDN"}
        - {kind: "sni", value: "telemetry.example", package: "axios", actor: "script:axios", expires: "2025-06-15T15:06:40.000Z", note: "known: telemetry"}
        "
      `);
      await Bun.write(join(path, "allow.yaml"), out);
      const imported = await run(["allow", "import", join(path, "allow.yaml")], server.env);
      expect(imported.out).toBe("1 new entry, 1 were there already\n");
      expect(server.requests.at(-1)).toContain('"expires_at":1750000000000');
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  });

  test("import says where a file is wrong", () => {
    const text = `${allowYaml([CDN, anAllow()])}- {kind: snii, value: "x", note: "y"}\n`;
    expect(() => parseAllowFile(text, "allow.yaml")).toThrow("allow.yaml:3: 2.kind: ");
    expect(() => parseAllowFile("a: 1", "allow.yaml")).toThrow("allow.yaml:1: the document: a list is expected");
    const late = '- kind: dns\n  value: x.example\n  note: y\n  expires: "soon"\n';
    expect(() => parseAllowFile(late, "allow.yaml")).toThrow("allow.yaml:");
    expect(parseAllowFile("", "allow.yaml")).toEqual([]);
  });
});

test("a run shows what was allowed in it, and by which entry", async () => {
  const rule = anAllow();
  const allowed = [{ actor: "import", category: "net_new_https_host", value: "telemetry.example", count: 2, rule }];
  await using server = fakeServer({
    [`GET /v1/runs/${RUN_ID}`]: aRunDetail({ verdict: "clean", allowed }),
    "GET /v1/deviations": { deviations: [], next: null },
  });
  const { out } = await run(["run", "show", RUN_ID], server.env);
  expect(out.split("\n").slice(0, 5).join("\n")).toMatchInlineSnapshot(`
    "left-pad 1.3.1: clean

    allowed
    ACTOR   CATEGORY            VALUE              RULE                          NOTE              ENTRY
    import  net_new_https_host  telemetry.example  sni telemetry.example (mara)  known: telemetry  0199e000-0000-7000-8000-00000000000e"
  `);
});
