import { describe, expect, test } from "bun:test";
import { deviations } from "./analysing.ts";
import { completeResult, HOME, installStory, PACKAGE, PROJECT, ROOT, type Story } from "./story.ts";

const MODULES = `${PROJECT}/node_modules`;
const ENOENT = -2;
const EACCES = -13;

/** What the script of left-pad is seen doing, without its own start. */
function scriptDoes(act: (story: Story, process: number) => void): string[] {
  const story = installStory();
  const process = story.script("left-pad");
  act(story, process);
  return deviations(story)
    .filter((line) => !line.includes(" proc_new_"))
    .map((line) => line.replace("script:left-pad ", ""));
}
/** What npm is seen doing. */
function npmDoes(act: (story: Story) => void): string[] {
  const story = installStory();
  act(story);
  return deviations(story).map((line) => line.replace("installer ", ""));
}

describe("reading", () => {
  test("shows the path, own and dependencies' files folded", () => {
    const seen = scriptDoes((story, process) => {
      story.open(process, "/etc/passwd");
      story.open(process, `${MODULES}/left-pad/lib/a.js`);
      story.open(process, `${MODULES}/left-pad/lib/b.js`);
      story.open(process, `${MODULES}/other/index.js`);
    });
    expect(seen).toEqual([
      "fs_new_path_read /etc/passwd",
      "fs_new_path_read <DEP:other>/**",
      "fs_new_path_read <PKG>/**",
    ]);
  });

  test("of what does not exist is no news, unless it is a secret; being refused is", () => {
    const seen = scriptDoes((story, process) => {
      story.open(process, "/nowhere", { result: ENOENT });
      story.open(process, "/etc/passwd/x", { result: -20 });
      story.open(process, `${HOME}/.aws/credentials`, { result: ENOENT });
      story.open(process, "/root/x", { result: EACCES });
    });
    expect(seen).toEqual(["cred_new_access <HOME>/.aws/credentials", "fs_new_path_read /root/x"]);
  });

  test("of npm's own files is one value", () => {
    const seen = npmDoes((story) => {
      story.open(ROOT.install, "/usr/lib/node_modules/npm/lib/npm.js");
      story.open(ROOT.install, "/usr/local/lib/node_modules/npm/node_modules/abbrev/index.js");
      story.open(ROOT.install, "/usr/lib/node_modules/npm-not/x.js");
    });
    expect(seen).toEqual([
      "fs_new_path_read /usr/lib/node_modules/npm-not/x.js",
      "fs_new_path_read /usr/lib/node_modules/npm/**",
    ]);
  });

  test("of memfds and pipes is none", () => {
    expect(scriptDoes((story, process) => story.open(process, "/memfd:x", { detached: true }))).toEqual([]);
  });
});

