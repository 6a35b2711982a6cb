import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { DifferScope } from "../../differ-wasm/host.ts";
import { referenceDiff } from "../../differ-wasm/reference.ts";
import { CATEGORIES, FACT, type Category } from "../../protocol/facts.ts";
import { newDiffer } from "./cores.ts";
import { compare, encodeFacts, SCOPE, type FactInput } from "./facts.ts";

// Compiling and a million facts take seconds on a busy machine.
setDefaultTimeout(600_000);

// Every rule as before → after, on the core and on the reference. docs/differ-rules.md is the text to this table.

const differs = [await newDiffer({ simd: true }), await newDiffer({ simd: false })];

/** What core and reference make of one value; they must agree. null: nothing, or malformed. */
function normalised(fact: FactInput, scope: DifferScope = SCOPE): string | null {
  const facts = encodeFacts([fact]);
  const expected = referenceDiff(facts, scope, []);
  for (const differ of differs) expect(compare(differ, facts, scope)).toEqual(expected);
  return expected.fingerprints[0]?.value ?? null;
}

function rules(name: string, options: Omit<FactInput, "value" | "category">, table: [string, string][]): void {
  describe(name, () => {
    for (const [before, after] of table) {
      test(`${before} → ${after}`, () => {
        expect(normalised({ category: CATEGORIES.fs_new_path_write.id, value: before, ...options })).toBe(after);
      });
    }
  });
}

const HEX40 = "0123456789abcdef0123456789abcdef01234567";
const UUID = "3f2e1d0c-871c-4a10-8c27-b224fcda86d8";

rules("clean: lexical clean-up", {}, [
  ["/usr//lib/./x/", "/usr/lib/x"],
  ["//", "/"],
  ["/", "/"],
  ["/usr/lib/../bin/node", "/usr/bin/node"],
  ["/../../etc/passwd", "/etc/passwd"],
  ["/a/..", "/"],
  ["/usr/.../x", "/usr/.../x"],
  ["/usr/..x/.y", "/usr/..x/.y"],
]);

rules("relative: what is no absolute path is left alone", {}, [
  ["memfd:a//b/../c", "memfd:a//b/../c"],
  ["<HOME>/.ssh/id_rsa", "./<HOME>/.ssh/id_rsa"],
]);

rules("root", {}, [
  ["/app", "<PROJECT>"],
  ["/app/package.json", "<PROJECT>/package.json"],
  ["/appx/package.json", "/appx/package.json"],
  ["/root", "<HOME>"],
  ["/root/.npmrc", "<HOME>/.npmrc"],
  ["/rooted/.npmrc", "/rooted/.npmrc"],
  ["/x/../app/./y", "<PROJECT>/y"],
  ["/app/node_modules", "<PROJECT>/node_modules"],
  ["/app/node_modules/express", "<PKG>"],
  ["/app/node_modules/express/lib/router.js", "<PKG>/lib/router.js"],
  ["/app/node_modules/express2/index.js", "<DEP:express2>/index.js"],
  ["/app/node_modules/debug/src/index.js", "<DEP:debug>/src/index.js"],
  ["/app/node_modules/express/node_modules/debug/a.js", "<DEP:debug>/a.js"],
  ["/app/node_modules/debug/node_modules/express/a.js", "<DEP:express>/a.js"],
  ["/app/packages/x/node_modules/express/a.js", "<DEP:express>/a.js"],
  ["/app/node_modules/@babel/core/lib/a.js", "<DEP:@babel/core>/lib/a.js"],
  ["/app/node_modules/@babel", "<PROJECT>/node_modules/@babel"],
  ["/app/node_modules/.bin/mime", "<PROJECT>/node_modules/.bin/mime"],
  ["/app/node_modules/debug/node_modules/.bin/mime", "<DEP:debug>/node_modules/.bin/mime"],
  ["/app/node_modules/.package-lock.json", "<PROJECT>/node_modules/.package-lock.json"],
  ["/usr/lib/node_modules/npm/index.js", "/usr/lib/node_modules/npm/index.js"],
]);

