import { expect, test } from "bun:test";
import { parseConfigFile } from "../../../cli/settings/file.ts";
import { registriesIn } from "../../../cli/settings/registries.ts";

const read = (text: string) => registriesIn(parseConfigFile(text, "fangs.yaml"));

test("registries are read with their scopes, globs and the variable of their token", () => {
  const text = `registries:
  - name: corp
    url: https://npm.corp.example/repo
    token-env: CORP_TOKEN
    scopes: ["@corp"]
    packages: [corp-*]
`;
  expect(read(text)).toEqual([
    {
      name: "corp",
      url: "https://npm.corp.example/repo",
      tokenEnv: "CORP_TOKEN",
      scopes: ["@corp"],
      packages: ["corp-*"],
    },
  ]);
  expect(read("listen: 127.0.0.1:1\n")).toEqual([]);
});

test.each([
  ["registries: corp", "registries must be a list"],
  ["registries: [corp]", "a registry must be a mapping"],
  ['registries: [{name: a, url: "ftp://x/", scopes: ["@a"]}]', "url must be an http(s) address"],
  ['registries: [{name: a, url: "https://u:p@x/", scopes: ["@a"]}]', "url must be an http(s) address"],
  ['registries: [{name: a, url: "https://x/"}]', "serves nothing"],
  ['registries: [{name: a, url: "https://x/", token: s3cret, scopes: ["@a"]}]', "a registry has name, url"],
  ['registries: [{name: a, url: "https://x/", token-env: "a b", scopes: ["@a"]}]', "token-env names a variable"],
  ['registries: [{name: a, url: "https://x/", scopes: ["a"]}]', "a scope begins with @"],
  [
    'registries: [{name: a, url: "https://x/", scopes: ["@a"]}, {name: a, url: "https://y/", scopes: ["@b"]}]',
    "entry 1 has the same name",
  ],
])("%s is refused at its place, and without its value where that could be a secret", (text, complaint) => {
  expect(() => read(text)).toThrow(complaint);
  expect(() => read(text)).toThrow(/^fangs\.yaml:1:\d+: /);
  expect(() => read(text)).not.toThrow("s3cret");
});
