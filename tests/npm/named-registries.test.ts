import { expect, test } from "bun:test";
import { authorizationFor, type NpmConfig, registryFor } from "../../npm/config.ts";
import { matchesName } from "../../npm/globs.ts";
import { withRegistries } from "../../npm/named-registries.ts";

const npm: NpmConfig = {
  registry: "http://public.test/",
  scopes: new Map([["@acme", "http://elsewhere.test/"]]),
  authorizations: new Map(),
  ca: [],
  proxy: undefined,
  httpsProxy: undefined,
  noProxy: [],
};
const corp = {
  name: "corp",
  url: "http://corp.test/npm",
  tokenEnv: "CORP_TOKEN",
  scopes: ["@acme"],
  packages: ["corp-*", "@labs/*"],
};

test("named registries serve their scopes and globs, with their own token and for nobody else", () => {
  const config = withRegistries(npm, [corp], { CORP_TOKEN: "s3cret" });
  for (const name of ["@acme/a", "corp-a", "@labs/x"]) {
    expect(registryFor(config, name)).toBe("http://corp.test/npm/");
    expect(authorizationFor(config, `${registryFor(config, name)}${name}`)).toBe("Bearer s3cret");
  }
  for (const name of ["lodash", "@other/corp-a", "mycorp-a"]) {
    expect(registryFor(config, name)).toBe("http://public.test/");
    expect(authorizationFor(config, `${registryFor(config, name)}${name}`)).toBeUndefined();
  }
  expect(authorizationFor(config, "http://corp.test/other/")).toBeUndefined();
});

test("a token whose variable is not set is told, with its name and not its place in a request", () => {
  expect(() => withRegistries(npm, [corp], {})).toThrow("CORP_TOKEN is not set");
});

test("a star stands for any part of a name, and nothing else is a pattern", () => {
  expect(["*", "@a/*", "a*c", "abc", "*b*"].map((glob) => matchesName(glob, "abc"))).toEqual([
    true,
    false,
    true,
    true,
    true,
  ]);
  expect(matchesName("a.c", "abc")).toBe(false);
  expect(matchesName("*", "@a/b")).toBe(true);
});