describe("a secret", () => {
  test.each([
    `${HOME}/.ssh/id_ed25519`,
    `${HOME}/.ssh`,
    `${HOME}/.config/gh/hosts.yml`,
    `${HOME}/.docker/config.json`,
    `${HOME}/.config/google-chrome/Default/Login Data`,
    `${PROJECT}/.env`,
    `${PROJECT}/.env.production`,
    `${PROJECT}/.npmrc`,
    "/etc/shadow",
    "/root/.npmrc",
    "/proc/1/environ",
    "/proc/7/task/8/environ",
  ])("%s that is read is a credential access, not a read", (path) => {
    const seen = scriptDoes((story, process) => story.open(process, path));
    expect(seen).toHaveLength(1);
    expect(seen[0]).toStartWith("cred_new_access ");
  });

  test.each([`${HOME}/.sshx`, `${PROJECT}/.environment`, `${PROJECT}/src/.npmrc.js`, "/etc/shadow-tool"])(
    "%s is none",
    (path) => {
      expect(scriptDoes((story, process) => story.open(process, path))[0]).toStartWith("fs_new_path_read ");
    },
  );

  test("is the process's own environment no more than any file", () => {
    const seen = scriptDoes((story, process) => story.open(process, `/proc/${process + 1000}/environ`));
    expect(seen).toEqual(["fs_new_path_read /proc/self/environ"]);
  });

  test("is reached by the same path written in another way", () => {
    const seen = scriptDoes((story, process) => {
      story.open(process, `${PROJECT}/x/..//./../.ssh/id_rsa`, { result: EACCES });
      story.open(process, `/proc/self/root${HOME}/.ssh/id_rsa`, { result: EACCES });
      story.open(process, `/proc/1/root/proc/self/task/9/root${HOME}/.ssh/id_rsa`, { result: EACCES });
    });
    expect(seen).toEqual(["cred_new_access <HOME>/.ssh/id_rsa"]);
  });

  test("is reached by giving it another name", () => {
    const secret = `${HOME}/.ssh/id_ed25519`;
    for (const call of ["link", "symlinkat", "rename"] as const) {
      const seen = scriptDoes((story, process) => story.change(process, call, secret, "/tmp/harmless"));
      expect(seen).toContain("cred_new_access <HOME>/.ssh/id_ed25519");
      expect(seen).toContain("fs_new_path_write /tmp/harmless");
    }
  });

  test("is reached by a link that counts from its own directory", () => {
    const seen = scriptDoes((story, process) =>
      story.change(process, "symlink", "../../.ssh/id_ed25519", `${HOME}/a/b/harmless`),
    );
    expect(seen).toContain("cred_new_access <HOME>/.ssh/id_ed25519");
  });

  test("is reached by its file, whatever the name and whatever led there", () => {
    const place = `${HOME}/.ssh/id_ed25519`;
    const file = { device: 37, inode: 0x1_0000_0007n };
    const result = completeResult();
    result.environment.decoys = [
      { name: "ssh key", place, secret: "x".repeat(20), file: { device: 37, inode: 0x1_0000_0007 } },
      { name: "token", place: "$TOKEN", secret: "y".repeat(20) },
    ];
    const opened = (path: string, how: Parameters<Story["open"]>[2]) => {
      const story = installStory();
      story.open(story.script(PACKAGE), path, how);
      return deviations(story, { result }).filter((line) => !line.includes(" proc_new_"));
    };
    expect(opened(`${HOME}/notes`, { file })).toEqual([
      `script:${PACKAGE} cred_new_access <HOME>/.ssh/id_ed25519`,
      `script:${PACKAGE} fs_new_path_read <HOME>/notes`,
    ]);
    expect(opened(place, { file })).toEqual([`script:${PACKAGE} cred_new_access <HOME>/.ssh/id_ed25519`]);
    const read = [`script:${PACKAGE} fs_new_path_read <HOME>/notes`];
    expect(opened(`${HOME}/notes`, { file: { ...file, device: 38 } })).toEqual(read);
    expect(opened(`${HOME}/notes`, { file: { ...file, inode: 7n } })).toEqual(read);
  });

  test("is any place where this run has a decoy", () => {
    const result = completeResult();
    result.environment.decoys = [{ name: "wallet", place: "/srv/wallet", secret: "x".repeat(20) }];
    const story = installStory();
    story.write(ROOT.install, "/srv/wallet/key.json");
    expect(deviations(story, { result })).toEqual(["installer cred_new_access /srv/wallet/key.json"]);
  });

  test("may be npm's own configuration for npm, but not where a decoy lies", () => {
    expect(npmDoes((story) => story.open(ROOT.install, `${PROJECT}/.npmrc`))).toEqual([
      "fs_new_path_read <PROJECT>/.npmrc",
    ]);
    expect(npmDoes((story) => story.open(ROOT.install, `${PROJECT}/.npmrc`, { result: ENOENT }))).toEqual([]);
    expect(npmDoes((story) => story.open(ROOT.install, `${HOME}/.gitconfig`))).toEqual([
      "fs_new_path_read <HOME>/.gitconfig",
    ]);
    expect(npmDoes((story) => story.open(ROOT.install, `${HOME}/.npmrc`))).toEqual(["cred_new_access <HOME>/.npmrc"]);
  });
});

