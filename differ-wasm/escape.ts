/**
 * Values are bytes, stored and shown as text. Control characters, the backslash and bytes that are not UTF-8 are
 * written `\xNN`, everything else as it is: two different values never become the same text, and a terminal is safe
 * from control characters below U+0020.
 */

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
// oxlint-disable-next-line no-control-regex -- these are the characters to be escaped
const TO_ESCAPE = /[\0-\x1f\x7f\\]/;

/** The text for a value. */
export function textOf(bytes: Uint8Array): string {
  try {
    const text = decoder.decode(bytes);
    if (!TO_ESCAPE.test(text)) return text;
  } catch {
    // Not UTF-8 as a whole: character by character, below.
  }
  return escapeBytes(bytes);
}

/** The value of a text that textOf made; a backslash that begins no escape stands for itself. */
export function bytesOf(text: string): Uint8Array {
  const bytes = encoder.encode(text);
  if (!text.includes("\\")) return bytes;
  let size = 0;
  for (let at = 0; at < bytes.length; at++) {
    const escaped = bytes[at] === 0x5c ? /^\\x([0-9a-f]{2})/.exec(latin1(bytes.subarray(at, at + 4))) : null;
    bytes[size++] = escaped?.[1] ? Number.parseInt(escaped[1], 16) : (bytes[at] ?? 0);
    if (escaped) at += 3;
  }
  return bytes.subarray(0, size);
}

/** One character for each byte. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function escapeBytes(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const size = characterSize(bytes, at);
    const character = size === 0 ? "" : decoder.decode(bytes.subarray(at, at + size));
    if (size === 0 || TO_ESCAPE.test(character)) {
      text += `\\x${(bytes[at] ?? 0).toString(16).padStart(2, "0")}`;
      at++;
    } else {
      text += character;
      at += size;
    }
  }
  return text;
}

/** Length of the UTF-8 character that begins at `at` (RFC 3629); 0 if none does. */
function characterSize(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  const size = lead < 0x80 ? 1 : lead < 0xc2 ? 0 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 0;
  for (let i = 1; i < size; i++) {
    if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  }
  const second = bytes[at + 1] ?? 0;
  const isOverlong = (lead === 0xe0 && second < 0xa0) || (lead === 0xf0 && second < 0x90);
  const isBeyond = (lead === 0xed && second > 0x9f) || (lead === 0xf4 && second > 0x8f); // surrogates, above U+10FFFF
  return isOverlong || isBeyond ? 0 : size;
}
