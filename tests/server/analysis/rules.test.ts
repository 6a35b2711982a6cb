import { describe, expect, test } from "bun:test";
import type { ReleaseMeta } from "../../../protocol/models.ts";
import { explainRun } from "../../../server/analysis/explain.ts";
import { compileRules } from "../../../differ-wasm/host.ts";
import { compileRewrite } from "../../../server/analysis/operator-rules.ts";
import { analyse, baselineOf } from "./analysing.ts";
import { inputOf, installStory, NPM_TOKEN, PROJECT, type Story } from "./story.ts";

const RULES = [
  { id: "parts", match: "/var/cache/*/part-*", as: "/var/cache/<X>/part-<N>" },
  { id: "deep", match: "/opt/**/x", as: "/opt/<ANY>" },
];

describe("the operator's rules", () => {
  const rewrite = compileRewrite(RULES);
  test.each([
    ["fs_new_path_write", "/var/cache/a/part-7", "/var/cache/<X>/part-<N>"],
    ["fs_new_path_write", "/var/cache/a/b/part-7", "/var/cache/a/b/part-7"],
    ["fs_new_path_write", "/var/cache/a/part-7/below", "/var/cache/a/part-7/below"],
    ["proc_new_exec", "/opt/x", "/opt/<ANY>"],
    ["proc_new_exec", "/opt/a/b/x", "/opt/<ANY>"],
    ["proc_new_command", "cat /var/cache/a/part-1 /opt/x", "cat /var/cache/<X>/part-<N> /opt/<ANY>"],
    ["proc_new_command", "tool --cache=/var/cache/a/part-1", "tool --cache=/var/cache/<X>/part-<N>"],
    ["net_new_dns", "/opt/x", "/opt/x"],
  ] as const)("%s %s becomes %s", (category, value, written) => {
    expect(rewrite(category, value)).toBe(written);
  });

  test("fold behaviours into one, and what was accepted before them is known under them", () => {
    const story = (...paths: string[]): Story => {
      const told = installStory();
      const script = told.script("left-pad");
      for (const path of paths) told.write(script, path);
      return told;
    };
    const before = baselineOf(analyse(story("/var/cache/a/part-1"), { baseline: null }));
    const next = story("/var/cache/b/part-2", "/var/cache/b/part-3");
    expect(analyse(next, { baseline: before }).deviations).toHaveLength(2);
    const output = analyse(next, { baseline: before, rules: RULES });
    expect([output.verdict, output.deviations]).toEqual(["clean", []]);
    expect(output.fingerprints.filter(({ value }) => value.startsWith("/var"))).toMatchObject([
      { value: "/var/cache/<X>/part-<N>", count: 2 },
    ]);
  });

  test.each([
    [{ id: "X", match: "/a/*", as: "/a/<N>" }, "id"],
    [{ id: "a", match: "a/*", as: "/a/<N>" }, "match"],
    [{ id: "a", match: "/a/x**", as: "/a/<N>" }, "match"],
    [{ id: "a", match: "/a/../*", as: "/a/<N>" }, "match"],
    [{ id: "a", match: "/*/x", as: "/*/<N>" }, "as"],
    [{ id: "a", match: "/tmp/*", as: "/etc/<N>" }, "as"],
    [{ id: "a", match: "/tmp/*", as: "/tmp/fixed" }, "as"],
    [{ id: "a", match: "<HOME>/*", as: "<PKG>/<N>" }, "as"],
  ] as const)("%j is refused for its %s", (rule, field) => {
    const compiled = compileRules([rule]);
    expect("errors" in compiled ? compiled.errors.map((error) => error.field) : []).toContain(field);
  });
});

