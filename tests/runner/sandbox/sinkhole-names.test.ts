import { expect, test } from "bun:test";
import { sinkholeNames } from "../../../runner/sandbox/sinkhole-names.ts";
import { SINKHOLE_ADDRESSES, freeSubnets } from "../../../runner/sandbox/subnet.ts";

function openNames() {
  const [subnet] = freeSubnets([]);
  if (subnet === undefined) throw new Error("no subnet");
  return sinkholeNames(subnet);
}

test("each name has an address of its own, which tells the name", () => {
  const names = openNames();
  const addresses = Array.from({ length: 200 }, (_, index) => names.addressOf("10.213.0.2", `host${index}.example`));
  expect(new Set(addresses).size).toBe(200);
  expect(names.nameOf(addresses[7] ?? "")).toBe("host7.example");
  expect(names.addressOf("10.213.0.2", "host7.example")).toBe(addresses[7] ?? "");
});

test("a name gets the same address in the next run", () => {
  expect(openNames().addressOf("10.213.0.2", "evil.example")).toBe(openNames().addressOf("10.213.0.9", "evil.example"));
});

test("a flood of names of one sandbox leaves its neighbour's addresses alone", () => {
  const names = openNames();
  const mine = names.addressOf("10.213.0.2", "evil.example");
  for (let index = 0; index < 3 * SINKHOLE_ADDRESSES; index++) names.addressOf("10.213.0.3", `${index}.tunnel.example`);
  const later = names.addressOf("10.213.0.2", "later.example");
  for (let index = 0; index < 100; index++) names.addressOf("10.213.0.3", `${index}.again.example`);
  expect(names.nameOf(mine)).toBe("evil.example");
  expect(names.nameOf(later)).toBe("later.example");
});

test("many flooding sandboxes still get an address each time", () => {
  const names = openNames();
  for (let index = 0; index < 20 * 256; index++) {
    const name = `${index}.tunnel.example`;
    expect(names.nameOf(names.addressOf(`10.213.0.${index % 20}`, name))).toBe(name);
  }
});

test("the addresses of a sandbox that ended stand for nothing", () => {
  const names = openNames();
  const address = names.addressOf("10.213.0.2", "evil.example");
  names.forget("10.213.0.2");
  expect(names.nameOf(address)).toBeNull();
});