rules("aside: a package that npm moves aside", {}, [
  ["/app/node_modules/.express-Ab12Cd34/index.js", "<PROJECT>/node_modules/.express-<RAND>/index.js"],
  ["/app/node_modules/@babel/.core-x_1-Cd34", "<PROJECT>/node_modules/@babel/.core-<RAND>"],
  ["/usr/lib/node_modules/.npm-Ab12Cd34", "/usr/lib/node_modules/.npm-<RAND>"],
  ["/app/node_modules/.express-Zb12Cd3", "<PROJECT>/node_modules/.express-Zb12Cd3"],
  ["/app/.express-Zb12Cd34", "<PROJECT>/.express-Zb12Cd34"],
]);

rules("fold: own files", { flags: FACT.fold }, [
  ["/app/node_modules/express", "<PKG>/**"],
  ["/app/node_modules/express/lib/a.js", "<PKG>/**"],
  ["/app/node_modules/debug/src/a.js", "<DEP:debug>/**"],
  ["/app/node_modules/@babel/core", "<DEP:@babel/core>/**"],
  ["/app/src/a.js", "<PROJECT>/src/a.js"],
  ["/root/.npmrc", "<HOME>/.npmrc"],
]);

rules("proc", { pid: 42 }, [
  ["/proc/42/maps", "/proc/self/maps"],
  ["/proc/43/environ", "/proc/<PID>/environ"],
  ["/proc/042/environ", "/proc/<PID>/environ"],
  ["/proc/4294967338/environ", "/proc/<PID>/environ"],
  ["/proc/18446744073709551658/environ", "/proc/<PID>/environ"], // 42 and 2^64
  ["/proc/43", "/proc/<PID>"],
  ["/proc/43x/environ", "/proc/43x/environ"],
  ["/proc/self/task/44/comm", "/proc/self/task/<TID>/comm"],
  ["/proc/42/task/44/comm", "/proc/self/task/<TID>/comm"],
  ["/proc/43/task/44/fd/5", "/proc/<PID>/task/<TID>/fd/<N>"],
  ["/proc/self/fd/17", "/proc/self/fd/<N>"],
  ["/proc/self/task/x", "/proc/self/task/x"],
  ["/proc/sys/vm/42", "/proc/sys/vm/42"],
  ["/process/43/x", "/process/43/x"],
]);

rules("temp", {}, [
  ["/tmp/npm-2156-ab/foo", "/tmp/<RAND>/foo"],
  ["/tmp/npm-2156-ab12", "/tmp/<RAND>"],
  ["/tmp/tmp.Xa81kQp2/x.sh", "/tmp/<RAND>/x.sh"],
  ["/tmp/foo-AbC123", "/tmp/<RAND>"],
  ["/tmp/a1b2c3", "/tmp/<RAND>"],
  ["/var/tmp/tmp.Xa81kQp2", "/var/tmp/<RAND>"],
  ["/dev/shm/sem.Xa81kQp2", "/dev/shm/<RAND>"],
  ["/tmp/tmpabcdefgh/x", "/tmp/<RAND>/x"],
  ["/tmp/tmpab_defg1.so", "/tmp/<RAND>"],
  ["/tmp/tmpabcdefghi", "/tmp/tmpabcdefghi"],
  ["/tmp/tmpabcdefgh-x", "/tmp/tmpabcdefgh-x"],
  ["/tmp", "/tmp"],
  ["/tmp/some-pkg-cache", "/tmp/some-pkg-cache"],
  ["/tmp/ld.py", "/tmp/ld.py"],
  ["/tmp/Makefile", "/tmp/Makefile"],
  ["/tmp/README", "/tmp/README"],
  ["/tmp/python3", "/tmp/python3"],
  ["/tmp/node-22", "/tmp/<RAND>"],
  ["/tmp/node-2", "/tmp/node-2"],
  ["/tmp/plugin48-0.sock", "/tmp/plugin<N>-0.sock"],
  ["/tmp/x/plugin48-0.sock", "/tmp/x/plugin48-0.sock"],
  ["/tmp/tsx-1000/153.pipe", "/tmp/<RAND>/<N>.pipe"],
  ["/tmp/x/y/64", "/tmp/x/y/<N>"],
  ["/tmp/x/7/linux-x64.so.1", "/tmp/x/7/linux-x64.so.1"],
  ["/var/lib/153.pipe", "/var/lib/153.pipe"],
  ["/var/tmp/a12.34b5", "/var/tmp/a<N>.<N>b5"],
  ["/dev/shm/u1000", "/dev/shm/u<N>"],
  ["/tmp/abcdefabcdef", "/tmp/<HEX>"],
  ["/tmp/deface", "/tmp/deface"],
  ["/tmp/some/Xa81kQp2", "/tmp/some/Xa81kQp2"],
  ["/home/tmp/npm-2156-ab", "/home/tmp/npm-2156-ab"],
]);

