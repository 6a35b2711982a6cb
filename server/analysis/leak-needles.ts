/** The forms in which a secret leaves: what to look for in outgoing bytes. */

/** Secrets shorter than this would be found by chance. */
const SECRET_MINIMUM = 8;
/** Of a longer secret its middle is looked for: the beginning of a key file is the same in all of them. */
const SECRET_SLICE = 48;

const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** The bytes to look for, without repetition: raw, reversed, hex, base64, base32 and URL-encoded. */
export function secretNeedles(secret: string): Uint8Array[] {
  const trimmed = secret.trim();
  const start = Math.max(0, (trimmed.length - SECRET_SLICE) >> 1);
  const text = trimmed.length > SECRET_SLICE ? trimmed.slice(start, start + SECRET_SLICE) : trimmed;
  const bytes = new TextEncoder().encode(text);
  if (bytes.length < SECRET_MINIMUM) return [];
  const hex = bytes.toHex();
  const base64 = alignments(bytes, 6, BASE64);
  const base32 = alignments(bytes, 5, BASE32);
  const forms = [
    text,
    text.toLowerCase(),
    [...text].reverse().join(""),
    encodeURIComponent(text),
    hex,
    hex.toUpperCase(),
    ...base64,
    ...base64.map((form) => form.replaceAll("+", "-").replaceAll("/", "_")),
    ...base32,
    ...base32.map((form) => form.toLowerCase()),
  ];
  return [...new Set(forms)].map((form) => new TextEncoder().encode(form));
}

/**
 * The digits that a secret gives wherever it starts within an encoded text: for every number of bytes in front, the
 * digits that depend on the secret alone.
 */
function alignments(bytes: Uint8Array, bitsPerDigit: 5 | 6, alphabet: string): string[] {
  const period = bitsPerDigit === 6 ? 3 : 5;
  return Array.from({ length: period }, (_, before) => {
    const shared = (before * 8) % bitsPerDigit;
    let digits = "";
    let bits = shared;
    let rest = 0;
    for (const byte of bytes) {
      rest = ((rest << 8) | byte) & 0xffff;
      for (bits += 8; bits >= bitsPerDigit;) {
        bits -= bitsPerDigit;
        digits += alphabet[(rest >> bits) & ((1 << bitsPerDigit) - 1)];
      }
    }
    // A first digit that has bits of what is in front, too, can be any.
    return shared === 0 ? digits : digits.slice(1);
  });
}