test("an event is explained by its value before and after, and the rules in between", () => {
  const story = installStory();
  const script = story.script("left-pad");
  const write = story.write(script, "/var/cache/a/part-1");
  const read = story.open(script, `${PROJECT}/node_modules/other/index.js`);
  const temp = story.write(script, "/tmp/npm-2156-ab12/x");
  const quiet = story.open(script, "/none", { result: -2 });
  const facts = explainRun({ ...inputOf(story), rules: RULES }, new Set([write, read, temp, quiet]));
  expect(facts.get(write)).toEqual([
    {
      category: "fs_new_path_write",
      before: "/var/cache/a/part-1",
      after: "/var/cache/<X>/part-<N>",
      rules: ["parts"],
    },
  ]);
  expect(facts.get(read)).toMatchObject([{ after: "<DEP:other>/**", rules: ["root", "fold"] }]);
  expect(facts.get(temp)).toMatchObject([{ after: "/tmp/<RAND>/x", rules: ["temp"] }]);
  expect(facts.get(quiet)).toBeUndefined();
});

describe("a control run", () => {
  const story = (): Story => {
    const told = installStory();
    const script = told.script("left-pad");
    told.write(script, "/tmp/both");
    told.write(script, "/tmp/own");
    return told;
  };
  const shown = ["/tmp/both", "/tmp/own"].map((value) => ({
    actor: "script:left-pad",
    category: "fs_new_path_write" as const,
    value,
  }));
  const baseline = baselineOf(analyse(installStory(), { baseline: null })).concat(
    baselineOf(analyse(story(), { baseline: null })).filter(({ category }) => category !== "fs_new_path_write"),
  );

  test("that shows a part makes that part drift, and the rest stays the release's", () => {
    const output = analyse(story(), { baseline, control: { version: "1.3.0", fingerprints: shown.slice(0, 1) } });
    expect(output.verdict).toBe("deviant");
    expect(output.reason).toBe(
      "One behaviour is new: new path written by script:left-pad (medium). 1 more are drift: 1.3.0 shows them today, too.",
    );
    expect(output.deviations.map(({ value, drift, severity }) => [value, drift, severity])).toEqual([
      ["/tmp/own", false, "medium"],
      ["/tmp/both", true, "low"],
    ]);
  });

  test("that shows all makes the run clean, with the reason", () => {
    const output = analyse(story(), { baseline, control: { version: "1.3.0", fingerprints: shown } });
    expect([output.verdict, output.reason]).toEqual([
      "clean",
      "All 2 new behaviours are drift: 1.3.0 shows the same today.",
    ]);
  });

  test("of another actor, or that is missing, changes nothing but the reason", () => {
    const others = shown.map((one) => ({ ...one, actor: "import" }));
    expect(analyse(story(), { baseline, control: { version: "1.3.0", fingerprints: others } })).toMatchObject({
      verdict: "deviant",
      reason: expect.stringContaining("1.3.0 shows none of it today."),
    });
    expect(analyse(story(), { baseline, control: { missing: "1.3.0 did not end in time." } })).toMatchObject({
      verdict: "deviant",
      reason: expect.stringContaining("The control run is missing: 1.3.0 did not end in time."),
    });
  });

  test("never makes a leak drift", () => {
    const told = installStory();
    const first = analyse(told, { baseline: null });
    told.send(told.script("left-pad"), { address: "203.0.113.9", port: 80 }, NPM_TOKEN);
    const { fingerprints } = analyse(told, { baseline: null });
    const output = analyse(told, { baseline: baselineOf(first), control: { version: "1.3.0", fingerprints } });
    const leaks = output.deviations.filter(({ category }) => category === "canary_leak");
    expect(leaks.every(({ drift, severity }) => !drift && severity === "critical")).toBe(true);
    expect([leaks.length > 0, output.verdict]).toEqual([true, "deviant"]);
  });
});

test("what a release's documents say is a behaviour of its own, until it is accepted", () => {
  const release: ReleaseMeta = {
    predecessor: "1.3.0",
    changes: [{ category: "meta_new_dependency", value: "evil-dep", was: null }],
    unknown: null,
  };
  const baseline = baselineOf(analyse(installStory(), { baseline: null }));
  const output = analyse(installStory(), { baseline, release });
  expect(output.deviations).toMatchObject([
    { actor: "release", category: "meta_new_dependency", value: "evil-dep", severity: "medium" },
  ]);
  expect(output.deviations[0]?.evidence).toMatchObject({ observed: "evil-dep (1.3.0: none)", processes: [] });
  expect(analyse(installStory(), { baseline: [...baseline, ...baselineOf(output)], release }).verdict).toBe("clean");
});