rules("log, date", {}, [
  ["/root/.npm/_logs/2026-05-22T17_02_24_700Z-debug-0.log", "<HOME>/.npm/_logs/<TIMESTAMP>-debug-<N>.log"],
  ["/x/2026-05-22T17_02_24_700Z-debug-0.log", "/x/<DATE>-debug-0.log"],
  ["/x/_logs/2026-05-22T17_02_24_700Z-debug-.log", "/x/_logs/<DATE>-debug-.log"],
  ["/var/log/2026-05-22.txt", "/var/log/<DATE>.txt"],
  ["/var/log/2026-05-22.log.gz", "/var/log/<DATE>.log.gz"],
  ["/var/log/2026-05-22", "/var/log/<DATE>"],
  ["/var/log/app-2026-05-22.1/x", "/var/log/app-<DATE>.1/x"],
  ["/x/2026-05-22T17-02-24.json", "/x/<DATE>.json"],
  ["/x/2026-05-22T17:02:24.123Z.json", "/x/<DATE>.json"],
  ["/x/2026-05-22T17_02_24Z", "/x/<DATE>"],
  ["/x/2026-05-22T17-02-24.1234", "/x/<DATE>.1234"],
  ["/x/2026-05-22T17-02-24x", "/x/2026-05-22T17-02-24x"],
  ["/x/2026-05-22T17-02", "/x/2026-05-22T17-02"],
  ["/x/a2026-05-22", "/x/a2026-05-22"],
  ["/x/2026-05-221", "/x/2026-05-221"],
  ["/var/log/2026-05-22./x", "/var/log/<DATE>./x"],
  ["/var/log/2026-5-22.txt", "/var/log/2026-5-22.txt"],
]);

rules("cacache", {}, [
  [`/root/.npm/_cacache/content-v2/sha512/ab/cd/${HEX40}`, "<HOME>/.npm/_cacache/content-v2/sha512/<SHA>"],
  ["/root/.npm/_cacache/content-v2/sha512/ab", "<HOME>/.npm/_cacache/content-v2/sha512/<SHA>"],
  ["/root/.npm/_cacache/content-v2/sha512", "<HOME>/.npm/_cacache/content-v2/sha512"],
  ["/root/.npm/_cacache/content-v2/sha512/ab/cd/evil.js", "<HOME>/.npm/_cacache/content-v2/sha512/<SHA>/evil.js"],
  [`/root/.npm/_cacache/index-v5/ab/cd/${HEX40}`, "<HOME>/.npm/_cacache/index-v5/<HASH>"],
  ["/root/.npm/_cacache/index-v5/evil/cd", "<HOME>/.npm/_cacache/index-v5/evil/cd"],
  [`/root/.npm/_cacache/tmp/${UUID}`, "<HOME>/.npm/_cacache/tmp/<RAND>"],
  ["/root/.npm/_cacache/tmp/ab12cd34/package.json", "<HOME>/.npm/_cacache/tmp/<RAND>/package.json"],
  ["/root/.npm/_cacache/tmp/git-clonepVkxTs/x", "<HOME>/.npm/_cacache/tmp/<RAND>/x"],
  ["/root/.npm/_cacache/tmp/plain", "<HOME>/.npm/_cacache/tmp/plain"],
  ["/root/content-v2/sha512/ab/cd/ef", "<HOME>/content-v2/sha512/ab/cd/ef"],
]);

