import { describe, expect, test } from "bun:test";
import { Value } from "@sinclair/typebox/value";
import { VERSION } from "../../cli/manifest.ts";
import { Problem } from "../../protocol/models.ts";
import { aRun, aRunDetail, fakeServer, problem, run, RUN_ID } from "./support.ts";

describe("a command line that is wrong exits with 2 and says how to put it right", () => {
  const cases: [argv: string[], message: string, hint: string][] = [
    [["sacn"], '`fangs` has no command "sacn"', "Did you mean `fangs scan`?"],
    [["scan", "submti"], '`fangs scan` has no command "submti"', "Did you mean `fangs scan submit`?"],
    [["constructor"], '`fangs` has no command "constructor"', "See `fangs --help`."],
    [["--server", "x", "run"], "`fangs` has no flag --server", "Flags follow the command."],
    [["run", "--limit", "5"], "`fangs run` has no flag --limit", "Flags follow the command."],
    [["run", "list", "--stat", "done"], "`fangs run list` has no flag --stat", "Did you mean --state?"],
    [["run", "list", "-state", "dnoe"], '--state cannot be "dnoe"', "Did you mean done?"],
    [["run", "show"], "`fangs run show` needs <id>", "The id, or enough of its beginning."],
    [["run", "show", "a", "b"], '`fangs run show` does not take "b"', "--help"],
    [["scan", "submit"], "`fangs scan submit` needs --package", "--package <name>"],
    [["scan", "submit", "-package"], "--package needs a value", "--help"],
    [["run", "list", "--limit", "0"], '"0" is not a limit', ""],
    [["trace", "ls", "-l"], "`fangs trace` has no flag --l", "put `--` before it"],
  ];
  test.each(cases)("%j", async (argv, message, hint) => {
    const { exit, out, err } = await run(argv, { FANGS_TOKEN: "t" });
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    const [first, second] = err.split("\n");
    expect(first).toStartWith("fangs: ");
    expect(first).toContain(message);
    if (hint !== "") expect(second).toContain(hint);
  });
});

test.each([[["-h"]], [["--help"]], [["-help"]], [["scan", "-h"]], [["scan", "submit", "--package", "x", "--help"]]])(
  "%j prints help on stdout and exits with 0",
  async (argv) => {
    const { exit, out, err } = await run(argv);
    expect({ exit, err }).toEqual({ exit: 0, err: "" });
    expect(out).toContain("Usage: fangs");
  },
);

test("help that stands behind -- is not for fangs", async () => {
  expect((await run(["run", "show", "--", "--help", "x"])).err).toContain('does not take "x"');
});

test.each([["--version"], ["-version"], ["-v"], ["version"]])("%s prints the version", async (word) => {
  expect(await run([word])).toEqual({ exit: 0, out: `fangs ${VERSION}\n`, err: "" });
});

test.each([[[]], [["scan"]]])("%j alone prints the usage on stderr, for there is nothing to do", async (argv) => {
  const { exit, out, err } = await run(argv);
  expect({ exit, out }).toEqual({ exit: 2, out: "" });
  expect(err).toContain("Commands:");
});

describe("an error", () => {
  test("is one sentence and a hint, without a stack trace", async () => {
    await using server = fakeServer({
      [`GET /v1/runs/${RUN_ID}`]: () => problem(500, "database", "The database is gone.", "Look at the disk."),
    });
    const { exit, out, err } = await run(["run", "show", RUN_ID], server.env);
    expect({ exit, out, err }).toEqual({
      exit: 70,
      out: "",
      err: "fangs: The database is gone.\nhint: Look at the disk.\n",
    });
  });

  test("is a problem object on stderr with --json", async () => {
    await using server = fakeServer({});
    const { exit, out, err } = await run(["run", "show", "abc", "-json"], server.env);
    expect({ exit, out }).toEqual({ exit: 2, out: "" });
    const told: unknown = JSON.parse(err);
    expect(Value.Check(Problem, told)).toBe(true);
    expect(told).toMatchObject({ code: "not_found", status: 404, detail: "There is no /v1/runs/abc." });
  });

  test("shows where it came from with FANGS_DEBUG=1", async () => {
    await using server = fakeServer({});
    const { err } = await run(["run", "show", "abc"], { ...server.env, FANGS_DEBUG: "1" });
    expect(err).toMatch(/at .*client\.ts/);
  });

  test("of the server cannot steer the terminal", async () => {
    await using server = fakeServer({
      [`GET /v1/runs/${RUN_ID}`]: () => problem(404, "not_found", "a\x1b]0;pwned\x07\nhint: run rm", "b\x9b2J\u202e"),
    });
    const { err } = await run(["run", "show", RUN_ID], server.env);
    expect(err).toBe("fangs: a\\x1b]0;pwned\\x07\\x0ahint: run rm\nhint: b\\x9b2J\\u{202e}\n");
  });

  test.each([
    ["not_found", 404, 2],
    ["conflict", 409, 2],
    ["registry_unreachable", 502, 3],
    ["internal", 500, 70],
    ["invented_by_a_newer_server", 500, 70],
  ])("%s of the server exits with its own code", async (code, status, exit) => {
    await using server = fakeServer({ "GET /v1/pending": () => problem(status, code, "No.") });
    expect((await run(["pending"], server.env)).exit).toBe(exit);
  });

  test("is told where nothing listens, and exits with 3", async () => {
    const server = fakeServer({});
    await server[Symbol.asyncDispose]();
    const { exit, err } = await run(["pending"], server.env);
    expect(exit).toBe(3);
    expect(err).toContain("cannot be reached");
    expect(err).toContain("hint: Start it with `fangs up`");
  });
});

test("an interruption ends a command that waits for the server, with 130", async () => {
  const interruption = new AbortController();
  await using server = fakeServer({
    "GET /v1/pending": async () => {
      interruption.abort();
      await Bun.sleep(60_000);
    },
  });
  const { exit, out } = await run(["pending"], server.env, { interrupted: interruption.signal });
  expect({ exit, out }).toEqual({ exit: 130, out: "" });
});

test("the last value of a repeated flag counts where a flag has one value", async () => {
  await using server = fakeServer({ "GET /v1/runs": { runs: [aRun()], next: null } });
  await run(["run", "list", "--package", "a", "-package=b"], server.env);
  expect(server.requests).toEqual(["GET /v1/runs?package=b&limit=50"]);
});

test("a positional that looks like a flag is given behind --", async () => {
  await using server = fakeServer({
    "GET /v1/runs/-x": aRunDetail(),
    "GET /v1/deviations": { deviations: [], next: null },
  });
  expect((await run(["run", "show", "--", "-x"], server.env)).exit).toBe(0);
});
