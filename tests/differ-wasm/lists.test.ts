import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type AllowRule, compileAllow, compileRules, type NormaliseRule } from "../../differ-wasm/host.ts";
import { explain, referenceDiff } from "../../differ-wasm/reference.ts";
import { CATEGORIES, FACT, type Category } from "../../protocol/facts.ts";
import { newDiffer } from "./cores.ts";
import { encodeFacts, feedAll, SCOPE, type FactInput } from "./facts.ts";

setDefaultTimeout(600_000);

const differs = [await newDiffer({ simd: true }), await newDiffer({ simd: false })];

/** What core and reference make of facts; they must agree. */
function result(facts: FactInput[], allow: AllowRule[], rules: NormaliseRule[] = []) {
  const bytes = encodeFacts(facts);
  const expected = referenceDiff(bytes, SCOPE, [], allow, rules);
  for (const differ of differs) {
    differ.begin(SCOPE, [], allow, rules);
    feedAll(differ, bytes);
    expect(differ.finish()).toEqual(expected);
  }
  return expected;
}

function isAllowed(fact: [Category, string | Uint8Array, Partial<FactInput>?], rule: AllowRule): boolean {
  const [category, value, more] = fact;
  const { fingerprints } = result([{ category: CATEGORIES[category].id, value, ...more }], [rule]);
  expect(fingerprints).toHaveLength(1);
  return fingerprints[0]?.allowedBy === 0;
}

const v4 = (...address: number[]) => Uint8Array.from([1, 187, ...address]);
const v6 = (...groups: number[]) =>
  Uint8Array.from(
    [1, 187, ...groups, ...Array<number>(8 - groups.length).fill(0)].flatMap((group, at) =>
      at < 2 ? [group] : [group >> 8, group & 255],
    ),
  );

