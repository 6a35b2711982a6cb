/** The forms in which a secret leaves: what to look for in outgoing bytes. */

/** Secrets shorter than this would be found by chance. */
const SECRET_MINIMUM = 8;
/** Of a longer secret its middle is looked for: the beginning of a key file is the same in all of them. */
const SECRET_SLICE = 48;

const encoder = new TextEncoder();
const BASE64 = encoder.encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const BASE64_URL = encoder.encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
const BASE32 = encoder.encode("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
const BASE32_LOWER = encoder.encode("abcdefghijklmnopqrstuvwxyz234567");

/**
 * The bytes to look for: raw, reversed, hex, base64, base32 and URL-encoded. Every run has other secrets, and this is done
 * for each of them.
 */
export function secretNeedles(secret: string): Uint8Array[] {
  const trimmed = secret.trim();
  const start = Math.max(0, (trimmed.length - SECRET_SLICE) >> 1);
  const text = trimmed.length > SECRET_SLICE ? trimmed.slice(start, start + SECRET_SLICE) : trimmed;
  const bytes = encoder.encode(text);
  if (bytes.length < SECRET_MINIMUM) return [];
  const hex = bytes.toHex();
  const forms = new Set([
    text,
    text.toLowerCase(),
    [...text].reverse().join(""),
    encodeURIComponent(text),
    hex,
    hex.toUpperCase(),
  ]);
  const needles = Array.from(forms, (form) => encoder.encode(form));
  for (const alphabet of [BASE64, BASE64_URL, BASE32, BASE32_LOWER]) addAlignments(needles, bytes, alphabet);
  return needles;
}

/**
 * Adds the digits that a secret gives wherever it starts within an encoded text: for every number of bytes in front, the
 * digits that depend on the secret alone. The alphabet has 32 or 64 of them.
 */
function addAlignments(needles: Uint8Array[], bytes: Uint8Array, alphabet: Uint8Array): void {
  const bitsPerDigit = Math.log2(alphabet.length);
  const period = bitsPerDigit === 6 ? 3 : 5;
  for (let before = 0; before < period; before++) {
    const shared = (before * 8) % bitsPerDigit;
    const digits = new Uint8Array(Math.floor((shared + bytes.length * 8) / bitsPerDigit));
    let at = 0;
    let bits = shared;
    let rest = 0;
    for (let i = 0; i < bytes.length; i++) {
      rest = ((rest << 8) | bytes[i]!) & 0xffff;
      for (bits += 8; bits >= bitsPerDigit;) {
        bits -= bitsPerDigit;
        digits[at++] = alphabet[(rest >> bits) & (alphabet.length - 1)]!;
      }
    }
    // A first digit that has bits of what is in front, too, can be any.
    needles.push(shared === 0 ? digits : digits.subarray(1));
  }
}
