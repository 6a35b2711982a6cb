import { describe, expect, test } from "bun:test";
import type { RunResult } from "../../../protocol/models.ts";
import { RULES_VERSION } from "../../../server/analysis/analyse.ts";
import type { AnalysisInput } from "../../../server/analysis/types.ts";
import { analyse, baselineOf } from "./analysing.ts";
import { completeResult, HOME, inputOf, installStory, phaseResult, type Story } from "./story.ts";

/** A run with some behaviour; with a first record of a dependency's script. */
function ordinaryStory(): Story {
  const story = installStory();
  const script = story.script("left-pad");
  story.open(script, "/etc/hosts");
  return story;
}
const ordinary = ordinaryStory();
const baseline = baselineOf(analyse(ordinary, { baseline: null }));
const verdict = (changes: Partial<AnalysisInput>, story = ordinary) => {
  const { verdict: word, reason } = analyse(story, changes);
  return `${word}: ${reason}`;
};

describe("the verdict", () => {
  test("of a first complete run is seeded, with all it did and nothing new", () => {
    const output = analyse(ordinary, { baseline: null });
    expect(output).toMatchObject({ verdict: "seeded", deviations: [], rules: RULES_VERSION });
    expect(output.reason).toBe("The package had no baseline: the 3 behaviours of this run are its first.");
    expect(output.fingerprints).toHaveLength(3);
  });

  test("of the same behaviour again is clean, without a reason", () => {
    expect(analyse(ordinary, { baseline })).toMatchObject({ verdict: "clean", reason: null, deviations: [] });
  });

  test("of something new is deviant, and names the worst of it", () => {
    const story = ordinaryStory();
    story.open(16, `${HOME}/.ssh/id_ed25519`);
    expect(verdict({ baseline }, story)).toBe(
      "deviant: One behaviour is new: credential access by script:left-pad (critical).",
    );
    story.open(16, "/etc/passwd");
    expect(verdict({ baseline }, story)).toStartWith("deviant: 2 behaviours are new, the worst is: credential access");
  });

  test("is by actor: what npm does is not what a script may do", () => {
    const story = ordinaryStory();
    story.open(1, "/etc/hosts");
    expect(verdict({ baseline }, story)).toStartWith("deviant: One behaviour is new: new path read by installer");
  });

  const result = (changes: Partial<RunResult>) => ({ result: completeResult(changes) });
  const install = phaseResult(1, "install", "npm install");
  test.each<[string, Partial<AnalysisInput>, string]>([
    ["failed", result({ status: "failed", reason: "No image." }), "No image."],
    [
      "has lost records",
      result({ losses: [{ record: "open", cause: "ring_full", count: 7 }] }),
      "7 open records were lost",
    ],
    ["has too few segments", result({ segments: 2 }), "1 of the 2 segments"],
    ["has too few records", result({ events: 50 }), "5 of the 50 records"],
    ["did not install", result({ phases: [{ ...install, exit_code: 1 }] }), "npm install failed with exit code 1"],
    ["was killed", result({ phases: [{ ...install, exit_code: null, signal: "SIGKILL" }] }), "ended by SIGKILL"],
    ["has no install", result({ phases: [] }), "The package was not installed."],
    [
      "ran out of time",
      result({ phases: [install, { ...phaseResult(2, "import", "require"), timed_out: true }] }),
      "require did not end in time.",
    ],
  ])("of a run that %s is inconclusive, with a baseline and without", (_, changes, reason) => {
    for (const known of [null, baseline]) {
      const output = analyse(ordinary, { baseline: known, ...changes });
      expect(output).toMatchObject({ verdict: "inconclusive", deviations: [] });
      expect(output.reason).toContain(reason);
    }
  });

  test("of an import that throws is not inconclusive: many packages cannot be imported", () => {
    const failing = { ...phaseResult(2, "import", "require"), exit_code: 1 };
    expect(verdict({ baseline, ...result({ phases: [install, failing] }) })).toBe("clean: null");
  });

  test("counts what the trace itself says was lost", () => {
    for (const [kind, values, reason] of [
      ["loss", [4, 1, 7], "7 open records were lost (ringFull)."],
      ["sent", [7, 10, 9], "The sensor sent 10 send records, 9 arrived."],
    ] as const) {
      const story = ordinaryStory();
      story.marker(kind, [...values]);
      expect(verdict({ baseline }, story)).toBe(`inconclusive: ${reason}`);
    }
    const story = ordinaryStory();
    story.marker("loss", [3, 1, 2]); // exits
    story.marker("sent", [7, 10, 10]);
    expect(verdict({ baseline }, story)).toBe("clean: null");
  });

  test("of a damaged trace is inconclusive, and still lists what is new in the rest", () => {
    const story = ordinaryStory();
    story.open(16, "/etc/passwd");
    const segment = story.segment();
    const cut = { segments: [segment, segment.subarray(0, 50)], ...result({ segments: 2 }) };
    const output = analyse(story, { ...cut, baseline });
    expect(output.verdict).toBe("inconclusive");
    expect(output.reason).toContain("The trace is damaged");
    expect(output.deviations.map(({ value }) => value)).toEqual(["/etc/passwd"]);
  });

  test("of a flood is inconclusive, and the flood is a deviation", () => {
    const story = ordinaryStory();
    const long = "a-directory-with-a-long-name/".repeat(4); // more than one window of the core
    for (let i = 0; i < 5100; i++) story.open(16, `/srv/${long}file-${i.toString(36).padStart(4, "0")}`);
    const output = analyse(story, { baseline });
    expect(output.verdict).toBe("inconclusive");
    expect(output.reason).toBe("There was more behaviour than can be compared: 5100 new behaviours.");
    expect(output.deviations[0]).toMatchObject({ category: "flood", actor: "run", severity: "high" });
    expect(output.deviations).toHaveLength(5001);
  });

  test("does not depend on when it is reached", () => {
    const input = inputOf(ordinary, { baseline: [] });
    expect(analyse(ordinary)).toEqual(analyse(ordinary));
    expect(input.segments).toHaveLength(1);
  });
});

describe("the severity", () => {
  test("is raised by where and by whom, and orders the deviations", () => {
    const story = installStory();
    const script = story.script("left-pad");
    const { length } = analyse(story).deviations;
    story.open(1, `${HOME}/.aws/credentials`);
    story.open(script, `${HOME}/.aws/credentials`);
    story.write(script, "/usr/lib/x");
    story.write(script, `${HOME}/x`);
    story.write(script, "/tmp/x");
    story.write(script, `${HOME}/.cache/x`);
    story.unix(script, "connect", "/var/run/docker.sock");
    story.unix(script, "connect", "/tmp/ssh-XXabc/agent.12");
    story.unix(script, "connect", "/dev/log");
    story.open(script, "/etc/hosts");
    const seen = analyse(story).deviations.filter(({ category }) => !category.startsWith("proc_new"));
    expect(length).toBe(2);
    expect(seen.map(({ severity, actor, value }) => `${severity} ${actor} ${value}`)).toEqual([
      "critical script:left-pad <HOME>/.aws/credentials",
      "critical script:left-pad /tmp/ssh-XXabc/agent.<N>",
      "critical script:left-pad /var/run/docker.sock",
      "high installer <HOME>/.aws/credentials",
      "high script:left-pad /usr/lib/x",
      "high script:left-pad <HOME>/x",
      "medium script:left-pad /tmp/x",
      "medium script:left-pad <HOME>/.cache/x",
      "medium script:left-pad /dev/log",
      "low script:left-pad /etc/hosts",
    ]);
  });
});
