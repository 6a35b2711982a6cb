import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import type { BaselineChange, PackageDetail } from "../../protocol/models.ts";
import { type Daemon, daemon, place, simplePackage, unavailable, until } from "./support.ts";

const FIVE = [1, 2, 3, 4, 5].map((number) => `/tmp/file-${number}`);
const WRITES = FIVE.map((path) => `require("fs").writeFileSync("${path}", "");\n`).join("");

describe.skipIf(unavailable !== undefined)("trust in real runs", () => {
  const here = place();
  let up: Daemon;
  beforeAll(async () => {
    up = await daemon(["up", "--listen", here.listen, "--concurrency", "2"], here.env, "fangs is up");
  }, 120_000);
  afterAll(async () => {
    const code = await up?.stop();
    await here[Symbol.asyncDispose]();
    expect(code).toBe(0);
  });

  async function json<T>(...args: string[]): Promise<T> {
    const { stdout, stderr, code } = await here.run(...args, "--json");
    if (code !== 0) throw new Error(`fangs ${args.join(" ")} ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as T;
  }

  const package_ = () => json<{ package: PackageDetail }>("package", "show", "five");

  test("a package is seeded from its latest releases, and what only some of them did is shown", async () => {
    await here.publish(simplePackage("five", "0.9.0", {}, { "index.js": WRITES }));
    await here.publish(
      simplePackage("five", "1.0.0", {}, { "index.js": 'require("fs").writeFileSync("/tmp/old", "");' }),
    );
    await here.publish(simplePackage("five", "1.0.1"));
    // Published now, and higher, but no stable one.
    await here.publish(simplePackage("five", "1.1.0-rc.1", {}, { "index.js": WRITES }));
    const added = await here.run("package", "add", "five", "--seed", "2");
    expect(added.stdout).toBe("five is watched; its baseline is being seeded from 1.0.0, 1.0.1\n");
    await until(async () => !(await package_()).package.seeding, 120_000, "the seeds to end");
    const { package: seeded } = await package_();
    expect(seeded.seeds.map(({ version, verdict }) => [version, verdict])).toEqual([
      ["1.0.0", "seeded"],
      ["1.0.1", "seeded"],
    ]);
    const shown = (await here.run("baseline", "show", "five")).stdout;
    expect(shown).toMatch(/^five on Node.js \d+: \d+ behaviours from 2 versions \(1\.0\.0, 1\.0\.1\)/);
    expect(shown.slice(shown.indexOf("seen in only some releases"))).toMatch(
      /1\.0\.0 +import +fs_new_path_write +\/tmp\/old/,
    );
  });

  test("promoting one of five deviations leaves four; undo makes them five again; history names who and why", async () => {
    const first = await here.scan("five", "1.1.0-rc.1");
    expect(first.deviations.map((one) => one.value)).toEqual(FIVE);
    const { id } = first.deviations[2]!;
    const promoted = await here.run("deviation", "promote", id, "--reason", "it is our cache");
    expect([promoted.stdout, promoted.code]).toEqual(["1 deviation accepted into the baseline\n", 0]);
    expect((await here.run("run", "show", first.run.id)).stdout).toContain("5 deviations (4 open, 1 promoted)");

    const four = await here.scan("five", "1.1.0-rc.1");
    expect(four.deviations.map((one) => one.value)).toEqual(FIVE.toSpliced(2, 1));

    expect((await here.run("baseline", "undo", "five", "--reason", "it is not")).code).toBe(0);
    const five = await here.scan("five", "1.1.0-rc.1");
    expect(five.deviations.map((one) => one.value)).toEqual(FIVE);
    const { changes } = await json<{ changes: BaselineChange[] }>("baseline", "history", "five");
    expect(changes.map(({ actor, action, reason, undone }) => [actor, action, reason, undone])).toEqual([
      ["local-admin", "baseline.undo", "it is not", false],
      ["local-admin", "baseline.promote", "it is our cache", true],
      ["fangs", "baseline.seed", "Seeded from 2 of 2 releases: 1.0.0, 1.0.1.", false],
    ]);
  });

  test("what is rejected says so in later runs, and what is allowed is shown with its rule", async () => {
    const { deviations } = await here.scan("five", "1.1.0-rc.1");
    const last = deviations.at(-1)!;
    expect((await here.run("deviation", "reject", last.id, "--reason", "never")).code).toBe(0);
    const rule = ["-kind", "path", "-value", "/tmp/file-1", "-package", "five", "-note", "harmless"];
    expect((await here.run("allow", "add", ...rule)).code).toBe(0);
    const { run } = await here.scan("five", "1.1.0-rc.1");
    const { stdout } = await here.run("run", "show", run.id);
    expect(stdout).toContain("/tmp/file-5 (rejected before)");
    expect(stdout).toMatch(/import +fs_new_path_write +\/tmp\/file-1 +path \/tmp\/file-1 \(local-admin\) +harmless/);
    expect(stdout).toContain("4 deviations (4 open)");
    const promotion = await here.run("baseline", "promote", run.id, "--reason", "x");
    expect([promotion.code, promotion.stderr.includes("rejected before")]).toEqual([2, true]);
  });

  test("a baseline goes into a file and comes back from it, the same", async () => {
    const exported = (await here.run("baseline", "export", "five")).stdout;
    const file = join(here.dataDir, "five.yaml");
    const old = '    fs_new_path_write:\n      - "/tmp/old"\n';
    expect(exported).toContain(old);
    await Bun.write(file, exported.replace(old, ""));
    expect((await here.run("baseline", "import", file)).code).toBe(0);
    expect((await here.run("baseline", "export", "five")).stdout).not.toContain("/tmp/old");
    expect((await here.run("baseline", "undo", "five")).code).toBe(0);
    expect((await here.run("baseline", "export", "five")).stdout).toBe(exported);
    await Bun.write(file, exported.replace("fs_new_path_write:", "fs_new_path_wriet:"));
    const wrong = await here.run("baseline", "import", file);
    const line = exported.split("\n").findIndex((text) => text.includes("fs_new_path_write:")) + 1;
    expect([wrong.code, wrong.stderr.split("\n")[0]!]).toEqual([2, expect.stringContaining(`five.yaml:${line}: `)]);
  });

  test("releases are listed with what was made of them", async () => {
    const { stdout } = await here.run("release", "list", "five");
    expect(stdout).toMatch(/^1\.1\.0-rc\.1 .+ deviant /m);
    expect(stdout).toMatch(/^1\.0\.1 .+ seed +seeded +accepted /m);
  });
});
