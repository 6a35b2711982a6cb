import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Run, RunDetail } from "../../protocol/models.ts";
import { type Daemon, daemon, place, simplePackage, unavailable, until } from "./support.ts";

describe.skipIf(unavailable !== undefined)("the release or the world", () => {
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

  const pkg = (version: string, files: Record<string, string> = {}) =>
    simplePackage(
      "watched",
      version,
      { dependencies: { helper: "^1.0.0" } },
      {
        "index.js": 'module.exports = require("helper");\n',
        ...files,
      },
    );
  const helper = (version: string, code = "") => simplePackage("helper", version, {}, { "index.js": code });
  const runs = async (): Promise<Run[]> =>
    (JSON.parse((await here.run("run", "list", "--package", "watched", "--json")).stdout) as { runs: Run[] }).runs;

  test("what a new release of a dependency does under both releases is drift, and the verdict is clean", async () => {
    await here.publish(helper("1.0.0"));
    await here.publish(pkg("1.0.0"));
    expect((await here.scan("watched", "1.0.0")).run.verdict).toBe("seeded");

    await here.publish(helper("1.1.0", 'require("fs").writeFileSync("/tmp/from-helper", "");\n'));
    await here.publish(pkg("1.0.1"));
    const { run, deviations, code } = await here.scan("watched", "1.0.1");
    expect(
      deviations.map(({ actor, category, value, drift, severity }) => [actor, category, value, drift, severity]),
    ).toEqual([["import", "fs_new_path_write", "/tmp/from-helper", true, "low"]]);
    expect([run.verdict, code]).toEqual(["clean", 0]);
    expect(run.reason).toBe("The one new behaviour is drift: 1.0.0 shows the same today.");

    const [control, scanned] = await runs();
    expect(control).toMatchObject({ kind: "control", version: "1.0.0", control_of: scanned!.id, deviations: 0 });
    expect((await here.run("run", "list")).stdout).toContain("control");
    expect((await here.run("run", "show", run.id)).stdout).toContain("drift: the world changed");
    // A control run accepts nothing, and neither does drift.
    const baseline = await here.run("baseline", "show", "watched");
    expect(baseline.stdout).not.toContain("/tmp/from-helper");
    expect((await here.run("pending")).stdout).not.toContain("watched");
  });

  test("what only the new release does stays its own, beside the drift", async () => {
    const act = 'require("fs").writeFileSync("/tmp/from-watched", "");\n';
    await here.publish(pkg("1.0.2", { "index.js": `${act}module.exports = require("helper");\n` }));
    const { run, deviations, code } = await here.scan("watched", "1.0.2");
    expect([run.verdict, code]).toEqual(["deviant", 1]);
    expect(deviations.map(({ value, drift }) => [value, drift])).toEqual([
      ["/tmp/from-watched", false],
      ["/tmp/from-helper", true],
    ]);
    expect(run.reason).toContain("One behaviour is new");
    expect(run.reason).toContain("1 more are drift: 1.0.0 shows them today, too.");
  });

  test("a first lifecycle script that talks to the network is one critical finding, with its steps", async () => {
    await here.publish(simplePackage("worm", "1.0.0"));
    const script = 'fetch("http://collect.worm.example/").catch(() => {});\n';
    const more = { scripts: { postinstall: "node setup.js" }, dependencies: { helper: "^1.0.0" } };
    await here.publish(simplePackage("worm", "1.0.1", more, { "setup.js": script }));
    expect((await here.scan("worm", "1.0.0")).run.verdict).toBe("seeded");
    const { run, deviations } = await here.scan("worm", "1.0.1");
    expect(run.verdict).toBe("deviant");
    const chain = "script-network:script:worm";
    const steps = deviations.filter((found) => found.chain === chain).toSorted((a, b) => a.step! - b.step!);
    expect(steps.map(({ actor, category, value, severity }) => `${severity} ${actor} ${category} ${value}`)).toEqual([
      "critical release meta_new_script postinstall: node setup.js",
      "critical script:worm net_new_dns collect.worm.example",
      "critical script:worm net_new_destination collect.worm.example:80",
      "critical script:worm net_new_http_host collect.worm.example",
    ]);
    expect(deviations.map(({ category, value }) => `${category} ${value}`)).toContain("meta_new_dependency helper");
    const shown = await here.run("run", "show", run.id);
    expect(shown.stdout).toContain("1. new lifecycle script: postinstall: node setup.js");
    expect(shown.stdout).toMatch(/release +2 changes against 1\.0\.0/);
  });

  test("a rule that comes later makes it clean again, and the audit keeps what went", async () => {
    const [, deviant] = await runs();
    expect(deviant!.verdict).toBe("deviant");
    const rules = join(here.dataDir, "fangs.yaml");
    writeFileSync(rules, "normalize:\n  - match: /tmp/from-*\n    as: /tmp/from-<WHO>\n    so: what\n");
    const bad = await here.run("config", "check");
    expect([bad.code, bad.stderr.includes(`${rules}:4:5: "so" is not known here`)]).toEqual([2, true]);
    process.kill(up.pid, "SIGHUP");
    await until(() => up.log().includes("the configuration stays as it was"), 20_000, "the bad file to be refused");

    // Both writes become one value, which the control run shows.
    writeFileSync(rules, "normalize:\n  - id: from\n    match: /tmp/from-*\n    as: /tmp/from-<WHO>\n");
    expect((await here.run("config", "check")).code).toBe(0);
    process.kill(up.pid, "SIGHUP");
    await until(() => up.log().includes("configuration read again"), 20_000, "the rules to be read");

    const dry = await here.run("run", "reanalyse", deviant!.id, "--dry-run");
    expect(dry.stdout).toContain("deviant → clean");
    expect((await runs())[1]!.verdict).toBe("deviant");
    const done = await here.run("run", "reanalyse", deviant!.id);
    expect(done.stdout).toMatch(/- \w+ new path written by import: \/tmp\/from-/);
    const { run } = JSON.parse((await here.run("run", "show", deviant!.id, "--json")).stdout) as { run: RunDetail };
    expect([run.verdict, run.rules]).toEqual(["clean", 2]);
    const explained = await here.run("run", "events", run.id, "--explain", "--type", "open", "--limit", "5000");
    expect(explained.stdout).toContain("fs_new_path_write: /tmp/from-watched → /tmp/from-<WHO> (from)");
    expect((await here.run("run", "reanalyse", "--all", "--dry-run")).code).toBe(0);
  });
});
