import { describe, expect, test } from "bun:test";
import { analyse } from "./analysing.ts";
import { HOME, installStory, NPM_TOKEN, Story } from "./story.ts";

describe("an analysis", () => {
  const reading = (path: string) => {
    const story = new Story();
    story.exec(1, ["npm", "install"], { binary: "/usr/bin/node" });
    story.open(1, path);
    return story;
  };

  test("tells apart what is allowed, and is clean where nothing else is new", () => {
    const story = reading("/opt/cache/index");
    const known = analyse(new Story()).fingerprints;
    expect(known).toEqual([]);
    const allow = [
      { kind: "path", value: "/opt/cache/", actor: "import" },
      { kind: "path", value: "/opt/cache/", actor: null },
      { kind: "path", value: "/opt/", actor: "installer" },
    ] as const;
    const output = analyse(story, { allow });
    expect(output.allowed).toMatchObject([
      { category: "fs_new_path_read", value: "/opt/cache/index", count: 1, entry: 1 },
    ]);
    expect(output.fingerprints.map((one) => one.value)).toContain("/opt/cache/index");
    expect(output.deviations.map((one) => one.value)).not.toContain("/opt/cache/index");
    expect(analyse(story).allowed).toEqual([]);
  });

  test("does not let a path entry hide a credential", () => {
    const allow = [{ kind: "path", value: `<HOME>/`, actor: null }] as const;
    const { deviations, allowed } = analyse(reading(`${HOME}/.npmrc`), { allow });
    expect(deviations.map((one) => one.category)).toEqual(["cred_new_access"]);
    expect(allowed).toEqual([]);
  });

  test("keeps a leak critical whatever the package's own severity is", () => {
    const story = installStory();
    const evil = { address: "203.0.113.7", port: 80 };
    story.send(story.script("left-pad"), { ...evil, type: "udp" }, NPM_TOKEN);
    const { deviations } = analyse(story, { severities: { canary_leak: "low" } });
    expect(deviations.find((one) => one.category === "canary_leak")?.severity).toBe("critical");
  });

  test("uses the package's own severities, in the order too", () => {
    const story = reading("/opt/cache/index");
    const severities = { fs_new_path_read: "critical" } as const;
    const { deviations, reason } = analyse(story, { severities });
    expect(deviations[0]).toMatchObject({ value: "/opt/cache/index", severity: "critical" });
    expect(reason).toContain("(critical)");
  });

  test("says of a seed that others are awaited", () => {
    const { verdict, reason } = analyse(reading("/x"), { baseline: null, seeding: true });
    expect([verdict, reason]).toEqual(["seeded", expect.stringContaining("One of several seeds")]);
  });
});
