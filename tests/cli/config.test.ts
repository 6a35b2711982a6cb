import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { temporaryFolder } from "../server/support.ts";
import { run } from "./support.ts";

const FILE = `concurrency: 3
store: postgres://fangs:hunter2@db.example/fangs
normalize:
  - id: parts
    match: /tmp/part-*
    as: /tmp/part-<N>
allow:
  - {kind: sni, value: telemetry.example, package: axios, note: ours}
`;

/** A data directory, and its file with a text. */
function withFile(text?: string) {
  const folder = temporaryFolder();
  const file = join(folder.path, "fangs.yaml");
  if (text !== undefined) writeFileSync(file, text);
  return { file, env: { FANGS_DATA_DIR: folder.path }, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

describe("config check", () => {
  test("tells what a file has", async () => {
    using here = withFile(FILE);
    expect(await run(["config", "check"], here.env)).toEqual({
      exit: 0,
      out: `${here.file}: 2 settings, 1 rule, 1 allow entry\n  parts: /tmp/part-* → /tmp/part-<N>\n  sni telemetry.example of axios\n`,
      err: "",
    });
    const { exit, out } = await run(["config", "check", here.file, "--json"], {});
    const { settings, normalize, allow } = JSON.parse(out);
    expect([exit, settings, normalize, allow]).toEqual([
      0,
      ["store", "concurrency"],
      [{ id: "parts", match: "/tmp/part-*", as: "/tmp/part-<N>" }],
      [expect.objectContaining({ kind: "sni", value: "telemetry.example", package: "axios", created_by: "config" })],
    ]);
  });

  test.each([
    ["normalize:\n  - match: tmp\n    as: /tmp/<N>\n", ":2:5: match:"],
    ["allow:\n  - kind: path\n    value: '*'\n    note: x\n", ":3:5: value:"],
    ["concurrency: 99\n", ":1:1: concurrency:"],
    ["lisen: x\n", ':1:1: "lisen" is not known here; the nearest key is listen.'],
  ])("tells where a file is wrong: %j", async (text, said) => {
    using here = withFile(text);
    const { exit, out, err } = await run(["config", "check"], here.env);
    expect([exit, out]).toEqual([2, ""]);
    expect(err).toStartWith(`fangs: ${here.file}${said}`);
  });

  test("says that there is no file", async () => {
    using here = withFile();
    expect((await run(["config", "check", here.file], {})).err).toStartWith(`fangs: There is no ${here.file}.\n`);
  });
});

describe("config show", () => {
  test("prints every value and where it came from, and no secret", async () => {
    using here = withFile(FILE);
    const env = { ...here.env, FANGS_TOKEN: "fangs_admin_secret", FANGS_LOG: "warn", FANGS_LISTNE: "x" };
    const { exit, out, err } = await run(["config", "show", "--image", "mine"], env);
    const rows = Object.fromEntries(
      out
        .trim()
        .split("\n")
        .map((line) => [line.split(/ {2,}/)[0], line.split(/ {2,}/).slice(1)]),
    );
    expect(exit).toBe(0);
    expect(rows).toMatchObject({
      "data-dir": [here.env.FANGS_DATA_DIR, "FANGS_DATA_DIR"],
      listen: ["127.0.0.1:8443", "default"],
      store: ["postgres://fangs:…@db.example/fangs", `${here.file}:2:1`],
      concurrency: ["3", `${here.file}:1:1`],
      image: ["mine", "flag"],
      token: ["…", "FANGS_TOKEN"],
      "log-level": ["warn", "FANGS_LOG"],
    });
    expect(err).toBe("FANGS_LISTNE is no setting and changes nothing by itself; the nearest is FANGS_LISTEN.\n");
    const json = await run(["config", "show", "--json"], env);
    expect(json.out + json.err + out).not.toMatch(/hunter2|admin_secret/);
    expect(JSON.parse(json.out).settings).toContainEqual({
      name: "concurrency",
      value: "3",
      origin: `${here.file}:1:1`,
    });
  });
});
