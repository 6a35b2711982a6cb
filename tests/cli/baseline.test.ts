import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { baselineYaml, parseBaselineFile } from "../../cli/baseline-file.ts";
import { VERSION } from "../../cli/manifest.ts";
import type { Baseline, BaselineChange } from "../../protocol/models.ts";
import { aBaseline, fakeServer, problem, run, RUN_ID } from "./support.ts";

type Entry = Baseline["entries"][number];

function anEntry(change: Partial<Entry> = {}): Entry {
  return { ...aBaseline().entries[0]!, ...change };
}

function folder(): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "fangs-cli-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

const THREE = aBaseline({
  maturity: 3,
  versions: ["1.2.0", "1.3.0", "1.3.1"],
  node_majors: [20, 22],
  entries: [
    anEntry({ versions: ["1.2.0", "1.3.0", "1.3.1"] }),
    anEntry({
      actor: "import",
      category: "net_new_dns",
      value: "a.example",
      versions: ["1.3.1"],
      first_version: "1.3.1",
    }),
  ],
});

describe("baseline show", () => {
  test("says which releases showed what, apart what only some of them did, and names Node.js", async () => {
    await using server = fakeServer({ "GET /v1/baselines/left-pad": THREE });
    const { out } = await run(["baseline", "show", "left-pad", "--node", "22"], server.env);
    expect(server.requests).toEqual(["GET /v1/baselines/left-pad?node=22"]);
    expect(out).toMatchInlineSnapshot(`
      "left-pad on Node.js 22: 2 behaviours from 3 versions (1.2.0, 1.3.0, 1.3.1)
      There is one for Node.js 20 too: --node 20.

      ACTOR      CATEGORY             VALUE         SINCE  LAST SEEN  SHOWN BY
      installer  net_new_destination  registry:443  1.2.0  1.3.0      all
      import     net_new_dns          a.example     1.3.1  1.3.0      1.3.1

      seen in only some releases: 1 of 2
      SHOWN BY  ACTOR   CATEGORY     VALUE
      1.3.1     import  net_new_dns  a.example
      "
    `);
  });
});

