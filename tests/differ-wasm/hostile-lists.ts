import fc from "fast-check";
import { compileAllow } from "../../differ-wasm/allow-list.ts";
import type { AllowRule, NormaliseRule } from "../../differ-wasm/host.ts";
import { compileRules } from "../../differ-wasm/normalise-rules.ts";

// Lists of an operator who has met the facts of hostile.ts: what they allow and fold is now in them, now just not.

const parts = ["app", "root", "express", "debug", "tmp", "etc", "0", "42", "*", "*", "a*", "*a*b", "e*s", "x-*.js"];
const roots = ["/etc", "/tmp", "/x", "/proc", "/var", "/usr", "/app", "<PROJECT>", "<HOME>", "<PKG>", "<DEP:debug>"];

const rule: fc.Arbitrary<NormaliseRule> = fc
  .record({
    root: fc.constantFrom(...roots),
    components: fc.array(fc.constantFrom(...parts, "**"), { minLength: 1, maxLength: 4 }),
    as: fc.constantFrom("/<X>", "/a/<X>", "/<N>/é"),
  })
  .map(({ root, components, as }) => ({
    id: "",
    match: [root, ...components.filter((part, at) => part !== "**" || components[at - 1] !== "**")].join("/"),
    as: root + as,
  }));

export const ruleLists: fc.Arbitrary<NormaliseRule[]> = fc
  .oneof({ weight: 1, arbitrary: fc.constant([]) }, { weight: 2, arbitrary: fc.array(rule, { maxLength: 5 }) })
  .map((rules) => rules.map((one, at) => ({ ...one, id: `rule-${at}` })))
  .filter((rules) => "ok" in compileRules(rules));

const hosts = ["example", "*.example", "a.example", "*.com", "com", "x.1", "API.Example.", "*.a", "goo\u212ale.com"];
const networks = [
  ["0.0.0.0/0", "::/0", "1.187.0.0/16", "255.0.0.0/8", "::ffff:0:0/96", "::ffff:0:0/95", "::/1"],
  ["0.0.0.1", "::1", "1:ff00::/24", "::1:0:0/80", "10.0.0.0/9", "::ffff:10.0.0.0/104"],
].flat();
const paths = [
  "/",
  "/etc",
  "/etc/",
  "/app/a",
  "<HOME>",
  "<HOME>/.npm",
  "<PKG>",
  "<PROJECT>/node_modules",
  "/tmp/<RAND>",
];
const commands = ["node", "a b", "<N>", "app", "", "root express", "<HOME>"];

const entry = (kind: AllowRule["kind"], values: readonly string[]): fc.Arbitrary<AllowRule> =>
  fc
    .record({ value: fc.constantFrom(...values), actor: fc.constantFrom(undefined, undefined, 0, 1, 65_535) })
    .map(({ value, actor }) => ({ kind, value, ...(actor === undefined ? {} : { actor }) }));

export const allowLists: fc.Arbitrary<AllowRule[]> = fc
  .array(
    fc.oneof(
      entry("cidr", networks),
      entry("path", paths),
      entry("sni", hosts),
      entry("dns", hosts),
      entry("exec", paths),
      entry("command", commands),
    ),
    { maxLength: 12 },
  )
  .map((rules) => rules.filter((one) => "ok" in compileAllow([one])));
