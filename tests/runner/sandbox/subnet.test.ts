import { expect, test } from "bun:test";
import { SINKHOLE_ADDRESSES, freeSubnets, inRange, sinkholeAddress } from "../../../runner/sandbox/subnet.ts";

test("a subnet has its host, its containers and its sinkhole in separate places", () => {
  const [first] = freeSubnets([]);
  expect(first).toEqual({
    subnet: "10.213.0.0/20",
    host: "10.213.0.1",
    containers: "10.213.0.0/21",
    sinkhole: "10.213.8.0/21",
  });
});

test("subnets that a route or another network takes are left out", () => {
  expect(freeSubnets(["10.213.0.0/20", "172.17.0.0/16"])[0]?.subnet).toBe("10.213.16.0/20");
  expect(freeSubnets(["10.213.20.5/32"]).map(({ subnet }) => subnet)).not.toContain("10.213.16.0/20");
  expect(freeSubnets(["10.0.0.0/8"])).toEqual([]);
  expect(freeSubnets(["fd00::/64", "default", ""])).toHaveLength(16);
});

test("every sinkhole address lies in the sinkhole and none in the containers' half", () => {
  const [subnet] = freeSubnets([]);
  if (subnet === undefined) throw new Error("no subnet");
  for (const index of [0, 1, 255, 256, SINKHOLE_ADDRESSES - 1]) {
    const address = sinkholeAddress(subnet, index);
    expect(inRange(subnet.sinkhole, address)).toBe(true);
    expect(inRange(subnet.containers, address)).toBe(false);
  }
  expect(sinkholeAddress(subnet, SINKHOLE_ADDRESSES - 1)).toBe("10.213.15.254");
});
