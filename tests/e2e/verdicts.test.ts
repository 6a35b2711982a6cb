import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type Daemon, daemon, place, simplePackage, unavailable } from "./support.ts";

describe.skipIf(unavailable !== undefined)("verdicts on real runs", () => {
  const here = place();
  let up: Daemon;
  beforeAll(async () => {
    up = await daemon(["up", "--listen", here.listen, "--concurrency", "1"], here.env, "fangs is up");
  }, 120_000);
  afterAll(async () => {
    const code = await up?.stop();
    await here[Symbol.asyncDispose]();
    expect(code).toBe(0);
  });

  test("a package is seeded, then clean, and a new file in it is no news", async () => {
    await here.publish(simplePackage("calm", "1.0.0"));
    await here.publish(simplePackage("calm", "1.0.1", {}, { "lib/more.js": "" }));
    expect((await here.scan("calm", "1.0.0")).run.verdict).toBe("seeded");
    expect((await here.scan("calm", "1.0.0")).run.verdict).toBe("clean");
    const { run, code } = await here.scan("calm", "1.0.1");
    expect([run.verdict, run.deviations, code]).toEqual(["clean", 0, 0]);
  });

  test("an install that fails is inconclusive, with npm's own words, and no baseline", async () => {
    await here.publish(simplePackage("broken", "1.0.0", { scripts: { install: "echo no luck today >&2; exit 7" } }));
    const { run, code } = await here.scan("broken", "1.0.0");
    expect([run.verdict, code]).toEqual(["inconclusive", 3]);
    expect(run.reason).toContain("The install failed with exit status 7");
    expect((await here.run("baseline", "show", "broken")).code).toBe(2);
    expect((await here.run("baseline", "promote", run.id)).stderr).toContain("hint:");
  });

  test("a package that loops for ever at import is inconclusive, and says so", async () => {
    await here.publish(simplePackage("endless", "1.0.0", {}, { "index.js": "for (;;);\n" }));
    const { run, code } = await here.scan("endless", "1.0.0");
    expect([run.verdict, code]).toEqual(["inconclusive", 3]);
    expect(run.reason).toMatch(/did not end within \d+ s/);
  });

  test("an install that ends with 0 and left nothing is inconclusive", async () => {
    const script = "sh -c 'rm -rf \"$INIT_CWD/node_modules/vanished\"'; exit 0";
    await here.publish(simplePackage("vanished", "1.0.0", { scripts: { postinstall: script } }));
    const { run, code } = await here.scan("vanished", "1.0.0");
    expect([run.verdict, code]).toEqual(["inconclusive", 3]);
    expect(run.reason).toContain("vanished");
  });

  test("what a script, an import and a bin do is told apart by its actor", async () => {
    const files = (bad: boolean) => {
      const act = (file: string) => (bad ? `require("fs").writeFileSync("/tmp/${file}", "");\n` : "");
      return {
        "index.js": act("by-import"),
        "script.js": act("by-script"),
        "bin.js": `#!/usr/bin/env node\n${act("by-bin")}`,
      };
    };
    const more = { bin: { tool: "bin.js" }, scripts: { postinstall: "node script.js" } };
    await here.publish(simplePackage("actors", "1.0.0", more, files(false)));
    await here.publish(simplePackage("actors", "1.0.1", more, files(true)));
    expect((await here.scan("actors", "1.0.0")).run.verdict).toBe("seeded");
    const { run, deviations, code } = await here.scan("actors", "1.0.1");
    expect([run.verdict, code]).toEqual(["deviant", 1]);
    expect(deviations.map(({ actor, category, value }) => [actor, category, value])).toEqual([
      ["bin:tool", "fs_new_path_write", "/tmp/by-bin"],
      ["import", "fs_new_path_write", "/tmp/by-import"],
      ["script:actors", "fs_new_path_write", "/tmp/by-script"],
    ]);

    const tree = await here.run("run", "tree", run.id);
    expect(tree.stdout).toContain("node script.js");
    const events = await here.run("run", "events", run.id, "--type", "open", "--limit", "5000");
    expect(events.stdout).toContain("/tmp/by-bin");
    expect((await here.run("pending")).stdout).toContain("actors");
    const shown = await here.run("deviation", "show", deviations[0]!.id);
    expect(shown.stdout).toContain("/tmp/by-bin");
  });

  test("a promoted run is known from then on", async () => {
    const { run } = (await here.scan("actors", "1.0.1")) as { run: { id: string; verdict: string } };
    expect(run.verdict).toBe("deviant");
    expect((await here.run("baseline", "promote", run.id, "--reason", "reviewed")).code).toBe(0);
    expect((await here.scan("actors", "1.0.1")).run.verdict).toBe("clean");
    expect((await here.run("baseline", "show", "actors")).stdout).toContain("/tmp/by-script");
  });

  test("unknown names, versions and ids are one sentence with a hint and exit 2", async () => {
    for (const args of [
      ["scan", "submit", "-package", "no-such-package"],
      ["scan", "submit", "-package", "calm", "-version", "9.9.9"],
      ["scan", "submit", "-package", "../etc/passwd"],
      ["run", "show", "ffffffff-ffff"],
    ]) {
      const { code, stderr, stdout } = await here.run(...args);
      expect([args.join(" "), code, stdout]).toEqual([args.join(" "), 2, ""]);
      expect(stderr).toMatch(/^fangs: .+\n/);
    }
    const wrong = await here.run("run", "list", "--token", "fangs_admin_wrong");
    expect([wrong.code, wrong.stderr.includes("hint:")]).toEqual([2, true]);
  });

  test("a taken address is refused with the way out", async () => {
    const other = place();
    const { code, stderr } = await other.run("serve", "--listen", here.listen);
    expect(code).toBe(2);
    expect(stderr).toMatch(/listens on .+ already/);
    expect(stderr).toContain("hint:");
    await other[Symbol.asyncDispose]();
  });
});
