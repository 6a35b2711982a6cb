/** The certificates that the server listens with. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync, statSync } from "node:fs";
import { log } from "../log/log.ts";
import { FangsError } from "../protocol/errors.ts";

/** Paths of PEM files. */
export interface TlsFiles {
  cert: string;
  key: string;
  /** The authority whose certificates runners must show. */
  ca?: string;
}

export interface Tls {
  cert: string;
  key: string;
  ca?: string;
  /** The names and addresses that the certificate is for. */
  names: string[];
}

const SOON_MS = 30 * 86_400_000;

/**
 * Reads and checks the files; tells where the certificate ends soon or others can read the key.
 *
 * @throws FangsError usage where one cannot be read, is none, has ended, or does not fit the other
 */
export function readTls(files: TlsFiles, now: number): Tls {
  const cert = read(files.cert);
  const key = read(files.key);
  const ca = files.ca === undefined ? undefined : read(files.ca);
  const certificate = parse(files.cert, () => new X509Certificate(cert));
  if (ca !== undefined) parse(files.ca!, () => new X509Certificate(ca));
  if (!certificate.checkPrivateKey(parse(files.key, () => createPrivateKey(key)))) {
    throw new FangsError("usage", `The key ${files.key} is not the one of the certificate ${files.cert}.`);
  }
  const ends = Date.parse(certificate.validTo);
  if (ends <= now) {
    throw new FangsError("usage", `The certificate ${files.cert} has ended.`, {
      hint: "`fangs tls init` with the same directory makes a new one under the same authority.",
    });
  }
  if (ends - now < SOON_MS) log.warn("the certificate ends soon", { file: files.cert, ends: certificate.validTo });
  if ((statSync(files.key).mode & 0o077) !== 0) log.warn("others can read the key", { file: files.key });
  return { cert, key, ...(ca === undefined ? {} : { ca }), names: namesOf(certificate) };
}

// --- internal ---

function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FangsError("usage", `${path} cannot be read: ${why}.`, { cause });
  }
}

function parse<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    throw new FangsError("usage", `${path} is not what it should be.`, {
      cause,
      hint: "Certificates and keys are PEM files; `fangs tls init` makes them.",
    });
  }
}

/** The names that a Host header may carry. */
function namesOf({ subjectAltName = "" }: X509Certificate): string[] {
  return [...(subjectAltName ?? "").matchAll(/(?:DNS|IP Address):([^,\s]+)/g)].map(([, name]) => {
    const isV6 = name!.includes(":");
    return isV6 ? new URL(`http://[${name}]`).hostname : name!.toLowerCase();
  });
}
