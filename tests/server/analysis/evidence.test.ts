import { describe, expect, test } from "bun:test";
import type { Evidence } from "../../../protocol/models.ts";
import { analyse } from "./analysing.ts";
import { HOME, installStory, PROJECT, type Story } from "./story.ts";

const cwd = `${PROJECT}/node_modules/left-pad`;

/** The evidence of the one deviation of this category. */
function proofOf(story: Story, category: string): Evidence {
  const found = analyse(story).deviations.filter((deviation) => deviation.category === category);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} deviations of ${category}`);
  return found[0].evidence;
}

describe("the evidence of a deviation", () => {
  test("is the first record that showed it, with its result, its count and who stood behind it", () => {
    const story = installStory();
    const script = story.script("left-pad", "node x.js");
    const child = story.fork(script);
    story.exec(child, ["node", "x.js"], { binary: "/usr/bin/node", cwd });
    const event = story.open(child, `${HOME}/.ssh/id_ed25519`, { result: -13, requested: "../../../.ssh/id_ed25519" });
    story.open(child, `${HOME}/.ssh/id_ed25519`);
    expect(proofOf(story, "cred_new_access")).toEqual({
      event,
      time_ms: event,
      phase: "install",
      observed: `${HOME}/.ssh/id_ed25519`,
      result: "EACCES",
      count: 2,
      processes: [
        {
          process: 1,
          pid: 1001,
          binary: "/usr/bin/node",
          argv: ["node", "/usr/bin/npm", "install", "left-pad"],
          cwd: PROJECT,
        },
        { process: script, pid: 1016, binary: "/bin/dash", argv: ["sh", "-c", "node x.js"], cwd },
        { process: child, pid: 1017, binary: "/usr/bin/node", argv: ["node", "x.js"], cwd },
      ],
    });
  });

  test("keeps what normalisation hides: the true path, address and arguments", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.write(script, "/tmp/npm-2156-ab34cd/x");
    story.resolve(script, "evil.example", "203.0.113.7");
    story.socket(script, "connect", { address: "203.0.113.7", port: 443 });
    story.exec(script, ["bash", "-c", "echo pwned"], { binary: "/bin/bash" });
    expect(proofOf(story, "fs_new_path_write").observed).toBe("/tmp/npm-2156-ab34cd/x");
    expect(proofOf(story, "net_new_destination").observed).toBe("203.0.113.7:443");
    const commands = analyse(story).deviations.filter(({ category }) => category === "proc_new_command");
    expect(commands.map(({ evidence }) => evidence.observed)).toEqual(["bash -c echo pwned", "sh -c node install.js"]);
  });

  test("shows a process as it was then, not as it is later", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.open(script, "/etc/passwd");
    story.exec(script, ["later"], { binary: "/usr/bin/later" });
    expect(proofOf(story, "fs_new_path_read").processes.at(-1)?.binary).toBe("/bin/dash");
  });

  test("names both ends of a rename by what is claimed of it", () => {
    const story = installStory();
    story.change(story.script("left-pad"), "rename", "/tmp/a", "/tmp/b");
    expect(proofOf(story, "fs_new_path_delete").observed).toBe("/tmp/a");
    expect(proofOf(story, "fs_new_path_write").observed).toBe("/tmp/b");
  });

  test("keeps the root and the nearest of a long ancestry", () => {
    const story = installStory();
    let process = story.script("left-pad");
    for (let i = 0; i < 100; i++) process = story.fork(process);
    story.open(process, "/etc/passwd");
    const { processes } = proofOf(story, "fs_new_path_read");
    expect(processes).toHaveLength(16);
    expect([processes[0]?.process, processes.at(-1)?.process]).toEqual([1, process]);
  });

  test("is safe to print", () => {
    const story = installStory();
    story.open(story.script("left-pad"), "/tmp/\u001b[31mred");
    expect(proofOf(story, "fs_new_path_read").observed).toBe("/tmp/\\x1b[31mred");
  });
});
