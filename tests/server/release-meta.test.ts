import { describe, expect, test } from "bun:test";
import { pack } from "tar-stream";
import type { Manifest } from "../../npm/packument.ts";
import type { RegistryClient } from "../../npm/registry.ts";
import { readTarball } from "../../npm/tarball-manifest.ts";
import { FangsError } from "../../protocol/errors.ts";
import { readReleaseMeta } from "../../server/release-meta.ts";
import { codeOf } from "./support.ts";

type Files = Record<string, string>;

async function tarball(files: Files): Promise<Uint8Array> {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) tar.entry({ name: `package/${name}` }, text);
  tar.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of tar) if (part instanceof Uint8Array) parts.push(part);
  return Bun.gzipSync(Buffer.concat(parts));
}

interface Release {
  /** What the registry says. */
  manifest?: Record<string, unknown>;
  /** What the tarball's package.json says; absent: the same. */
  packed?: Record<string, unknown>;
  files?: Files;
  published?: string;
}

/** A registry of one package. */
function registryOf(releases: Record<string, Release>): RegistryClient {
  const versions = Object.entries(releases).map(([version, { manifest = {} }]): [string, Manifest] => {
    const { dist = {}, ...rest } = manifest as { dist?: object };
    return [version, { name: "x", version, ...rest, dist: { ...dist, tarball: `http://registry.test/${version}` } }];
  });
  const time = Object.entries(releases).map(([version, { published }], i) => [
    version,
    published ?? new Date(i * 86_400_000).toISOString(),
  ]);
  return {
    packument: async () => ({
      name: "x",
      "dist-tags": {},
      versions: Object.fromEntries(versions),
      time: Object.fromEntries(time),
    }),
    async tarball(dist) {
      const { manifest = {}, packed = manifest, files = {} } = releases[dist.tarball.split("/").at(-1) ?? ""] ?? {};
      return tarball({ "package.json": JSON.stringify(packed), ...files });
    },
  };
}

const changesOf = async (releases: Record<string, Release>, accepted: string[] = ["1.0.0"]): Promise<string[]> => {
  const version = Object.keys(releases).at(-1) ?? "";
  const meta = await readReleaseMeta(registryOf(releases), { package: "x", version, accepted });
  expect(meta.unknown).toBeNull();
  return meta.changes.map(({ category, value, was }) => `${category} ${value} (${was})`);
};

describe("a release against its predecessor", () => {
  test("with a first lifecycle script, and with a changed one", async () => {
    const before = { scripts: { test: "x", prepare: "tsc" } };
    const now = { scripts: { test: "y", prepare: "tsc -p .", postinstall: "node setup.js" } };
    expect(await changesOf({ "1.0.0": { manifest: before }, "1.0.1": { manifest: now } })).toEqual([
      "meta_new_script postinstall: node setup.js (null)",
      "meta_new_script prepare: tsc -p . (tsc)",
    ]);
  });

  test("whose script is in the tarball only, or is node-gyp's", async () => {
    const hidden = { manifest: {}, packed: { scripts: { preinstall: "sh x" } } };
    expect(await changesOf({ "1.0.0": {}, "1.0.1": hidden })).toEqual(["meta_new_script preinstall: sh x (null)"]);
    const native = { files: { "binding.gyp": "{}" } };
    expect(await changesOf({ "1.0.0": {}, "1.0.1": native })).toEqual([
      "meta_new_script install: node-gyp rebuild (null)",
    ]);
  });

  test("with a new dependency of any kind, but not with another range of an old one", async () => {
    const before = { dependencies: { a: "^1.0.0" }, optionalDependencies: { b: "1" } };
    const now = { dependencies: { a: "^2.0.0", b: "1", c: "1" }, peerDependencies: { d: "*" } };
    expect(await changesOf({ "1.0.0": { manifest: before }, "1.0.1": { manifest: now } })).toEqual([
      "meta_new_dependency c (null)",
      "meta_new_dependency d (null)",
    ]);
  });

  test("with a publisher who published nothing up to the predecessor", async () => {
    const by = (name: string) => ({ manifest: { _npmUser: { name } } });
    const line = { "0.9.0": by("bob"), "1.0.0": by("alice") };
    expect(await changesOf({ ...line, "1.0.1": by("bob") })).toEqual([]);
    expect(await changesOf({ ...line, "1.0.1": by("mallory") })).toEqual(["meta_new_publisher mallory (alice)"]);
    // What the stranger published meanwhile makes him no old acquaintance.
    const meanwhile = { ...line, "1.0.1": by("mallory"), "0.8.9": by("mallory"), "1.0.2": by("mallory") };
    expect(await changesOf(meanwhile)).toEqual(["meta_new_publisher mallory (alice)"]);
  });

  test("without the provenance that the predecessor had", async () => {
    const proven = { manifest: { dist: { attestations: { url: "x" } } } };
    expect(await changesOf({ "1.0.0": proven, "1.0.1": {} })).toEqual([
      "meta_lost_provenance no provenance (provenance)",
    ]);
    expect(await changesOf({ "1.0.0": {}, "1.0.1": proven })).toEqual([]);
  });

  test("with a new bin", async () => {
    const bins = {
      "1.0.0": { manifest: { bin: "a.js" } },
      "1.0.1": { manifest: { bin: { x: "b.js", evil: "c.js" } } },
    };
    expect(await changesOf(bins)).toEqual(["meta_new_bin evil (null)"]);
  });

  test("that is three times as large and a mebibyte more", async () => {
    const size = (mebibytes: number) => ({ files: { data: "x".repeat(mebibytes * 1024 * 1024) } });
    expect(await changesOf({ "1.0.0": size(1), "1.0.1": size(4) })).toEqual([
      "meta_size_jump 1.0 MiB to 4.0 MiB (1.0 MiB)",
    ]);
    expect(await changesOf({ "1.0.0": size(3), "1.0.1": size(6) })).toEqual([]);
    expect(await changesOf({ "1.0.0": size(0), "1.0.1": size(0.5) })).toEqual([]);
  });
});

