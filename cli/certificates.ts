/** An authority of one's own and the certificates that it signs: ECDSA on P-256. */
import type { JsonGeneralName, X509Certificate } from "@peculiar/x509";
// One behind the other: the library cannot do without, and in an executable the bundler puts imports in another order.
await import("reflect-metadata");
const x509 = await import("@peculiar/x509");

export interface Certificate {
  /** PEM. */
  cert: string;
  key: string;
  ends: Date;
}

/** What a certificate is for: a server of these names and addresses, or a runner of this name. */
export type Purpose = { server: readonly string[] } | { runner: string };

const KEYS = { name: "ECDSA", namedCurve: "P-256" } as const;
const SIGNATURE = { name: "ECDSA", hash: "SHA-256" } as const;
const AUTHORITY_MS = 10 * 365 * 86_400_000;
/** Clocks of other hosts may be behind. */
const SKEW_MS = 5 * 60_000;

/** A new authority, good for ten years, that can sign certificates but no further authorities. */
export async function makeAuthority(now: number): Promise<Certificate> {
  const keys = await crypto.subtle.generateKey(KEYS, true, ["sign", "verify"]);
  const ends = new Date(now + AUTHORITY_MS);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serial(),
    name: [{ CN: ["fangs authority"] }],
    notBefore: new Date(now - SKEW_MS),
    notAfter: ends,
    signingAlgorithm: SIGNATURE,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { cert: pem(certificate), key: await privateKey(keys), ends };
}

/** A certificate signed by the authority. It ends after `lifeMs`, but not after the authority. */
export async function issue(
  authority: Pick<Certificate, "cert" | "key">,
  purpose: Purpose,
  { now, lifeMs }: { now: number; lifeMs: number },
): Promise<Certificate> {
  const issuer = new x509.X509Certificate(authority.cert);
  const [pkcs8] = x509.PemConverter.decode(authority.key);
  const signingKey = await crypto.subtle.importKey("pkcs8", pkcs8!, KEYS, false, ["sign"]);
  const keys = await crypto.subtle.generateKey(KEYS, true, ["sign", "verify"]);
  const ends = new Date(Math.min(now + lifeMs, issuer.notAfter.getTime()));
  const name = "server" in purpose ? purpose.server[0]! : purpose.runner;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: serial(),
    subject: [{ CN: [name] }],
    issuer: issuer.subject,
    notBefore: new Date(now - SKEW_MS),
    notAfter: ends,
    signingAlgorithm: SIGNATURE,
    publicKey: keys.publicKey,
    signingKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      // Neither can pass for the other.
      new x509.ExtendedKeyUsageExtension([
        "server" in purpose ? x509.ExtendedKeyUsage.serverAuth : x509.ExtendedKeyUsage.clientAuth,
      ]),
      new x509.SubjectAlternativeNameExtension("server" in purpose ? purpose.server.map(asName) : [asName(name)]),
      await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ],
  });
  return { cert: pem(certificate), key: await privateKey(keys), ends };
}

// --- internal ---

/** 127 random bits: positive, and no two alike. */
function serial(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes.toHex();
}

function asName(name: string): JsonGeneralName {
  return /^[\d.]+$|:/.test(name) ? { type: "ip", value: name } : { type: "dns", value: name };
}

function pem(certificate: X509Certificate): string {
  return `${certificate.toString("pem")}\n`;
}

async function privateKey({ privateKey: key }: CryptoKeyPair): Promise<string> {
  return `${x509.PemConverter.encode(await crypto.subtle.exportKey("pkcs8", key), "PRIVATE KEY")}\n`;
}
