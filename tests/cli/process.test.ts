import { expect, test } from "bun:test";
import { join } from "node:path";
import { VERSION } from "../../cli/manifest.ts";
import { aRun, fakeServer } from "./support.ts";

const CLI = join(import.meta.dir, "../../cli.ts");

/** The CLI as a process of its own, as a shell runs it. */
function start(argv: string[], env: Record<string, string> = {}) {
  return Bun.spawn([process.execPath, CLI, ...argv], {
    env: { PATH: process.env["PATH"] ?? "", ...env },
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
}

async function outcome(child: ReturnType<typeof start>): Promise<{ exit: number; out: string; err: string }> {
  const [exit, out, err] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
  return { exit, out, err };
}

test("the process prints data on stdout and exits with 0", async () => {
  expect(await outcome(start(["version"]))).toEqual({ exit: 0, out: `fangs ${VERSION}\n`, err: "" });
});

test("the process exits with 2 for a mistyped command, without a stack trace", async () => {
  const { exit, out, err } = await outcome(start(["sacn"]));
  expect({ exit, out }).toEqual({ exit: 2, out: "" });
  expect(err).toBe('fangs: `fangs` has no command "sacn".\nhint: Did you mean `fangs scan`? See `fangs --help`.\n');
});

test("a long answer arrives whole in a pipe", async () => {
  await using server = fakeServer({ "GET /v1/pending": { runs: Array(5000).fill(aRun()) } });
  const { exit, out } = await outcome(start(["pending", "--json"], server.env));
  expect(exit).toBe(0);
  expect(JSON.parse(out).runs).toHaveLength(5000);
});

test("a reader that goes away is no error", async () => {
  await using server = fakeServer({ "GET /v1/pending": { runs: Array(5000).fill(aRun()) } });
  const command = `"${process.execPath}" "${CLI}" pending --json | head -c 10 >/dev/null; echo "\${PIPESTATUS[0]}"`;
  const child = Bun.spawn(["bash", "-c", command], {
    env: { PATH: process.env["PATH"] ?? "", ...server.env },
    stdout: "pipe",
    stderr: "pipe",
  });
  expect(await outcome(child)).toEqual({ exit: 0, out: "0\n", err: "" });
});

test("SIGINT ends a command that waits, with 130 and without a word", async () => {
  const asked = Promise.withResolvers<void>();
  await using server = fakeServer({
    "GET /v1/pending": async () => {
      asked.resolve();
      await Bun.sleep(60_000);
    },
  });
  const child = start(["pending"], server.env);
  await asked.promise;
  child.kill("SIGINT");
  expect(await outcome(child)).toEqual({ exit: 130, out: "", err: "" });
});