describe("the predecessor", () => {
  const releases = { "1.0.0": {}, "1.1.0": {}, "2.0.0": {}, "1.2.0": {} };
  const predecessor = async (version: string, accepted: string[]) =>
    (await readReleaseMeta(registryOf(releases), { package: "x", version, accepted })).predecessor;

  test("is the highest lower version that the baseline knows, else the one before it", async () => {
    expect(await predecessor("1.2.0", ["1.0.0", "2.0.0"])).toBe("1.0.0");
    expect(await predecessor("1.2.0", ["2.0.0"])).toBe("1.1.0");
    expect(await predecessor("1.2.0", [])).toBe("1.1.0");
    expect(await predecessor("1.0.0", [])).toBeNull();
  });

  test("of an accepted version is itself: nothing of it is news", async () => {
    expect(await predecessor("1.1.0", ["1.1.0", "1.0.0"])).toBe("1.1.0");
  });
});

describe("trouble with the registry", () => {
  const options = { package: "x", version: "1.0.1", accepted: ["1.0.0"] };
  const down = () => Promise.reject(new FangsError("registry_unreachable", "The npm registry cannot be reached."));

  test("is said, and is no error", async () => {
    const meta = await readReleaseMeta({ packument: down, tarball: down }, options);
    expect(meta).toEqual({ predecessor: null, changes: [], unknown: "The npm registry cannot be reached." });
  });

  test("with a tarball leaves what the registry says", async () => {
    const { packument } = registryOf({ "1.0.0": {}, "1.0.1": { manifest: { dependencies: { a: "1" } } } });
    const meta = await readReleaseMeta({ packument, tarball: down }, options);
    expect(meta.changes).toMatchObject([{ category: "meta_new_dependency", value: "a" }]);
    expect(meta.unknown).toContain("The tarball of 1.0.1: The npm registry cannot be reached.");
  });

  test("that does not answer ends in time", async () => {
    const never = () => new Promise<never>(() => {});
    const meta = await readReleaseMeta({ packument: never, tarball: never }, { ...options, patienceMs: 20 });
    expect(meta.unknown).toBe("The registry took too long.");
  });
});

test("what is no tarball of a package is refused", async () => {
  for (const bytes of [
    new Uint8Array(),
    new Uint8Array([1, 2, 3]),
    await tarball({ "package.json": "[]" }),
    await tarball({ "package.json": "{" }),
  ]) {
    expect(await codeOf(readTarball(bytes))).toBe("registry_invalid");
  }
  const plain = await readTarball(
    await tarball({ "package.json": '{"name":"x"}', "package/package.json": "{}", "a/package.json": "{}" }),
  );
  expect(plain.manifest).toEqual({ name: "x" });
});