rules("hex, uuid, hashed, pid", {}, [
  [`/x/${HEX40}/y`, "/x/<HEX>/y"],
  [`/x/${HEX40}/${HEX40}/y`, "/x/<HEX>/<HEX>/y"],
  ["/x/0123456789AB", "/x/<HEX>"],
  ["/x/0123456789a", "/x/0123456789a"],
  ["/x/0123456789abg", "/x/0123456789abg"],
  [`/x/${UUID}/${UUID}`, "/x/<UUID>/<UUID>"],
  [`/x/${UUID}.sock`, "/x/<UUID>.sock"],
  [`/x/tmp_${UUID}`, "/x/tmp_<UUID>"],
  [`/x/a${UUID}`, "/x/a3f2e1d0c-871c-4a10-8c27-<HEX>"],
  [`/x/${UUID}0`, "/x/3f2e1d0c-871c-4a10-8c27-<HEX>"],
  ["/x/chunk-ab12cd34.js", "/x/chunk-<HEX>.js"],
  ["/x/lodash.merge-ab12cd34.css.map", "/x/lodash.merge-<HEX>.css.map"],
  ["/x/chunk-abadcafe.js", "/x/chunk-abadcafe.js"],
  ["/x/chunk-ab12cd3.js", "/x/chunk-ab12cd3.js"],
  ["/x/-ab12cd34.js", "/x/-<HEX>.js"],
  ["/x/ab12cd34.js", "/x/ab12cd34.js"],
  ["/x/chunk-ab12cd34.", "/x/chunk-<HEX>."],
  ["/x/main.ab12cd34.chunk.js", "/x/main.<HEX>.chunk.js"],
  ["/x/0123456789ab.json", "/x/<HEX>.json"],
  ["/x/abcdefabcdef", "/x/<HEX>"],
  ["/x/abcdefabcdef.json", "/x/abcdefabcdef.json"],
  [`/x/map-${HEX40}-${HEX40}`, "/x/map-<HEX>-<HEX>"],
  // write-file-atomic, nx: a number or hash at the end.
  ["/x/.npmrc.3219872", "/x/.npmrc.<HEX>"],
  ["/x/graph.json~5edff16f", "/x/graph.json~<HEX>"],
  ["/x/graph.json~12345678", "/x/graph.json~<HEX>"],
  ["/x/.123456", "/x/.<HEX>"],
  ["/x/a.12345", "/x/a.12345"],
  ["/x/123456", "/x/123456"],
  ["/x/a.123456/b", "/x/a.<HEX>/b"],
  ["/x/a.123456.b", "/x/a.123456.b"],
  ["/x/a.facade", "/x/a.facade"],
  ["/x/id_ed25519", "/x/id_ed25519"],
  // prebuild-install: a pid and a random number.
  ["/x/294508-a.tar.gz.34-1a2b3c4d5e.tmp", "/x/294508-a.tar.gz.<N>-<HEX>.tmp"],
  [`/x/a-7-${UUID}`, "/x/a-<N>-<UUID>"],
  ["/x/a.34-b", "/x/a.34-b"],
  ["/x/a.34-<HEX>", "/x/a.34-<HEX>"],
  ["/x/34-1a2b3c4d5e", "/x/34-<HEX>"],
  ["/x/a.34.1a2b3c4d5e", "/x/a.34.<HEX>"],
]);

function values(
  name: string,
  category: Category,
  options: Partial<FactInput>,
  table: [string | Uint8Array, string | null][],
): void {
  describe(`${name} (${category})`, () => {
    for (const [before, after] of table) {
      test(`${JSON.stringify(typeof before === "string" ? before : [...before])} → ${after ?? "nothing"}`, () => {
        expect(normalised({ category: CATEGORIES[category].id, value: before, ...options })).toBe(after);
      });
    }
  });
}

values("name", "net_new_dns", {}, [
  ["Registry.Example.COM.", "registry.example.com"],
  [" \t\napi.example\r\v\f", "api.example"],
  ["a.example..", "a.example."],
  ["goo\u212ale.example", "goo\u212ale.example"], // KELVIN SIGN is not the letter k
  [".", null],
  ["  ", null],
]);

const bytes = (...parts: number[]) => new Uint8Array(parts);
const v6 = (...groups: number[]) => bytes(1, 187, ...groups.flatMap((group) => [group >> 8, group & 255]));

