import { describe, expect, test } from "bun:test";
import { VERSION } from "../../cli/manifest.ts";
import type { PackageDetail } from "../../protocol/models.ts";
import { aRun, fakeServer, run, RUN_ID } from "./support.ts";

const LEFT: PackageDetail = {
  name: "left-pad",
  created_at: 1_750_000_000_000,
  maturity: 3,
  fingerprints: 1204,
  seeding: false,
  severities: { net_new_dns: "high" },
  watch: null,
  seen: [],
  seeds: [],
  baselines: [{ node_major: 22, maturity: 3, fingerprints: 1204 }],
};
const SEEDING: PackageDetail = {
  ...LEFT,
  maturity: 0,
  fingerprints: 0,
  seeding: true,
  severities: {},
  baselines: [],
  seeds: [
    { version: "1.2.0", run_id: RUN_ID, state: "done", verdict: "seeded", reason: "One of several seeds." },
    { version: "1.3.0", run_id: RUN_ID, state: "running", verdict: null, reason: null },
    { version: "1.3.1", run_id: RUN_ID, state: "failed", verdict: null, reason: "stuck" },
  ],
};

describe("package", () => {
  test("list is a table; an empty one says how to begin", async () => {
    await using server = fakeServer({ "GET /v1/packages": { packages: [LEFT, SEEDING] } });
    expect((await run(["package", "list"], server.env)).out).toMatchInlineSnapshot(`
      "PACKAGE   VERSIONS  BEHAVIOURS  SINCE
      left-pad         3       1,204  2025-06-15 15:06:40Z
      left-pad   seeding           0  2025-06-15 15:06:40Z
      "
    `);
    await using empty = fakeServer({ "GET /v1/packages": { packages: [] } });
    const { out, err } = await run(["package", "list"], empty.env);
    expect({ out, err }).toEqual({ out: "", err: "No packages. Add one with `fangs package add <name>`.\n" });
    const { out: json } = await run(["package", "list", "--json"], empty.env);
    expect(JSON.parse(json)).toEqual({ schema: "fangs.packages/1", version: VERSION, packages: [] });
  });

  test("add seeds from as many releases as it is told, and names them; remove", async () => {
    await using server = fakeServer({
      "POST /v1/packages": async (request: Request) =>
        Response.json(((await request.json()) as { seed?: number }).seed === 0 ? LEFT : SEEDING),
      "DELETE /v1/packages/left-pad": () => new Response(null, { status: 204 }),
    });
    expect((await run(["package", "add", "left-pad"], server.env)).out).toBe(
      "left-pad is watched; its baseline is being seeded from 1.2.0, 1.3.0, 1.3.1\n",
    );
    expect((await run(["package", "add", "left-pad", "--seed", "0"], server.env)).out).toBe("left-pad is watched\n");
    expect((await run(["package", "add", "left-pad", "--seed", "few"], server.env)).exit).toBe(2);
    expect((await run(["package", "remove", "left-pad"], server.env)).out).toBe("left-pad is no longer watched\n");
    expect(server.requests).toEqual([
      'POST /v1/packages {"name":"left-pad"}',
      'POST /v1/packages {"name":"left-pad","seed":0}',
      "DELETE /v1/packages/left-pad",
    ]);
  });

  test("show tells how far the seeding is, and later what there is", async () => {
    await using server = fakeServer({ "GET /v1/packages/left-pad": SEEDING, "GET /v1/packages/right-pad": LEFT });
    expect((await run(["package", "show", "left-pad"], server.env)).out).toMatchInlineSnapshot(`
      "package     left-pad
      known       since 2025-06-15 15:06:40Z
      watched     no
      seeding     2 of 3 ended
      severities  -

      It has no baseline yet.

      SEED   VERDICT  RUN                                   WHY
      1.2.0  seeded   0199a000-0000-7000-8000-000000000001  One of several seeds.
      1.3.0  running  0199a000-0000-7000-8000-000000000001
      1.3.1  failed   0199a000-0000-7000-8000-000000000001  stuck
      "
    `);
    expect((await run(["package", "show", "right-pad"], server.env)).out).toMatchInlineSnapshot(`
      "package     left-pad
      known       since 2025-06-15 15:06:40Z
      watched     no
      seeding     -
      severities  net_new_dns=high

      NODE.JS  VERSIONS  BEHAVIOURS
           22         3        1204
      "
    `);
    const { out } = await run(["package", "show", "left-pad", "--json"], server.env);
    expect(JSON.parse(out)).toEqual({ schema: "fangs.package/1", version: VERSION, package: SEEDING });
  });

  test("set takes severities, several at once, and default", async () => {
    await using server = fakeServer({ "PUT /v1/packages/left-pad": LEFT });
    const words = ["--severity", "net_new_dns=high", "-severity", "fs_new_path_read=default"];
    expect((await run(["package", "set", "left-pad", ...words], server.env)).exit).toBe(0);
    expect(server.requests).toEqual([
      'PUT /v1/packages/left-pad {"severities":{"net_new_dns":"high","fs_new_path_read":null}}',
    ]);
    for (const bad of ["net_new_dns", "net_new_dns=", "=high", "net_new_dns=bad"]) {
      const { exit, err } = await run(["package", "set", "left-pad", "--severity", bad], server.env);
      expect([bad, exit, err.includes("net_new_dns=high")]).toEqual([bad, 2, true]);
    }
  });

  test("reset wants a reason", async () => {
    await using server = fakeServer({
      "POST /v1/packages/left-pad/reset": () => new Response(null, { status: 204 }),
    });
    expect((await run(["package", "reset", "left-pad"], server.env)).exit).toBe(2);
    const { out } = await run(["package", "reset", "left-pad", "-reason", "moved"], server.env);
    expect(out).toBe("left-pad has no baseline any more\n");
    expect(server.requests).toEqual(['POST /v1/packages/left-pad/reset {"reason":"moved"}']);
  });
});

test("release list has the versions from the highest down, each with its runs", async () => {
  const releases = [
    { version: "1.2.0", runs: [aRun({ version: "1.2.0" }), aRun({ verdict: "seeded", kind: "seed", open: 0 })] },
    { version: "1.10.0", runs: [aRun({ state: "running", verdict: null, open: 0 })] },
  ];
  await using server = fakeServer({ "GET /v1/releases/%40a%2Fb": { releases, next: null } });
  expect((await run(["release", "list", "@a/b"], server.env)).out).toMatchInlineSnapshot(`
    "VERSION  RUN                                   KIND  VERDICT  DECISION  OPEN  PROMOTED  REJECTED  CREATED
    1.10.0   0199a000-0000-7000-8000-000000000001  scan  running  -            0         0         0  2025-06-15 15:06:40Z
    1.2.0    0199a000-0000-7000-8000-000000000001  scan  deviant  -            1         0         0  2025-06-15 15:06:40Z
             0199a000-0000-7000-8000-000000000001  seed  seeded   -            0         0         0  2025-06-15 15:06:40Z
    "
  `);
  const { out } = await run(["release", "list", "@a/b", "--json"], server.env);
  expect(JSON.parse(out)).toEqual({ schema: "fangs.releases/1", version: VERSION, releases, more: false });
});
