/** Which addresses a runner's network has. Pure arithmetic on IPv4. */

export interface SandboxSubnet {
  /** `10.213.16.0/20`: everything on the bridge. */
  subnet: string;
  /** The host's address on the bridge: gateway and resolver. */
  host: string;
  /** The lower half, from which containers get their addresses. */
  containers: string;
  /** The upper half: addresses that stand for names. */
  sinkhole: string;
}

/** Bits of a /20, and of its halves. */
const PREFIX = 20;
const HALF = 2 ** (32 - PREFIX - 1);

/** 10.213.0.0/16 is in no one's defaults: Docker takes 172.17+ and 192.168, Kubernetes 10.96, 10.244 and 10.42. */
const POOL = toNumber("10.213.0.0");
const POOL_COUNT = 16;

/** How many names can have an address of their own at the same time. */
export const SINKHOLE_ADDRESSES = HALF - 1;

/** All subnets a runner may take that overlap none of the given ones (`a.b.c.d/n`; others are ignored). */
export function freeSubnets(taken: string[]): SandboxSubnet[] {
  const ranges = taken.map(parseRange).filter((range) => range !== null);
  return Array.from({ length: POOL_COUNT }, (_, index) => POOL + index * 2 * HALF)
    .filter((first) => !ranges.some((range) => first <= range.last && range.first < first + 2 * HALF))
    .map((first) => ({
      subnet: `${toText(first)}/${PREFIX}`,
      host: toText(first + 1),
      containers: `${toText(first)}/${PREFIX + 1}`,
      sinkhole: `${toText(first + HALF)}/${PREFIX + 1}`,
    }));
}

/** The sinkhole address with this index, 0 to SINKHOLE_ADDRESSES - 1. The last address, the broadcast, is left out. */
export function sinkholeAddress(subnet: SandboxSubnet, index: number): string {
  return toText((parseRange(subnet.sinkhole)?.first ?? 0) + index);
}

/** The index of a sinkhole address; meaningless for others. */
export function sinkholeIndex(subnet: SandboxSubnet, address: string): number {
  return (parseRange(address)?.first ?? -1) - (parseRange(subnet.sinkhole)?.first ?? 0);
}

/** Whether the address lies in the range. */
export function inRange(range: string, address: string): boolean {
  const { first, last } = parseRange(range) ?? { first: 1, last: 0 };
  const number = parseRange(address)?.first ?? -1;
  return first <= number && number <= last;
}

// --- internal ---

function parseRange(text: string): { first: number; last: number } | null {
  const [, address, bits] = /^(\d+\.\d+\.\d+\.\d+)(?:\/(\d+))?$/.exec(text) ?? [];
  if (address === undefined) return null;
  const size = 2 ** (32 - Number(bits ?? 32));
  const first = Math.floor(toNumber(address) / size) * size;
  return { first, last: first + size - 1 };
}

function toNumber(address: string): number {
  return address.split(".").reduce((number, part) => number * 256 + Number(part), 0);
}

function toText(number: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(number / 2 ** shift) % 256).join(".");
}