values("address", "net_new_destination", {}, [
  [bytes(1, 187, 1, 2, 3, 4), "1.2.3.4:443"],
  [bytes(0, 0, 0, 0, 0, 0), "0.0.0.0:0"],
  [bytes(255, 255, 255, 100, 10, 255), "255.100.10.255:65535"],
  [v6(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1), "[2001:db8::1]:443"],
  [v6(0, 0, 0, 0, 0, 0, 0, 0), "[::]:443"],
  [v6(0, 0, 0, 0, 0, 0, 0, 1), "[::1]:443"],
  [v6(0xfe80, 0, 0, 0, 0, 0, 0, 0), "[fe80::]:443"],
  [v6(1, 0, 2, 3, 4, 5, 6, 7), "[1:0:2:3:4:5:6:7]:443"],
  [v6(1, 0, 0, 2, 0, 0, 3, 4), "[1::2:0:0:3:4]:443"],
  [v6(0xabc, 0, 0, 2, 0, 0, 0, 4), "[abc:0:0:2::4]:443"],
  [v6(0, 0, 0, 0, 0, 0xffff, 0x0102, 0x0304), "1.2.3.4:443"],
  [bytes(1, 187, 1, 2, 3), null],
]);

values("named", "net_new_destination", { flags: FACT.named }, [
  ["API.Example.com.:443", "api.example.com:443"],
  ["api.example.com", null],
  [":443", null],
  ["api.example.com:", null],
  ["api.example.com:123456", null],
  ["1.2.3.4:443", null], // a name must not pass for an address
  ["::1:443", null],
]);

values("command", "proc_new_command", { pid: 42 }, [
  ["node\0/app/node_modules/express/x.js\0", "node <PKG>/x.js"],
  ["/usr/bin/../bin/sh\0-c\0echo hi", "/usr/bin/sh -c echo hi"],
  ["tool\0--out=/tmp/npm-2156-ab/x\0-I=/root/y", "tool --out=/tmp/<RAND>/x -I=<HOME>/y"],
  ["tool\0out=/root/y", "tool out=/root/y"],
  ["kill\0-9\0" + "1234", "kill -9 <N>"],
  ["nc\0localhost:8080\0:81\0a:b", "nc localhost:<N> :<N> a:b"],
  ["a\0\0b", "a  b"],
  ["cat\0/proc/42/maps", "cat /proc/self/maps"],
  ["\0", null],
  [Array(64).fill("x").join("\0"), Array(64).fill("x").join(" ")],
  [Array(70).fill("x").join("\0"), `${Array(64).fill("x").join(" ")} …`],
]);

values("literal", "canary_leak", {}, [
  ["/app/../x  Y", "/app/../x  Y"],
  ["", null],
]);

values("located", "net_new_listen", { flags: FACT.located }, [
  ["unix /tmp/plugin48-0.sock", "unix /tmp/plugin<N>-0.sock"],
  ["unix /root/x y", "unix <HOME>/x y"],
  ["unix @plugin48", "unix @plugin48"],
  ["tcp", "tcp"],
  ["unix ", "unix "],
]);

test("values that are not text keep their bytes apart", () => {
  const category = CATEGORIES.fs_new_path_write.id;
  expect(normalised({ category, value: bytes(0x2f, 0xff, 0x00, 0x61) })).toBe("/\\xff\\x00a");
  expect(normalised({ category, value: "/\\xff" })).toBe("/\\x5cxff");
  expect(normalised({ category, value: "/\ufeffé\u{1f600}" })).toBe("/\ufeffé\u{1f600}");
});

test("a scoped package is recognised as its own", () => {
  const scope = { ...SCOPE, package: "@babel/core" };
  const category = CATEGORIES.fs_new_path_write.id;
  expect(normalised({ category, value: "/app/node_modules/@babel/core/a.js" }, scope)).toBe("<PKG>/a.js");
  expect(normalised({ category, value: "/app/node_modules/@babel/parser/a.js" }, scope)).toBe(
    "<DEP:@babel/parser>/a.js",
  );
});

test("a root that is missing, or is the file system's, is taken as it is", () => {
  const category = CATEGORIES.fs_new_path_write.id;
  expect(normalised({ category, value: "/etc/x" }, { project: "", home: "", package: "" })).toBe("/etc/x");
  expect(normalised({ category, value: "/etc/x" }, { project: "/", home: "", package: "" })).toBe("<PROJECT>/etc/x");
  expect(normalised({ category, value: "/b/c/x" }, { project: "/a/../b//c/", home: "/b", package: "" })).toBe(
    "<PROJECT>/x",
  );
});
