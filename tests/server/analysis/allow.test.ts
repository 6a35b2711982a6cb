import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { CATEGORIES, type Category } from "../../../protocol/facts.ts";
import { ALLOW_KINDS, type AllowKind } from "../../../protocol/models.ts";
import { ALLOWABLE, findAllowing, parseRange } from "../../../server/analysis/allow.ts";
import { analyse } from "./analysing.ts";
import { HOME, installStory, NPM_TOKEN, Story } from "./story.ts";

function allows(kind: AllowKind, pattern: string, value: string, category: Category = ALLOWABLE[kind][0]!): boolean {
  return findAllowing([{ kind, value: pattern, actor: null }], { actor: "import", category, value }) !== undefined;
}

describe("an allow entry", () => {
  const cases: [AllowKind, string, yes: string[], no: string[]][] = [
    ["dns", "a.example", ["a.example"], ["b.a.example", "a.example.evil", "xa.example", ""]],
    ["dns", "*.example", ["a.example", "b.a.example"], ["example", ".example", "xexample", "a.example.evil"]],
    ["dns", "A.Example", ["a.example"], []],
    ["dns", "*.a.example", ["b.a.example:443"], ["a.example:443", "b.example:443", "192.0.2.7:443"]],
    ["sni", "a.example", ["a.example"], ["b.a.example", "a.example:443", ""]],
    ["path", "/tmp/x", ["/tmp/x", "/tmp/x/y", "/tmp/x/y/z"], ["/tmp/xy", "/tmp", "/a/tmp/x"]],
    ["path", "/tmp/x/", ["/tmp/x", "/tmp/x/y"], ["/tmp/xy/z", "/tmp"]],
    ["path", "<HOME>/.cache", ["<HOME>/.cache/x"], ["<HOME>/.cached", "/home/.cache/x"]],
    ["exec", "/usr/bin/git", ["/usr/bin/git"], ["/usr/bin/git-lfs", "/usr/bin/git/x", "/x/usr/bin/git"]],
    ["command", "git clone x", ["git clone x"], ["git clone x && rm", "git clone", "git clone xy"]],
    ["cidr", "192.0.2.0/24", ["192.0.2.7:443", "192.0.2.255:1"], ["192.0.3.7:443", "x.example:443", "192.0.2.7"]],
    ["cidr", "192.0.2.128/25", ["192.0.2.200:1"], ["192.0.2.100:1"]],
    ["cidr", "192.0.2.7", ["192.0.2.7:443"], ["192.0.2.8:443"]],
    ["cidr", "2001:db8::/33", ["[2001:db8:7fff::1]:443"], ["[2001:db8:8000::1]:443", "192.0.2.7:443"]],
  ];
  test.each(cases)("of kind %s with %s", (kind, pattern, yes, no) => {
    const others = no.filter((value) => value !== "192.0.2.7");
    expect(yes.filter((value) => !allows(kind, pattern, value))).toEqual([]);
    expect(others.filter((value) => allows(kind, pattern, value))).toEqual([]);
  });

  test("of an actor matches that actor alone", () => {
    const entry = { kind: "dns", value: "a.example", actor: "import" } as const;
    const behaviour = { category: "net_new_dns", value: "a.example" } as const;
    expect(findAllowing([entry], { actor: "import", ...behaviour })).toBe(entry);
    expect(findAllowing([entry], { actor: "script:x", ...behaviour })).toBeUndefined();
  });

  test("of no kind and value matches a leak, nor what is bad wherever it is done", () => {
    const never = ["canary_leak", "cred_new_access", "persist_new_path", "fs_new_foreign_write", "proc_new_fileless"];
    fc.assert(
      fc.property(fc.constantFrom(...ALLOW_KINDS), fc.string(), fc.string(), (kind, pattern, value) => {
        for (const category of Object.keys(CATEGORIES) as Category[]) {
          if (
            never.includes(category) &&
            (allows(kind, pattern, value, category) || allows(kind, value, value, category))
          )
            return false;
        }
        return true;
      }),
    );
  });
});

test("a range is an address with at most its own number of bits", () => {
  for (const text of [
    "",
    "/",
    "x",
    "1.2.3.4/33",
    "1.2.3/8",
    "1.2.3.4/",
    "1.2.3.4/-1",
    "::/129",
    "::1/x",
    "1.2.3.4/8/8",
  ])
    expect([text, parseRange(text)]).toEqual([text, undefined]);
  expect(parseRange("::/0")).toMatchObject({ bits: 0 });
});

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
    const allow = [{ kind: "path", value: "/opt/cache/", actor: null }] as const;
    const output = analyse(story, { allow });
    expect(output.allowed).toMatchObject([{ category: "fs_new_path_read", value: "/opt/cache/index", count: 1 }]);
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