const cases: Record<string, [boolean, Parameters<typeof isAllowed>[0], AllowRule][]> = {
  "cidr: an address in the network": [
    [true, ["net_new_destination", v4(10, 1, 2, 3)], { kind: "cidr", value: "10.0.0.0/8" }],
    [false, ["net_new_destination", v4(11, 1, 2, 3)], { kind: "cidr", value: "10.0.0.0/8" }],
    [true, ["net_new_destination", v4(10, 1, 2, 3)], { kind: "cidr", value: "10.1.2.3" }],
    [false, ["net_new_destination", v4(10, 1, 2, 4)], { kind: "cidr", value: "10.1.2.3" }],
    [true, ["net_new_destination", v4(9, 9, 9, 9)], { kind: "cidr", value: "0.0.0.0/0" }],
    [false, ["net_new_destination", v6(0x2001, 0xdb8)], { kind: "cidr", value: "0.0.0.0/0" }],
    [true, ["net_new_destination", v6(0x2001, 0xdb8, 1)], { kind: "cidr", value: "2001:db8::/32" }],
    [false, ["net_new_destination", v6(0x2001, 0xdb9)], { kind: "cidr", value: "2001:db8::/32" }],
    [false, ["net_new_destination", v4(9, 9, 9, 9)], { kind: "cidr", value: "::/0" }],
    [true, ["net_new_destination", v6(0, 0, 0, 0, 0, 0xffff, 0x0a01, 0x0203)], { kind: "cidr", value: "10.0.0.0/8" }],
    [false, ["net_new_destination", "a.example:443", { flags: FACT.named }], { kind: "cidr", value: "0.0.0.0/0" }],
  ],
  "path: what is at or below it, by whole components": [
    [true, ["fs_new_path_write", "/etc/x/y"], { kind: "path", value: "/etc/x" }],
    [true, ["fs_new_path_read", "/etc/x"], { kind: "path", value: "/etc/x/" }],
    [false, ["fs_new_path_write", "/etc/xy"], { kind: "path", value: "/etc/x" }],
    [false, ["fs_new_path_write", "/etc"], { kind: "path", value: "/etc/x" }],
    [false, ["fs_new_path_write", "/a/etc/x"], { kind: "path", value: "/etc/x" }],
    [false, ["fs_new_path_write", "/root/.cached"], { kind: "path", value: "<HOME>/.cache" }],
    [true, ["fs_new_path_delete", "/root/.cache/y"], { kind: "path", value: "<HOME>/.cache" }],
    [false, ["fs_new_path_write", "/root/.cache/y"], { kind: "path", value: "/root/.cache" }],
    [true, ["ipc_new_socket", "/run/x.sock"], { kind: "path", value: "/" }],
  ],
  "sni, dns: a name, or all below a domain": [
    [true, ["net_new_dns", "API.Example."], { kind: "dns", value: "api.example" }],
    [true, ["net_new_dns", "a.b.example"], { kind: "dns", value: "*.Example." }],
    [false, ["net_new_dns", "example"], { kind: "dns", value: "*.example" }],
    [false, ["net_new_dns", "badexample"], { kind: "dns", value: "*.example" }],
    [false, ["net_new_dns", "a.example.evil"], { kind: "dns", value: "*.example" }],
    [false, ["net_new_dns", "a.example.evil"], { kind: "dns", value: "a.example" }],
    [false, ["net_new_dns", "b.a.example"], { kind: "dns", value: "a.example" }],
    [false, ["net_new_dns", "goo\u212ale.example"], { kind: "dns", value: "google.example" }],
    [true, ["net_new_https_host", "a.example"], { kind: "sni", value: "*.example" }],
    [true, ["net_new_http_host", "a.example"], { kind: "sni", value: "a.example" }],
    [false, ["net_new_https_host", "a.example"], { kind: "dns", value: "a.example" }],
    [true, ["net_new_destination", "a.example:1", { flags: FACT.named }], { kind: "dns", value: "*.example" }],
  ],
  "exec, command: the whole value": [
    [true, ["proc_new_exec", "/usr/bin/make"], { kind: "exec", value: "/usr/bin/make" }],
    [false, ["proc_new_exec", "/usr/bin/make"], { kind: "exec", value: "/usr/bin" }],
    [false, ["proc_new_exec", "/x/usr/bin/make"], { kind: "exec", value: "/usr/bin/make" }],
    [false, ["proc_new_exec", "/usr/bin/make"], { kind: "path", value: "/usr/bin" }],
    [true, ["proc_new_command", "make\0-j4\0"], { kind: "command", value: "make -j4" }],
    [false, ["proc_new_command", "make\0-j4\0x"], { kind: "command", value: "make -j4" }],
  ],
  "for one actor": [
    [true, ["net_new_dns", "a.example", { actor: 7 }], { kind: "dns", value: "a.example", actor: 7 }],
    [false, ["net_new_dns", "a.example", { actor: 8 }], { kind: "dns", value: "a.example", actor: 7 }],
  ],
  "what nothing allows": [
    [false, ["canary_leak", "/etc/x"], { kind: "path", value: "/" }],
    [false, ["canary_leak", "a.example"], { kind: "dns", value: "a.example" }],
    [false, ["canary_leak", "npm token"], { kind: "command", value: "npm token" }],
    [false, ["cred_new_access", "/root/.npmrc"], { kind: "path", value: "<HOME>" }],
    [false, ["persist_new_path", "/root/.bashrc"], { kind: "path", value: "<HOME>" }],
    [false, ["fs_new_foreign_write", "/app/package.json"], { kind: "path", value: "<PROJECT>" }],
    [false, ["proc_new_fileless", "/tmp/x"], { kind: "exec", value: "/tmp/x" }],
  ],
};

