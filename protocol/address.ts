/** IP addresses as the kernel has them: 4 or 16 bytes in network order. */

export const FAMILY = { unix: 1, inet: 2, inet6: 10, netlink: 16, packet: 17, vsock: 40 } as const;
export const SOCKET_TYPE = { stream: 1, datagram: 2, raw: 3, seqpacket: 5 } as const;

/** Whether sockets of the family talk to addresses and ports. */
export function isInternet(family: number): boolean {
  return family === FAMILY.inet || family === FAMILY.inet6;
}

/** A SOCKET_TYPE without the flags (SOCK_NONBLOCK, SOCK_CLOEXEC) that socket(2) takes with it. */
export function socketType(type: number): number {
  return type & 15;
}

/** The address bytes of a record's 16-byte field: 4 for IPv4 (also when mapped into IPv6), 16 for IPv6. */
export function addressBytes(family: number, field: Uint8Array): Uint8Array {
  if (family === FAMILY.inet) return field.subarray(0, 4);
  return isMapped(field) ? field.subarray(12, 16) : field.subarray(0, 16);
}

/** `203.0.113.7`, or RFC 5952 text such as `2001:db8::1`. */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0));
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groups[end] === 0) end++;
    if (end - i > length) [start, length] = [i, end - i];
  }
  const hex = groups.map((group) => group.toString(16));
  if (start < 0) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/** `203.0.113.7:443` or `[2001:db8::1]:443`. */
export function formatEndpoint(bytes: Uint8Array, port: number): string {
  const text = formatAddress(bytes);
  return bytes.length === 4 ? `${text}:${port}` : `[${text}]:${port}`;
}

/** The bytes of a written address, 4 or 16; null for anything else, an empty string included. */
export function parseAddress(text: string): Uint8Array | null {
  if (!text.includes(":")) return parseV4(text);
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const [head, tail] = halves.map(parseGroups);
  if (!head) return null;
  if (halves.length === 1) return head.length === 16 ? collapse(head) : null;
  if (!tail || head.length + tail.length > 14) return null;
  const bytes = new Uint8Array(16);
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return collapse(bytes);
}

/** A range such as `192.0.2.0/24`, `2001:db8::/32` or a single address: its address bytes, 4 or 16, and how many bits count; null: it is none. */
export function parseRange(text: string): { address: Uint8Array; bits: number } | null {
  const [, given = "", length] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(given);
  if (address === null) return null;
  const bits = length === undefined ? address.length * 8 : Number(length);
  return bits <= address.length * 8 ? { address, bits } : null;
}

// --- internal ---

function parseV4(text: string): Uint8Array | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) < 256)) return null;
  return Uint8Array.from(parts, Number);
}

function parseGroups(text: string): Uint8Array | null {
  if (text === "") return new Uint8Array();
  const bytes: number[] = [];
  for (const group of text.split(":")) {
    if (group.includes(".")) {
      const last = parseV4(group);
      if (!last) return null;
      bytes.push(...last);
    } else if (/^[0-9a-f]{1,4}$/i.test(group)) {
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 255);
    } else return null;
  }
  return bytes.length <= 16 ? Uint8Array.from(bytes) : null;
}

function collapse(bytes: Uint8Array): Uint8Array {
  return isMapped(bytes) ? bytes.slice(12) : bytes;
}

/** Whether 16 bytes hold an IPv4 address written as IPv6 (`::ffff:a.b.c.d`). */
function isMapped(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}
