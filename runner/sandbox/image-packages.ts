/** A file system from the distribution's packages, with node and npm from the npm registry. */
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Manifest, checkPackument } from "../../npm/packument.ts";
import { FangsError } from "../../protocol/errors.ts";
import { run, runForBytes } from "./host-command.ts";
import { makeMergedRoot, replaceLink } from "./image-persona.ts";
import { integrityOf } from "../../npm/integrity.ts";
import type { RegistrySource } from "./registry-source.ts";

const NODE_RANGE = "22";
const NPM_RANGE = "10";

/** What a developer's machine has and install scripts call. */
const WANTED = [
  "base-files",
  "bash",
  "ca-certificates",
  "coreutils",
  "curl",
  "dash",
  "debianutils",
  "findutils",
  "grep",
  "gzip",
  "hostname",
  "libstdc++6",
  "mawk",
  "procps",
  "sed",
  "tar",
  "util-linux",
];
/** Only for installing packages, or alternatives of which another is taken. */
const UNWANTED =
  /^(?:c?debconf|dpkg|usrmerge|usr-is-merged|gawk|original-awk|perl.*|lib.*perl.*|init-system-helpers|install-info|libelogind0|libdebian-installer4|libnewt.*|libslang2|libtextwrap1|readline-common)$/;
const ALL_KINDS_BUT_DEPENDS = ["recommends", "suggests", "conflicts", "breaks", "replaces", "enhances"].map(
  (kind) => `--no-${kind}`,
);
const DOWNLOAD_MS = 120_000;
const UNPACK_MS = 60_000;

export interface PackagesPlan {
  root: string;
  downloads: string;
  registry: RegistrySource;
  progress: (line: string) => void;
}

/** Fills the directory; returns the versions of node and npm in it. */
export async function unpackPackages(plan: PackagesPlan): Promise<{ node: string; npm: string }> {
  const { root, downloads, registry, progress } = plan;
  progress("Finding the distribution's packages");
  await mkdir(downloads, { recursive: true });
  await makeMergedRoot(root);
  const names = (await run(["apt-cache", "depends", "--recurse", ...ALL_KINDS_BUT_DEPENDS, ...WANTED]))
    .split("\n")
    .filter((line) => /^[a-z0-9]/.test(line) && !UNWANTED.test(line));

  progress("Downloading node, npm and the distribution's packages");
  const [node, npm] = await Promise.all([
    fetchRelease(registry, `node-linux-${process.arch}`, NODE_RANGE),
    fetchRelease(registry, "npm", NPM_RANGE),
    run(["apt-get", "-qq", "download", ...new Set(names)], { directory: downloads, ms: DOWNLOAD_MS }),
  ]);

  const files = await readdir(downloads);
  progress(`Unpacking ${files.length} packages`);
  for (const file of files) await unpackDeb(root, join(downloads, file));
  await unpackTarball(join(root, "usr"), node.bytes, ["package/bin/node"]);
  await unpackTarball(join(root, "usr/lib/node_modules/npm"), npm.bytes, ["package"]);
  for (const program of ["npm", "npx"]) {
    await replaceLink(join(root, "usr/bin", program), `../lib/node_modules/npm/bin/${program}-cli.js`);
  }
  await replaceLink(join(root, "usr/bin/awk"), "mawk");
  await bundleCertificates(root);
  return { node: node.version, npm: npm.version };
}

// --- internal ---

/** The highest stable release within the range. */
async function fetchRelease(
  registry: RegistrySource,
  name: string,
  range: string,
): Promise<{ version: string; bytes: Uint8Array }> {
  const { versions } = checkPackument(await registry.packument(name), name);
  const fitting = Object.values(versions).filter(({ version }) => Bun.semver.satisfies(version, range));
  const release = fitting.sort((a, b) => Bun.semver.order(a.version, b.version)).at(-1);
  if (release === undefined) throw new FangsError("version_not_found", `The registry has no ${name}@${range}.`);
  return { version: release.version, bytes: await registry.tarball(release.dist.tarball, digestOf(release)) };
}

function digestOf({ name, dist }: Manifest): string {
  const integrity = integrityOf(dist);
  if (integrity === null) throw new FangsError("registry_invalid", `The registry gives no digest for ${name}.`);
  return integrity;
}

async function unpackDeb(root: string, file: string): Promise<void> {
  const archive = await runForBytes(["dpkg-deb", "--fsys-tarfile", file], { ms: UNPACK_MS });
  const without = ["doc", "man", "locale", "info", "lintian", "bug"].map((name) => `--exclude=./usr/share/${name}`);
  await run(["tar", "-x", "-C", root, "--keep-directory-symlink", "--no-same-owner", ...without], {
    input: archive,
    ms: UNPACK_MS,
  });
}

/** Members of an npm tarball, without the directory in front. */
async function unpackTarball(directory: string, bytes: Uint8Array, members: string[]): Promise<void> {
  await mkdir(directory, { recursive: true });
  await run(["tar", "-xz", "-C", directory, "--strip-components=1", "--no-same-owner", ...members], {
    input: bytes,
    ms: UNPACK_MS,
  });
}

/** What the package's own installation script would make; not this machine's bundle, which may have a company's certificates. */
async function bundleCertificates(root: string): Promise<void> {
  const source = join(root, "usr/share/ca-certificates/mozilla");
  const names = (await readdir(source)).sort();
  const certificates = await Promise.all(names.map((name) => readFile(join(source, name), "utf8")));
  await mkdir(join(root, "etc/ssl/certs"), { recursive: true });
  await writeFile(join(root, "etc/ssl/certs/ca-certificates.crt"), certificates.join(""));
  await rm(join(root, "usr/share/ca-certificates"), { recursive: true });
}