describe("allow-list", () => {
  for (const [name, rows] of Object.entries(cases)) {
    test(name, () => {
      for (const [expected, fact, rule] of rows)
        expect([fact, rule, isAllowed(fact, rule)]).toEqual([fact, rule, expected]);
    });
  }

  test("what is known is not asked for, and what is allowed is counted once", () => {
    const [differ] = differs;
    const facts = encodeFacts(["/etc/a", "/etc/b", "/etc/b"].map((value) => ({ category: 8, value })));
    differ?.begin(SCOPE, [{ actor: 0, category: 8, value: "/etc/a" }], [{ kind: "path", value: "/etc" }]);
    if (differ) feedAll(differ, facts);
    const seen = differ?.finish();
    expect(seen?.fingerprints.map(({ known, allowedBy, count }) => [known, allowedBy, count])).toEqual([
      [true, null, 1],
      [false, 0, 2],
    ]);
  });

  test("names the first entry that allows a behaviour", () => {
    const write = CATEGORIES.fs_new_path_write.id;
    const destination = CATEGORIES.net_new_destination.id;
    const { fingerprints } = result(
      [
        { category: write, value: "/etc/x/y" },
        { category: destination, value: v4(10, 1, 2, 3) },
        { category: destination, value: v6(0x2001, 0xdb8) },
        { category: CATEGORIES.net_new_dns.id, value: "a.b.example" },
      ],
      [
        { kind: "dns", value: "b.example" },
        { kind: "path", value: "/etc/x", actor: 7 },
        { kind: "path", value: "/etc/x" },
        { kind: "path", value: "/etc" },
        { kind: "cidr", value: "192.0.2.0/24" },
        { kind: "cidr", value: "10.0.0.0/8" },
        { kind: "dns", value: "*.example" },
      ],
    );
    expect(fingerprints.map(({ allowedBy }) => allowedBy)).toEqual([2, 5, null, 6]);
  });

  test("a list that cannot be used is refused with the place of each fault", () => {
    const compiled = compileAllow([
      { kind: "cidr", value: "10.0.0.0/33" },
      { kind: "dns", value: "a.example" },
      { kind: "dns", value: "a.*.example" },
      { kind: "path", value: "etc" },
      { kind: "exec", value: "" },
    ]);
    expect("errors" in compiled && compiled.errors.map(({ rule, position }) => [rule, position])).toEqual([
      [0, 0],
      [2, 2],
      [3, 0],
      [4, 0],
    ]);
    expect(() => differs[0]?.begin(SCOPE, [], [{ kind: "cidr", value: "x" }])).toThrow("rule 0, value, character 0");
  });
});

describe("the operator's rules", () => {
  const valueOf = (path: string, match: string, as: string): string | undefined =>
    result([{ category: CATEGORIES.fs_new_path_write.id, value: path }], [], [{ id: "own", match, as }]).fingerprints[0]
      ?.value;

  test("put a text in the place of a path that matches as a whole", () => {
    const rule = ["/var/cache/*/part-*", "/var/cache/<X>/part-<N>"] as const;
    expect(valueOf("/var/cache/abc/part-7", ...rule)).toBe("/var/cache/<X>/part-<N>");
    expect(valueOf("/var/cache/a/b/part-7", ...rule)).toBe("/var/cache/a/b/part-7");
    expect(valueOf("/var/cache/a/part-7/x", ...rule)).toBe("/var/cache/a/part-7/x");
    expect(valueOf("/x/var/cache/a/part-7", ...rule)).toBe("/x/var/cache/a/part-7");
    expect(valueOf("/opt/a/b/c.o", "/opt/**/*.o", "/opt/<OBJECT>")).toBe("/opt/<OBJECT>");
    expect(valueOf("/opt/c.o", "/opt/**/*.o", "/opt/<OBJECT>")).toBe("/opt/<OBJECT>");
    expect(valueOf("/opt", "/opt/**", "/opt/<X>")).toBe("/opt");
  });

  test("come behind the built-in ones, and apply to the paths in commands, too", () => {
    const rules = [{ id: "own", match: "<HOME>/gyp/<HEX>/*", as: "<HOME>/gyp/<BUILD>" }];
    const hex = "0123456789abcdef";
    const facts: FactInput[] = [
      { category: CATEGORIES.fs_new_path_write.id, value: `/root/gyp/${hex}/a` },
      { category: CATEGORIES.proc_new_command.id, value: `cc\0-o=/root/gyp/${hex}/a\0` },
    ];
    expect(result(facts, [], rules).fingerprints.map(({ value }) => value)).toEqual([
      "<HOME>/gyp/<BUILD>",
      "cc -o=<HOME>/gyp/<BUILD>",
    ]);
  });

  test("are refused with the index, the field and the character of each fault", () => {
    const faults = (match: string, as: string): unknown => {
      const compiled = compileRules([
        { id: "first", match: "/a/*", as: "/a/<X>" },
        { id: "second", match, as },
      ]);
      return "ok" in compiled || compiled.errors.map(({ rule, field, position }) => `${rule} ${field} ${position}`);
    };
    expect(faults("/b/*", "/b/<X>")).toBe(true);
    expect(faults("b/*", "/b/<X>")).toEqual(["1 match 0", "1 as 0"]);
    expect(faults("/b/x**", "/b/<X>")).toEqual(["1 match 3"]);
    expect(faults("/b/**/**", "/b/<X>")).toEqual(["1 match 6"]);
    expect(faults("/b//c", "/b/<X>")).toEqual(["1 match 3"]);
    expect(faults("/*/c", "/*/<X>")).toEqual(["1 as 1", "1 as 0"]);
    expect(faults("/b/*", "/c/<X>")).toEqual(["1 as 0"]);
    expect(faults("/b/*", "/b/x")).toEqual(["1 as 4"]);
    expect(faults("/b/\\x01", "/b/<X>")).toEqual(["1 match 3"]);
    expect("errors" in compileRules([{ id: "A b", match: "/b/*", as: "/b/<X>" }])).toBe(true);
    const twice = { id: "same", match: "/b/*", as: "/b/<X>" };
    expect("errors" in compileRules([twice, twice])).toBe(true);
  });
});

