/** Which addresses a message may be sent to: public ones, and those that the notifier allows. */
import { BlockList } from "node:net";
import { FangsError } from "../../protocol/errors.ts";
import { formatAddress, parseAddress, parseRange } from "../../protocol/address.ts";

/** Not public, by the IANA registries of special-purpose addresses. What of IPv6 is not in 2000::/3 is not public either. */
const SPECIAL: readonly (readonly [range: string, why: string])[] = [
  ["0.0.0.0/8", "this host"],
  ["10.0.0.0/8", "private"],
  ["100.64.0.0/10", "shared by a carrier's NAT"],
  ["127.0.0.0/8", "loopback"],
  ["169.254.0.0/16", "link-local"],
  ["172.16.0.0/12", "private"],
  ["192.0.0.0/24", "reserved"],
  ["192.0.2.0/24", "for documentation"],
  ["192.88.99.0/24", "reserved"],
  ["192.168.0.0/16", "private"],
  ["198.18.0.0/15", "for benchmarks"],
  ["198.51.100.0/24", "for documentation"],
  ["203.0.113.0/24", "for documentation"],
  ["224.0.0.0/4", "multicast"],
  ["240.0.0.0/4", "reserved"],
  ["::/128", "this host"],
  ["::1/128", "loopback"],
  ["64:ff9b::/96", "NAT64: it hides an IPv4 address"],
  ["64:ff9b:1::/48", "NAT64: it hides an IPv4 address"],
  ["2001::/23", "reserved"],
  ["2001:db8::/32", "for documentation"],
  ["2002::/16", "6to4: it hides an IPv4 address"],
  ["3fff::/20", "for documentation"],
  ["fc00::/7", "private"],
  ["fe80::/10", "link-local"],
  ["ff00::/8", "multicast"],
];

/** Where clouds give a machine its credentials. Some of them are in no special range; none is allowed by a range that merely contains it. */
const METADATA: ReadonlySet<string> = new Set([
  "169.254.169.254",
  "169.254.170.2",
  "169.254.170.23",
  "168.63.129.16",
  "100.100.100.200",
  "192.0.0.192",
  "fd00:ec2::254",
  "fd00:ec2::23",
  "fd20:ce::254",
]);

/**
 * Why an address may not be connected to; undefined: it may. The addresses and ranges of `allowed` may be, if they are well written.
 */
export function refusal(address: string, allowed: readonly string[]): string | undefined {
  const bytes = parseAddress(address);
  if (bytes === null) return "no address";
  const text = formatAddress(bytes);
  if (METADATA.has(text)) {
    const isNamed = allowed.some((one) => parseAllowed(one)?.base === text && isSingle(one));
    return isNamed ? undefined : "a cloud's metadata service";
  }
  const why = SPECIAL.find(([range]) => contains(range, text))?.[1] ?? (isOutside(bytes) ? "not public" : undefined);
  if (why === undefined || allowed.some((range) => contains(range, text))) return undefined;
  return why;
}

/**
 * An address or range as it is stored.
 *
 * @throws FangsError invalid_body
 */
export function checkAllowed(range: string): string {
  const parsed = parseAllowed(range);
  if (parsed !== undefined) return parsed.text;
  throw new FangsError("invalid_body", `${JSON.stringify(range)} is no address and no range.`, {
    hint: "Write 10.1.2.3 or 10.1.2.0/24.",
  });
}

// --- internal ---

function contains(range: string, address: string): boolean {
  const parsed = parseAllowed(range);
  if (parsed === undefined || parsed.family !== familyOf(address)) return false;
  const list = new BlockList();
  list.addSubnet(parsed.base, parsed.bits, parsed.family);
  return list.check(address, parsed.family);
}

function parseAllowed(text: string): { base: string; bits: number; family: "ipv4" | "ipv6"; text: string } | undefined {
  const range = parseRange(text);
  if (range === null || range.bits < 1) return undefined;
  const base = formatAddress(range.address);
  const isSingleAddress = range.bits === range.address.length * 8;
  return { base, bits: range.bits, family: familyOf(base), text: isSingleAddress ? base : `${base}/${range.bits}` };
}

function isSingle(range: string): boolean {
  const parsed = parseAllowed(range);
  return parsed !== undefined && parsed.text === parsed.base;
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}

/** Whether an IPv6 address is outside of what is given out as public, 2000::/3. */
function isOutside(bytes: Uint8Array): boolean {
  return bytes.length === 16 && (bytes[0]! & 0xe0) !== 0x20;
}
