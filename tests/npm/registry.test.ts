import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createHash } from "node:crypto";
import { readNpmConfig, type NpmConfig } from "../../npm/config.ts";
import { resolveVersion } from "../../npm/packument.ts";
import { createRegistryClient } from "../../npm/registry.ts";
import { FangsError } from "../../protocol/errors.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const tarball = new TextEncoder().encode("not really a tarball");
const sha512 = createHash("sha512").update(tarball).digest("base64");
const seen: { host: string; path: string; authorization: string | null }[] = [];

function serve(answer: (url: URL) => Response | Promise<Response>) {
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request) {
      const url = new URL(request.url);
      seen.push({ host: url.host, path: url.pathname, authorization: request.headers.get("authorization") });
      return answer(url);
    },
  });
}

const elsewhere = serve(() => new Response(tarball));
const manifest = (name: string, version: string) => ({
  name,
  version,
  dist: { tarball: `${base()}/t/${version}.tgz` },
});
const registry = serve((url) => {
  const name = decodeURIComponent(url.pathname.slice(1));
  if (name === "good" || name === "@corp/good") {
    const versions = Object.fromEntries(["1.0.0", "1.1.0", "2.0.0"].map((v) => [v, manifest(name, v)]));
    const broken = { "9.9.9": { name, version: "9.9.9", dist: "nonsense" } };
    return Response.json({
      name,
      "dist-tags": { latest: "1.1.0", next: "2.0.0" },
      versions: { ...versions, ...broken },
    });
  }
  if (name === "html") return new Response("<html>");
  if (name === "array") return Response.json([]);
  if (name === "other") return Response.json({ name: "another", versions: {} });
  if (name === "huge") return Response.json({ name, versions: {}, readme: "x".repeat(5000) });
  if (name === "slow") return Bun.sleep(3000).then(() => new Response("{}"));
  if (name === "denied") return new Response("", { status: 401 });
  if (name === "moved") return Response.redirect(`http://127.0.0.1:${elsewhere.port}/x`);
  if (name === "loop") return Response.redirect(`${base()}/loop`);
  if (name === "file") return new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } });
  if (name === "t/ok.tgz") return new Response(tarball);
  return new Response("{}", { status: 404 });
});
function base(): string {
  return `http://127.0.0.1:${registry.port}`;
}
afterAll(async () => {
  await registry.stop(true);
  await elsewhere.stop(true);
});

const config: NpmConfig = {
  registry: `${base()}/`,
  scopes: new Map(),
  authorizations: new Map([[`//127.0.0.1:${registry.port}/`, "Bearer s3cret"]]),
  ca: [],
  proxy: undefined,
  httpsProxy: undefined,
  noProxy: [],
};
const client = createRegistryClient(config, { packumentBytes: 4096, packumentMs: 1000 });

async function failure(work: Promise<unknown>): Promise<FangsError> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof FangsError)) throw new Error(`expected a FangsError, got ${String(error)}`);
  return error;
}

describe("a registry", () => {
  test("gives a packument, scoped names included, without its malformed releases", async () => {
    expect(Object.keys((await client.packument("good")).versions)).toEqual(["1.0.0", "1.1.0", "2.0.0"]);
    expect((await client.packument("@corp/good")).name).toBe("@corp/good");
  });

  test("gives a token to its own host and never along a redirect to another", async () => {
    seen.length = 0;
    await failure(client.packument("moved"));
    expect(seen.map((request) => request.authorization)).toEqual(["Bearer s3cret", null]);
  });

  test.each([
    ["missing", "package_not_found"],
    ["html", "registry_invalid"],
    ["array", "registry_invalid"],
    ["other", "registry_invalid"],
    ["huge", "registry_invalid"],
    ["loop", "registry_invalid"],
    ["file", "registry_invalid"],
    ["slow", "registry_unreachable"],
    ["denied", "registry_unreachable"],
  ])("that answers %s is reported as %s", async (name, code) => {
    expect((await failure(client.packument(name))).code).toBe(code as FangsError["code"]);
  });

  test("that is not there is unreachable, with a hint about npm's settings", async () => {
    const gone = createRegistryClient({ ...config, registry: "http://127.0.0.1:1/" });
    const error = await failure(gone.packument("good"));
    expect(error.code).toBe("registry_unreachable");
    expect(error.hint).toContain("npm config");
  });
});

describe("a version", () => {
  test("is found by number, by tag and by default as latest", async () => {
    const packument = await client.packument("good");
    expect(resolveVersion(packument, "1.0.0").version).toBe("1.0.0");
    expect(resolveVersion(packument, "next").version).toBe("2.0.0");
    expect(resolveVersion(packument).version).toBe("1.1.0");
  });

  test("that does not exist is named with the latest and the nearest", async () => {
    const packument = await client.packument("good");
    const error = await failure(Promise.resolve().then(() => resolveVersion(packument, "1.0.5")));
    expect(error.code).toBe("version_not_found");
    expect(error.hint).toBe("The latest is 1.1.0. The nearest is 1.0.0.");
    for (const odd of ["__proto__", "constructor", "^1.0.0", ""]) {
      expect((await failure(Promise.resolve().then(() => resolveVersion(packument, odd)))).code).toBe(
        "version_not_found",
      );
    }
  });
});

describe("a tarball", () => {
  const url = `${base()}/t/ok.tgz`;
  const shasum = createHash("sha1").update(tarball).digest("hex");

  test("is returned when its sha512 or its sha1 fits", async () => {
    expect(await client.tarball({ tarball: url, integrity: `sha512-${sha512}` })).toEqual(tarball);
    expect(await client.tarball({ tarball: url, shasum })).toEqual(tarball);
  });

  test("is refused when it was altered, even if its weaker digest fits", async () => {
    const integrity = `sha512-${Buffer.alloc(64).toString("base64")}`;
    expect((await failure(client.tarball({ tarball: url, integrity, shasum }))).code).toBe("integrity_mismatch");
  });

  test("without any digest, or gone, is refused", async () => {
    expect((await failure(client.tarball({ tarball: url }))).code).toBe("registry_invalid");
    expect((await failure(client.tarball({ tarball: `${url}x`, shasum }))).code).toBe("package_not_found");
  });

  test("is never a file of this machine or a text in the document, whatever the registry says", async () => {
    const shasum = createHash("sha1")
      .update(await Bun.file(import.meta.path).bytes())
      .digest("hex");
    const empty = createHash("sha1").update("").digest("hex");
    for (const dist of [
      { tarball: `file://${import.meta.path}`, shasum },
      { tarball: "data:,", shasum: empty },
      { tarball: "nonsense", shasum: empty },
    ]) {
      expect((await failure(client.tarball(dist))).code).toBe("registry_invalid");
    }
  });
});

test("the registry of npm's configuration has is-number, and its tarball fits its digest", async () => {
  const real = createRegistryClient(readNpmConfig());
  const release = resolveVersion(await real.packument("is-number"), "7.0.0");
  expect((await real.tarball(release.dist)).length).toBeGreaterThan(1000);
  const full = await real.packument("is-number", { full: true });
  expect(full.time?.["7.0.0"]).toBeString();
});
