import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { authorizationFor, readNpmConfig, registryFor } from "../../npm/config.ts";
import { parseNpmrc } from "../../npm/ini.ts";

const folder = mkdtempSync(join(tmpdir(), "fangs-npmrc-"));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe("npm's configuration", () => {
  test("later files win over earlier ones and the environment over all", () => {
    const files = [
      file("global", "registry=http://global.test/\nproxy=http://p.test:1"),
      file("user", "registry=http://user.test/npm"),
    ];
    expect(readNpmConfig({ files, environment: {} }).registry).toBe("http://user.test/npm/");
    const config = readNpmConfig({ files, environment: { NPM_CONFIG_REGISTRY: "http://env.test" } });
    expect(config.registry).toBe("http://env.test/");
    expect(config.proxy).toBe("http://p.test:1");
  });

  test("a scope has its own registry, other names go to the default one", () => {
    const files = [file("scope", "registry=http://a.test/\n@corp:registry=http://corp.test/npm/")];
    const config = readNpmConfig({ files, environment: {} });
    expect(registryFor(config, "@corp/tool")).toBe("http://corp.test/npm/");
    expect(registryFor(config, "@other/tool")).toBe("http://a.test/");
    expect(registryFor(config, "tool")).toBe("http://a.test/");
  });

  test("a token belongs to its host, port and path, and to nothing else", () => {
    const files = [
      file("token", "registry=http://a.test/\n//a.test/npm/:_authToken=${SECRET}\n//b.test:81/:_auth=dXNlcjpwYXNz"),
    ];
    const config = readNpmConfig({ files, environment: { SECRET: "s3cret" } });
    expect(authorizationFor(config, "http://a.test/npm/lodash")).toBe("Bearer s3cret");
    expect(authorizationFor(config, "http://a.test/npm/deep/er/x.tgz")).toBe("Bearer s3cret");
    expect(authorizationFor(config, "http://a.test/other")).toBeUndefined();
    expect(authorizationFor(config, "http://a.test:8080/npm/x")).toBeUndefined();
    expect(authorizationFor(config, "http://a.test.evil.test/npm/x")).toBeUndefined();
    expect(authorizationFor(config, "http://b.test:81/x")).toBe("Basic dXNlcjpwYXNz");
  });

  test("user name and password become Basic", () => {
    const password = Buffer.from("pa:ss").toString("base64");
    const files = [file("basic", `registry=http://a.test/\n//a.test/:username=me\n//a.test/:_password=${password}`)];
    const header = authorizationFor(readNpmConfig({ files, environment: {} }), "http://a.test/x");
    expect(header).toBe(`Basic ${Buffer.from("me:pa:ss").toString("base64")}`);
  });

  test("the .npmrc of the current directory counts only when asked for", () => {
    file(".npmrc", "registry=http://project.test/");
    const environment = {
      npm_config_registry: "",
      npm_config_userconfig: file("u", "registry=http://user.test/"),
      npm_config_globalconfig: "/nonexistent",
    };
    const before = process.cwd();
    process.chdir(folder);
    try {
      expect(readNpmConfig({ environment }).registry).toBe("http://user.test/");
    } finally {
      process.chdir(before);
    }
    expect(readNpmConfig({ environment, project: folder }).registry).toBe("http://project.test/");
  });

  test("cafile is read", () => {
    const files = [file("ca", `registry=http://a.test/\ncafile=${file("ca.pem", "PEM")}`)];
    expect(readNpmConfig({ files, environment: {} }).ca).toEqual(["PEM"]);
  });

  test("without any setting npm itself is asked", () => {
    const config = readNpmConfig({ files: [], environment: process.env });
    expect(config.registry).toStartWith("http");
  });

  test("an address that is none is refused with its key", () => {
    const files = [file("bad", "registry=file:///etc/passwd")];
    expect(() => readNpmConfig({ files, environment: {} })).toThrow("setting registry");
  });

  test("comments, sections, quotes and unset variables are read as npm does", () => {
    const parsed = parseNpmrc('; c\n# d\n[x]\na="q"\nb = ${NOPE}\nc=${NOPE?}\nflag\nd=x # tail', {});
    expect(Object.fromEntries(parsed)).toEqual({ a: "q", b: "${NOPE}", c: "", flag: "true", d: "x" });
  });
});
