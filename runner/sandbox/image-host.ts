/** A file system from this machine's own programs: quick, and without any download. */
import { cp, mkdir, readFile, realpath, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { FangsError } from "../../protocol/errors.ts";
import { run } from "./host-command.ts";
import { makeMergedRoot, replaceLink } from "./image-persona.ts";

const NEEDED = ["node", "dash", "cat", "head", "tar", "timeout", "ls"];
const WELCOME = [
  "bash",
  "cp",
  "mv",
  "rm",
  "mkdir",
  "rmdir",
  "ln",
  "chmod",
  "id",
  "whoami",
  "env",
  "echo",
  "printf",
  "tail",
  "cut",
  "sort",
  "uniq",
  "wc",
  "tr",
  "tee",
  "touch",
  "stat",
  "readlink",
  "dirname",
  "basename",
  "date",
  "sleep",
  "true",
  "false",
  "test",
  "expr",
  "uname",
  "mktemp",
  "sha256sum",
  "base64",
  "nohup",
  "setsid",
  "od",
  "dd",
  "find",
  "grep",
  "sed",
  "xargs",
  "gzip",
  "hostname",
  "ps",
  "awk",
  "which",
  "seq",
  "getent",
  "curl",
];
/** Loaded by the C library when a program looks up a name or a user. */
const NAME_SERVICES = ["libnss_files.so.2", "libnss_dns.so.2", "libresolv.so.2"];

/** Fills the directory; returns the versions of node and npm in it. */
export async function unpackHost(
  root: string,
  progress: (line: string) => void,
): Promise<{ node: string; npm: string }> {
  progress("Copying this machine's programs");
  await makeMergedRoot(root);
  const programs = [...NEEDED, ...WELCOME].flatMap((name) => {
    const path = Bun.which(name);
    if (path === null && NEEDED.includes(name))
      throw new FangsError("image_build_failed", `This machine has no ${name}.`);
    return path === null ? [] : [{ name, path }];
  });
  const libraries = new Set<string>();
  for (const { name, path } of programs) {
    await copyFile(await realpath(path), join(root, "usr/bin", name));
    for (const library of await librariesOf(path)) libraries.add(library);
  }
  for (const library of libraries) {
    await copyFile(library, join(root, library));
    for (const service of NAME_SERVICES) {
      const file = join(dirname(library), service);
      if (await Bun.file(file).exists()) await copyFile(file, join(root, file));
    }
  }
  for (const path of ["/etc/os-release", "/etc/ssl/certs/ca-certificates.crt"]) {
    if (await Bun.file(path).exists()) await copyFile(path, join(root, path));
  }
  return { node: (await run(["node", "-p", "process.versions.node"])).trim(), npm: await copyNpm(root) };
}

// --- internal ---

async function copyNpm(root: string): Promise<string> {
  const program = Bun.which("npm");
  if (program === null) throw new FangsError("image_build_failed", "This machine has no npm.");
  const source = dirname(dirname(await realpath(program)));
  const target = join(root, "usr/lib/node_modules/npm");
  await cp(source, target, { recursive: true });
  for (const directory of ["docs", "man"]) await rm(join(target, directory), { recursive: true, force: true });
  for (const name of ["npm", "npx"])
    await replaceLink(join(root, "usr/bin", name), `../lib/node_modules/npm/bin/${name}-cli.js`);
  const { version } = JSON.parse(await readFile(join(source, "package.json"), "utf8"));
  return String(version);
}

async function librariesOf(program: string): Promise<string[]> {
  // A script has none, and ldd says so with its status.
  const listed = await run(["ldd", await realpath(program)]).catch(() => "");
  return listed.match(/\/\S+(?= \(0x)/g) ?? [];
}

async function copyFile(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true });
  await cp(source, target, { dereference: true });
}