describe("explain", () => {
  const explained = (category: Category, value: string, more: Partial<FactInput> = {}) => {
    const rules = [{ id: "own", match: "/var/*", as: "/var/<X>" }];
    const fact: FactInput = { category: CATEGORIES[category].id, value, ...more };
    const explanation = explain(encodeFacts([fact]), SCOPE, rules);
    expect(explanation?.value).toBe(result([fact], [], rules).fingerprints[0]?.value ?? "");
    return explanation?.rules.join(" ");
  };

  test("names the rules that made a value what it is, which is the core's", () => {
    expect(explained("fs_new_path_write", "/etc/passwd")).toBe("");
    expect(explained("fs_new_path_write", "/etc//./passwd")).toBe("clean");
    expect(explained("fs_new_path_write", "<HOME>/x")).toBe("relative");
    expect(explained("fs_new_path_read", "/app/node_modules/express/a.js", { flags: FACT.fold })).toBe("root fold");
    expect(explained("fs_new_path_write", "/app/node_modules/.a-Ab12Cd34/chunk-ab12cd34.js")).toBe("root aside hashed");
    expect(explained("fs_new_path_read", "/proc/7/task/8")).toBe("proc");
    expect(explained("fs_new_path_write", "/tmp/npm-2156-ab/2026-05-22.log")).toBe("temp date");
    expect(explained("fs_new_path_write", "/root/.npm/_cacache/tmp/3f2e1d0c")).toBe("root cacache");
    expect(explained("fs_new_path_write", "/root/.npm/_logs/2026-05-22T17_02Z-debug-0.log")).toBe("root log");
    expect(explained("fs_new_path_write", "/x/0123456789abcdef/3f2e1d0c-871c-4a10-8c27-b224fcda86d8")).toBe("hex uuid");
    expect(explained("fs_new_path_write", "/var/anything")).toBe("own");
    expect(explained("proc_new_command", "node\0/app/a.js\0")).toBe("root command");
    expect(explained("net_new_dns", "API.Example")).toBe("name");
    expect(explained("net_new_destination", "API.Example:1", { flags: FACT.named })).toBe("named");
    expect(explained("net_new_destination", "\u0001\u0002\u0003\u0004\u0005\u0006")).toBe("address");
  });

  test("has nothing to say of what is malformed", () => {
    expect(explain(encodeFacts([{ category: 31, value: "x" }]), SCOPE)).toBeNull();
    expect(explain(new Uint8Array(3), SCOPE)).toBeNull();
  });
});