describe("baseline history and undo", () => {
  const change: BaselineChange = {
    id: RUN_ID,
    at: 1_750_000_000_000,
    actor: "mara",
    action: "baseline.promote",
    reason: "the new cache",
    undoes: null,
    undone: true,
    added: ["import net_new_dns a.example"],
    removed: ["run x rejected"],
  };

  test("tell who, when, what and why", async () => {
    await using server = fakeServer({
      "GET /v1/baselines/left-pad/history": { changes: [change], next: null },
      "POST /v1/baselines/left-pad/undo": { undone: "baseline.promote" },
    });
    expect((await run(["baseline", "history", "left-pad"], server.env)).out).toMatchInlineSnapshot(`
      "2025-06-15 15:06:40Z mara baseline.promote (undone): the new cache
        + import net_new_dns a.example
        - run x rejected
      "
    `);
    const { out } = await run(["baseline", "history", "left-pad", "--json"], server.env);
    expect(JSON.parse(out)).toEqual({ schema: "fangs.history/1", version: VERSION, changes: [change], more: false });
    const undone = await run(["baseline", "undo", "left-pad", "-reason", "wrong one"], server.env);
    expect(undone.out).toBe("baseline.promote of left-pad is taken back\n");
    expect(server.requests.at(-1)).toBe('POST /v1/baselines/left-pad/undo {"reason":"wrong one"}');
  });

  test("cannot be made to write on another line by what a package did", async () => {
    const added = ["import fs_new_path_read /x\n2025-06-15 mara baseline.promote: fine\x1b[2K"];
    await using server = fakeServer({
      "GET /v1/baselines/left-pad/history": { changes: [{ ...change, added }], next: null },
    });
    const { out } = await run(["baseline", "history", "left-pad"], server.env);
    expect(out.split("\n")).toHaveLength(4);
    expect(out.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
  });
});

test("decisions want a reason, and take several ids", async () => {
  await using server = fakeServer({
    "POST /v1/deviations/promote": { promoted: 2 },
    "POST /v1/deviations/reject": { rejected: 1 },
    [`POST /v1/runs/${RUN_ID}/reject`]: { rejected: 5 },
    "POST /v1/baselines/left-pad/rebuild": aBaseline(),
  });
  const go = async (...words: string[]) => (await run([...words, "--reason", "why"], server.env)).out;
  expect((await run(["deviation", "promote", "aaaaaaaa"], server.env)).exit).toBe(2);
  expect((await run(["deviation", "reject", "--reason", "x"], server.env)).exit).toBe(2);
  expect(await go("deviation", "promote", "aaaaaaaa", "bbbbbbbb")).toBe("2 deviations accepted into the baseline\n");
  expect(await go("deviation", "reject", "aaaaaaaa")).toBe("1 deviation rejected\n");
  expect(await go("run", "reject", RUN_ID)).toBe("the run and 5 deviations of it are rejected\n");
  expect(await go("baseline", "rebuild", "left-pad")).toContain("1 behaviour from 2 versions");
  expect(server.requests).toEqual([
    'POST /v1/deviations/promote {"ids":["aaaaaaaa","bbbbbbbb"],"reason":"why"}',
    'POST /v1/deviations/reject {"ids":["aaaaaaaa"],"reason":"why"}',
    `POST /v1/runs/${RUN_ID}/reject {"reason":"why"}`,
    'POST /v1/baselines/left-pad/rebuild {"reason":"why"}',
  ]);
});

describe("baseline export and import", () => {
  test("write and read a file that diffs well", async () => {
    using here = folder();
    await using server = fakeServer({
      "GET /v1/baselines/left-pad": THREE,
      "PUT /v1/baselines/left-pad": THREE,
    });
    const { out } = await run(["baseline", "export", "left-pad"], server.env);
    expect(out).toMatchInlineSnapshot(`
      "package: "left-pad"
      node_major: 22
      versions:
        - "1.2.0"
        - "1.3.0"
        - "1.3.1"
      behaviours:
        "import":
          net_new_dns:
            - "a.example"
        "installer":
          net_new_destination:
            - "registry:443"
      "
    `);
    const file = join(here.path, "left-pad.yaml");
    await Bun.write(file, out);
    const imported = await run(["baseline", "import", file], server.env);
    expect(imported.out).toStartWith("left-pad on Node.js 22: 2 behaviours from 3 versions");
    expect(JSON.parse(server.requests.at(-1)!.slice("PUT /v1/baselines/left-pad ".length))).toEqual({
      node_major: 22,
      versions: ["1.2.0", "1.3.0", "1.3.1"],
      behaviours: [
        { actor: "import", category: "net_new_dns", value: "a.example" },
        { actor: "installer", category: "net_new_destination", value: "registry:443" },
      ],
      reason: "imported by hand",
    });
  });

  test("keep every value, whatever it is made of", () => {
    const category = fc.constantFrom("net_new_dns", "fs_new_path_read", "proc_new_command");
    const text = fc.oneof(
      fc.string({ minLength: 1, unit: "binary" }).map((value) => value.toWellFormed()),
      fc.constantFrom(
        "true",
        "null",
        "1e3",
        "- x",
        "a: b",
        "#",
        "'",
        '"',
        "\\x00",
        "\u2028",
        "\u202e",
        "{",
        "&a",
        "*a",
        "!t",
        "y",
        "~",
      ),
    );
    const entry = fc.record({ actor: text, category, value: text });
    fc.assert(
      fc.property(
        fc.uniqueArray(entry, { selector: (one) => JSON.stringify([one.actor, one.category, one.value]) }),
        (all) => {
          const entries = all.map((one) => anEntry(one));
          const read = parseBaselineFile(baselineYaml(aBaseline({ package: "@a/b", entries })), "x.yaml");
          const sorted = (list: { actor: string; category: string; value: string }[]) =>
            list.map(({ actor, category: name, value }) => JSON.stringify([actor, name, value])).toSorted();
          expect(sorted(read.behaviours)).toEqual(sorted(all));
          expect([read.package, read.versions]).toEqual(["@a/b", ["1.2.0", "1.3.0"]]);
        },
      ),
      { numRuns: 300 },
    );
  });

  const GOOD = [
    "package: left-pad", // 1
    "node_major: 22", // 2
    "versions:", // 3
    '  - "1.2.0"', // 4
    "behaviours:", // 5
    "  import:", // 6
    "    # a comment", // 7
    "    fs_new_path_read:", // 8
    '      - "/a"', // 9
    "      - /b", // 10
    "  script:left-pad:", // 11
    "    net_new_dns:", // 12
    '      - "a.example"', // 13
  ];
  test.each([
    [9, '      - "/b"', "file.yaml:10: behaviours.import.fs_new_path_read.1: it is there twice"],
    [9, "      - 7", "file.yaml:9: behaviours.import.fs_new_path_read.0: a text is expected"],
    [8, "    canary_leak:", "file.yaml:8: behaviours.import.canary_leak: a leak cannot be in a baseline"],
    [12, "    net_new_thing:", "file.yaml:12: behaviours.script:left-pad.net_new_thing: there is no such category"],
    [13, "      a.example: 1", "file.yaml:12: behaviours.script:left-pad.net_new_dns: a list is expected"],
    [2, 'node_major: "22"', "file.yaml:2: node_major: the major version of Node.js is expected"],
    [4, '  - "^1.2.0"', "file.yaml:4: versions.0: it is not an exact version"],
    [2, "node: 22", "file.yaml:2: node: there is no such field"],
    [10, "      - [", "file.yaml:1"],
    [11, "  import: &a *b", "file.yaml:11"],
  ])("refuse line %d as `%s`, with where it is wrong", async (line, text, message) => {
    expect(parseBaselineFile(GOOD.join("\n"), "file.yaml").behaviours).toHaveLength(3);
    using here = folder();
    const file = join(here.path, "file.yaml");
    await Bun.write(file, GOOD.with(line - 1, text).join("\n"));
    await using server = fakeServer({});
    const { exit, err } = await run(["baseline", "import", file], server.env);
    expect({ exit, requests: server.requests }).toEqual({ exit: 2, requests: [] });
    expect(err.replace(`${here.path}/`, "")).toStartWith(`fangs: ${message}`);
  });

  test("refuse a file that is not there, and tell what the server refuses", async () => {
    using here = folder();
    await using server = fakeServer({
      "PUT /v1/baselines/left-pad": () => problem(400, "invalid_body", "The category is not known."),
    });
    expect((await run(["baseline", "import", "/nowhere.yaml"], server.env)).err).toContain(
      "/nowhere.yaml cannot be read",
    );
    const file = join(here.path, "file.yaml");
    await Bun.write(file, GOOD.join("\n"));
    expect((await run(["baseline", "import", file], server.env)).exit).toBe(2);
  });
});
