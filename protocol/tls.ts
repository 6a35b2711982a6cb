/** The server name of a TLS client hello (RFC 8446, RFC 6066), read from the first bytes of a stream. */

export interface ClientHello {
  /** null: the hello names no server. */
  sni: string | null;
  alpn: string[];
}

const HANDSHAKE = 22;
const CLIENT_HELLO = 1;
const EXTENSION = { serverName: 0, alpn: 16 } as const;
/** A record may not carry more (RFC 8446, 5.1). */
const RECORD_LIMIT = 16384;
/** No client sends a larger hello; a post-quantum one has about 1,800 bytes. */
const HELLO_LIMIT = 65536;

/**
 * The hello at the start of a stream, also when split over several TLS records. "incomplete" while the bytes
 * could still become one; null when they cannot. Never throws.
 */
export function parseClientHello(bytes: Uint8Array): ClientHello | "incomplete" | null {
  const handshake = joinRecords(bytes);
  if (handshake === null) return null;
  const reader: Reader = { bytes: handshake, at: 0, end: handshake.length };
  if (handshake.length < 4) return handshake[0] === undefined || handshake[0] === CLIENT_HELLO ? "incomplete" : null;
  if (handshake[0] !== CLIENT_HELLO) return null;
  const length = ((handshake[1] ?? 0) << 16) | u16(handshake, 2);
  if (length > HELLO_LIMIT) return null;
  const whole = handshake.length >= 4 + length;
  reader.end = Math.min(handshake.length, 4 + length);

  reader.at = 4 + 2 + 32; // version, random
  skipVector(reader, 1); // session id
  skipVector(reader, 2); // cipher suites
  skipVector(reader, 1); // compression methods
  if (reader.at === reader.end && whole) return { sni: null, alpn: [] }; // a hello without extensions
  reader.at += 2; // length of all extensions: the hello's own length says as much
  const hello: ClientHello = { sni: null, alpn: [] };
  while (reader.at + 4 <= reader.end) {
    const type = u16(reader.bytes, reader.at);
    const size = u16(reader.bytes, reader.at + 2);
    const start = reader.at + 4;
    if (start + size > reader.end) break;
    const body = reader.bytes.subarray(start, start + size);
    if (type === EXTENSION.serverName) hello.sni = serverName(body);
    if (type === EXTENSION.alpn) hello.alpn = protocols(body);
    reader.at = start + size;
  }
  if (hello.sni !== null) return hello;
  if (!whole) return "incomplete";
  return reader.at === reader.end ? hello : null;
}

// --- internal ---

interface Reader {
  bytes: Uint8Array;
  at: number;
  end: number;
}

/** The handshake bytes of consecutive records, as far as they are there; null if one is not a handshake record. */
function joinRecords(bytes: Uint8Array): Uint8Array | null {
  const joined = new Uint8Array(bytes.length);
  let length = 0;
  let at = 0;
  while (at < bytes.length) {
    if (bytes[at] !== HANDSHAKE) return at === 0 ? null : joined.subarray(0, length);
    if (at + 1 < bytes.length && bytes[at + 1] !== 3) return null;
    if (at + 5 > bytes.length) break;
    const size = u16(bytes, at + 3);
    if (size === 0 || size > RECORD_LIMIT) return null;
    const part = bytes.subarray(at + 5, at + 5 + size);
    joined.set(part, length);
    length += part.length;
    at += 5 + size;
  }
  return joined.subarray(0, length);
}

function skipVector(reader: Reader, prefix: 1 | 2): void {
  const { bytes, at } = reader;
  const size = prefix === 1 ? (bytes[at] ?? 0) : u16(bytes, at);
  reader.at = at + prefix + size;
}

function serverName(body: Uint8Array): string | null {
  // list length (2), kind (1; 0 is host name), length (2), name
  if (body.length < 5 || body[2] !== 0) return null;
  const length = u16(body, 3);
  if (length === 0 || length > 255 || 5 + length > body.length) return null;
  return ascii(body.subarray(5, 5 + length));
}

function protocols(body: Uint8Array): string[] {
  const names: string[] = [];
  let at = 2;
  while (at < body.length && names.length < 16) {
    const length = body[at] ?? 0;
    if (length === 0 || at + 1 + length > body.length) break;
    names.push(ascii(body.subarray(at + 1, at + 1 + length)));
    at += 1 + length;
  }
  return names;
}

/** Printable ASCII as it is, every other byte `\xNN`. */
function ascii(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    text += byte > 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
