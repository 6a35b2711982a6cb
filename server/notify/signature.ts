/** The signature of a message: HMAC-SHA256 over exactly the bytes that are sent. */

export const SIGNATURE_HEADER = "X-FANGS-Signature";

/** `sha256=<hex>`. */
export function signatureOf(body: Uint8Array, secret: string): string {
  return `sha256=${new Bun.CryptoHasher("sha256", secret).update(body).digest("hex")}`;
}
