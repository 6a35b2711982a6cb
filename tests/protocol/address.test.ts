import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  addressBytes,
  FAMILY,
  formatAddress,
  formatEndpoint,
  parseAddress,
  parseRange,
} from "../../protocol/address.ts";

describe("an IP address", () => {
  test.each([
    ["203.0.113.7", "203.0.113.7"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["::", "::"],
    ["::1", "::1"],
    ["fe80::", "fe80::"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["::ffff:203.0.113.7", "203.0.113.7"],
  ])("%s is written %s", (text, written) => {
    const bytes = parseAddress(text);
    expect(bytes && formatAddress(bytes)).toBe(written);
  });

  test.each(["", "1.2.3", "1.2.3.256", "01.2.3.4", ":::", "1::2::3", "1:2:3:4:5:6:7", "g::", "1:2:3:4:5:6:7:8:9"])(
    "%j is none",
    (text) => {
      expect(parseAddress(text)).toBeNull();
    },
  );

  test("is read from a record's field by its family, an IPv4 address in IPv6 as what it is", () => {
    const mapped = new Uint8Array(16);
    mapped.set([0xff, 0xff, 203, 0, 113, 7], 10);
    expect(formatEndpoint(addressBytes(FAMILY.inet6, mapped), 443)).toBe("203.0.113.7:443");
    mapped[0] = 0x20;
    expect(formatEndpoint(addressBytes(FAMILY.inet6, mapped), 443)).toBe("[2000::ffff:cb00:7107]:443");
  });

  test("reads back from its own text", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
        const parsed = parseAddress(formatAddress(bytes));
        expect(parsed).toEqual(addressBytes(FAMILY.inet6, bytes).slice());
      }),
    );
  });
});

test("a range is an address with at most its own number of bits", () => {
  const others = ["", "/", "x", "1.2.3.4/33", "1.2.3/8", "1.2.3.4/", "1.2.3.4/-1", "::/129", "::1/x", "1.2.3.4/8/8"];
  for (const text of others) expect([text, parseRange(text)]).toEqual([text, null]);
  expect(parseRange("::/0")).toMatchObject({ bits: 0 });
  expect(parseRange("192.0.2.7")).toEqual({ address: Uint8Array.from([192, 0, 2, 7]), bits: 32 });
});