describe("writing", () => {
  test("shows the path, also when it failed", () => {
    const seen = scriptDoes((story, process) => {
      story.write(process, `${MODULES}/left-pad/build/out.o`);
      story.open(process, "/etc/passwd", { flags: 2, result: EACCES });
    });
    expect(seen).toEqual(["fs_new_path_write /etc/passwd", "fs_new_path_write <PKG>/build/out.o"]);
  });

  test("is told by the file's mode where the flags say nothing or lie", () => {
    const seen = scriptDoes((story, process) => {
      const path = new TextEncoder().encode("/tmp/x");
      story.add({ record: "open", process, path, result: 3, open_flags: 0, fmode: 2 });
    });
    expect(seen).toEqual(["fs_new_path_write /tmp/x"]);
  });

  test("to /dev/null is none", () => {
    expect(scriptDoes((story, process) => story.write(process, "/dev/null"))).toEqual(["fs_new_path_read /dev/null"]);
  });

  test("by npm into node_modules is one value for each dependency", () => {
    const seen = npmDoes((story) => {
      story.write(ROOT.install, `${MODULES}/other/a.js`);
      story.write(ROOT.install, `${MODULES}/other/b.js`);
      story.change(ROOT.install, "unlink", `${MODULES}/other/c.js`);
      story.write(ROOT.install, `${PROJECT}/package-lock.json`);
    });
    expect(seen).toEqual([
      "fs_new_path_delete <DEP:other>/**",
      "fs_new_path_write <DEP:other>/**",
      "fs_new_path_write <PROJECT>/package-lock.json",
    ]);
  });

  test.each([
    `${HOME}/.bashrc`,
    `${HOME}/.config/systemd/user/x.service`,
    `${HOME}/.ssh/authorized_keys`,
    `${PROJECT}/.git/hooks/pre-commit`,
    `${PROJECT}/.vscode/tasks.json`,
    `${PROJECT}/CLAUDE.md`,
    `${HOME}/.claude/settings.json`,
    `${PROJECT}/.github/workflows/x.yml`,
    "/etc/cron.d/x",
    "/var/spool/cron/root",
    "/etc/ld.so.preload",
  ])("%s is persistence", (path) => {
    const seen = scriptDoes((story, process) => story.write(process, path));
    expect(seen.filter((line) => line.startsWith("persist_new_path "))).toHaveLength(1);
    expect(seen.some((line) => line.startsWith("fs_new_path_write "))).toBe(false);
  });

  test.each([
    `${MODULES}/other/index.js`,
    `${MODULES}/left-pad/node_modules/inner/index.js`,
    `${MODULES}/.bin/tool`,
    `${PROJECT}/package.json`,
    `${PROJECT}/package-lock.json`,
    `${PROJECT}/.git/config`,
    `${PROJECT}/.gitlab-ci.yml`,
  ])("%s by a script is foreign", (path) => {
    for (const act of ["write", "unlink", "rename"] as const) {
      const seen = scriptDoes((story, process) =>
        act === "write" ? story.write(process, path) : story.change(process, act, path, "/tmp/gone"),
      );
      expect(seen.filter((line) => line.startsWith("fs_new_foreign_write "))).toHaveLength(1);
    }
  });

  test("is foreign for import outside the package under test", () => {
    const story = installStory();
    story.write(ROOT.require, `${MODULES}/left-pad/cache.json`);
    story.write(ROOT.require, `${MODULES}/other/index.js`);
    expect(deviations(story)).toEqual([
      "import fs_new_foreign_write <DEP:other>/index.js",
      "import fs_new_path_write <PKG>/cache.json",
    ]);
  });

  test("is what chmod, truncate, mkdir, mknod, chown, setxattr and the new name of a rename do", () => {
    for (const call of ["chmod", "ftruncate", "mkdir", "mknodat", "lchown", "setxattr", "utimensat"] as const) {
      expect(scriptDoes((story, process) => story.change(process, call, "/tmp/x"))).toEqual([
        "fs_new_path_write /tmp/x",
      ]);
    }
    expect(scriptDoes((story, process) => story.change(process, "renameat2", "/tmp/x", "/tmp/y"))).toEqual([
      "fs_new_path_delete /tmp/x",
      "fs_new_path_write /tmp/y",
    ]);
  });

  test("is not what mkdir does to a directory that is there", () => {
    expect(scriptDoes((story, process) => story.change(process, "mkdir", "/home", "", -17))).toEqual([]);
  });

  test("a secret is both access to it and, where it applies, persistence", () => {
    const seen = scriptDoes((story, process) => story.write(process, `${HOME}/.ssh/authorized_keys`));
    expect(seen).toEqual([
      "cred_new_access <HOME>/.ssh/authorized_keys",
      "persist_new_path <HOME>/.ssh/authorized_keys",
    ]);
  });
});
