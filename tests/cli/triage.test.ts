import { describe, expect, test } from "bun:test";
import { VERSION } from "../../cli/manifest.ts";
import { aBaseline, aDeviation, aRun, fakeServer, problem, run, RUN_ID } from "./support.ts";

describe("deviation", () => {
  test("list is a table, of what its flags say", async () => {
    await using server = fakeServer({ "GET /v1/deviations": { deviations: [aDeviation()], next: null } });
    const words = ["-run", "0199a", "-package", "left-pad", "-severity", "high", "-state", "open"];
    const { exit, out, err } = await run(["deviation", "list", ...words], server.env);
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(server.requests).toEqual([
      "GET /v1/deviations?run=0199a&package=left-pad&severity=high&state=open&limit=100",
    ]);
    expect(out).toMatchInlineSnapshot(`
      "DEVIATION                             SEVERITY  STATE  RELEASE         ACTOR            CATEGORY         VALUE
      0199d000-0000-7000-8000-00000000000d  high      open   left-pad 1.3.1  script:left-pad  cred_new_access  <HOME>/.npmrc
      "
    `);
  });

  test("list as JSON says whether there are more", async () => {
    await using server = fakeServer({ "GET /v1/deviations": { deviations: [aDeviation()], next: "x" } });
    const { out } = await run(["deviation", "list", "--limit", "1", "--json"], server.env);
    expect(JSON.parse(out)).toEqual({
      schema: "fangs.deviations/1",
      version: VERSION,
      deviations: [aDeviation()],
      more: true,
    });
  });

  test("show prints the evidence and the processes that led to it", async () => {
    await using server = fakeServer({ "GET /v1/deviations/0199d": aDeviation() });
    const { out } = await run(["deviation", "show", "0199d"], server.env);
    expect(out).toMatchInlineSnapshot(`
      "high credential access: <HOME>/.npmrc

      deviation        0199d000-0000-7000-8000-00000000000d
      state            open
      rejected before  -
      elsewhere        in no other package
      package          left-pad 1.3.1
      run              0199a000-0000-7000-8000-000000000001
      actor            script:left-pad
      category         cred_new_access
      chain            -
      drift            no
      found            2025-06-15 15:07:40Z
      observed         /root/.npmrc
      result           ok
      when             install +1.234 s, event 17
      times            3

      processes
        node /usr/bin/npm install (pid 1)
          /usr/bin/node in /project
           └─ dash -c node worker.js (pid 40)
                /usr/bin/dash in /project
              └─ node worker.js (pid 42)
                   /usr/bin/node in /project
      "
    `);
    const { out: json } = await run(["deviation", "show", "0199d", "--json"], server.env);
    expect(JSON.parse(json)).toEqual({ schema: "fangs.deviation/1", version: VERSION, deviation: aDeviation() });
  });

  test("that is hostile stays on its lines", async () => {
    const value = "\x1b]52;c;cm0gLXJm\x07\n└─ low      harmless";
    await using server = fakeServer({
      "GET /v1/deviations/0199d": aDeviation({ value, actor: value, category: value }),
    });
    const { out } = await run(["deviation", "show", "0199d"], server.env);
    expect(out.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
    expect(out.split("\n").filter((line) => line.startsWith("└─"))).toEqual([]);
  });
});

test("pending lists the runs that wait, in the order of the server", async () => {
  const runs = [aRun({ max_severity: "critical", package: "b" }), aRun({ package: "a" })];
  await using server = fakeServer({ "GET /v1/pending": { runs } });
  const { out } = await run(["pending"], server.env);
  expect(
    out
      .split("\n")
      .slice(1, 3)
      .map((line) => line.split(/\s+/)[1]),
  ).toEqual(["b", "a"]);
  const { out: json } = await run(["pending", "--json"], server.env);
  expect(JSON.parse(json)).toEqual({ schema: "fangs.pending/1", version: VERSION, runs });
});

describe("baseline", () => {
  test("show prints what is known, of a scoped package too", async () => {
    await using server = fakeServer({ "GET /v1/baselines/%40scope%2Fx": aBaseline({ package: "@scope/x" }) });
    const { out } = await run(["baseline", "show", "@scope/x"], server.env);
    expect(out).toMatchInlineSnapshot(`
      "@scope/x on Node.js 22: 1 behaviour from 2 versions (1.2.0, 1.3.0)

      ACTOR      CATEGORY             VALUE         SINCE  LAST SEEN  SHOWN BY
      installer  net_new_destination  registry:443  1.2.0  1.3.0      all
      "
    `);
    const { out: json } = await run(["baseline", "show", "@scope/x", "--json"], server.env);
    expect(JSON.parse(json)).toEqual({
      schema: "fangs.baseline/1",
      version: VERSION,
      baseline: aBaseline({ package: "@scope/x" }),
    });
  });

  test("promote accepts a run as v1 spells it, with a reason", async () => {
    await using server = fakeServer({ [`POST /v1/runs/${RUN_ID}/promote`]: { promoted: 3 } });
    const { exit, out } = await run(["baseline", "promote", RUN_ID], server.env);
    expect({ exit, out }).toEqual({ exit: 0, out: "3 deviations accepted into the baseline\n" });
    await run(["baseline", "promote", RUN_ID, "-reason", "new mirror", "-json"], server.env);
    expect(server.requests).toEqual([
      `POST /v1/runs/${RUN_ID}/promote {"reason":"promoted by hand"}`,
      `POST /v1/runs/${RUN_ID}/promote {"reason":"new mirror"}`,
    ]);
  });

  test("promote of a run that is no longer deviant is refused", async () => {
    await using server = fakeServer({
      [`POST /v1/runs/${RUN_ID}/promote`]: () => problem(409, "conflict", "The run is clean."),
    });
    expect((await run(["baseline", "promote", RUN_ID], server.env)).exit).toBe(2);
  });
});
