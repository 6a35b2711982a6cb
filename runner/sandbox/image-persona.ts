/** What makes an unpacked file system an ordinary machine: users, names, and places to write. */
import { randomBytes } from "node:crypto";
import { chmod, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./host-command.ts";

const DIRECTORIES = [
  "dev",
  "etc",
  "home/node",
  "proc",
  "root",
  "run",
  "sys",
  "tmp",
  "usr/local/bin",
  "var/tmp",
  "var/log",
];
const LIBRARIES = ["/usr/local/lib", ...["x86_64", "aarch64"].map((machine) => `/usr/lib/${machine}-linux-gnu`)];
const FILES: Record<string, string> = {
  "etc/passwd": `root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
node:x:1000:1000:,,,:/home/node:/bin/bash
`,
  "etc/group": "root:x:0:\ndaemon:x:1:\ntty:x:5:\nsudo:x:27:\nnogroup:x:65534:\nnode:x:1000:\n",
  "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
  "etc/shells": "/bin/sh\n/bin/bash\n",
};

/** Completes the file system below the directory. Idempotent. */
export async function finishRootfs(root: string): Promise<void> {
  for (const directory of DIRECTORIES) await mkdir(join(root, directory), { recursive: true });
  for (const directory of ["tmp", "var/tmp"]) await chmod(join(root, directory), 0o1777);
  for (const [path, text] of Object.entries(FILES)) await writeFile(join(root, path), text);
  await writeFile(join(root, "etc/machine-id"), `${randomBytes(16).toString("hex")}\n`);
  await replaceLink(join(root, "usr/bin/sh"), "dash");
  // Without the cache every program looks for its libraries in some twenty places, and no real machine lacks it.
  await writeFile(join(root, "etc/ld.so.conf"), LIBRARIES.map((directory) => `${directory}\n`).join(""));
  await run(["ldconfig", "-r", root]);
}

/** Debian's merged /usr: the old top-level directories are links. */
export async function makeMergedRoot(root: string): Promise<void> {
  for (const name of ["bin", "sbin", "lib", "lib64"]) {
    await mkdir(join(root, "usr", name), { recursive: true });
    await symlink(`usr/${name}`, join(root, name));
  }
}

/** Makes a symbolic link in place of whatever has that name. */
export async function replaceLink(path: string, target: string): Promise<void> {
  await rm(path, { force: true });
  await symlink(target, path);
}
