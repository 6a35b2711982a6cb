import { expect, test } from "bun:test";
import { createPrivateKey } from "node:crypto";
import { Value } from "@sinclair/typebox/value";
import { Decoy } from "../../../protocol/models.ts";
import { makeDecoys } from "../../../runner/sandbox/decoys.ts";

const made = makeDecoys("/home/node", "/home/node/project");
const text = (path: string) => made.files.find((file) => file.path === path)?.text ?? "";

test("every decoy's secret stands where the list says, in the form that is searched for", () => {
  expect(made.decoys.length).toBeGreaterThanOrEqual(11);
  for (const decoy of made.decoys) {
    expect(Value.Check(Decoy, decoy)).toBe(true);
    const place = decoy.place.startsWith("$") ? made.variables[decoy.place.slice(1)] : text(decoy.place);
    expect(place).toContain(decoy.secret);
    expect(decoy.secret.length).toBeGreaterThanOrEqual(32);
  }
});

test("no two runs share a secret", () => {
  const again = makeDecoys("/home/node", "/home/node/project");
  const secrets = [...made.decoys, ...again.decoys].map(({ secret }) => secret);
  expect(new Set(secrets).size).toBe(secrets.length);
});

test("the ssh key is one: its private and its public half belong together", () => {
  const lines = text("/home/node/.ssh/id_ed25519").trim().split("\n");
  expect(lines[0]).toBe("-----BEGIN OPENSSH PRIVATE KEY-----");
  const blob = Buffer.from(lines.slice(1, -1).join(""), "base64");
  expect(blob.subarray(0, 15).toString("latin1")).toBe("openssh-key-v1\0");
  const seed = blob.subarray(161, 193);
  const prefix = Buffer.from("302e020100300506032b657004220420", "hex");
  const key = createPrivateKey({ key: Buffer.concat([prefix, seed]), format: "der", type: "pkcs8" });
  const point = Buffer.from(key.export({ format: "jwk" }).x ?? "", "base64url");
  const published = Buffer.from(text("/home/node/.ssh/id_ed25519.pub").split(" ")[1] ?? "", "base64");
  expect(published.subarray(-32).equals(point)).toBe(true);
  expect(blob.subarray(193, 225).equals(point)).toBe(true);
});

test("the files that programs persist in are there, and secrets are private", () => {
  for (const name of [".bashrc", ".profile", ".gitconfig"]) expect(text(`/home/node/${name}`)).not.toBe("");
  expect(made.files.find(({ path }) => path === "/home/node/.npmrc")?.mode).toBe(0o600);
});
