/** Talking TLS to a server whose authority the system does not know, and showing it a certificate. */
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { FangsError } from "../protocol/errors.ts";
import type { ClientOptions } from "../protocol/client.ts";

/** Paths of PEM files. */
export interface ClientTls {
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/**
 * What makes a client trust this authority and show this certificate; nothing where none is named.
 *
 * @throws FangsError usage
 */
export function tlsOptions(files: ClientTls): Pick<ClientOptions, "fetch"> {
  const { ca, cert, key } = files;
  if ((cert === undefined) !== (key === undefined))
    throw new FangsError("usage", "A certificate and its key go together.", { hint: "Give --tls-cert and --tls-key." });
  if (ca === undefined && cert === undefined) return {};
  const tls = {
    ...(ca === undefined ? {} : { ca: read(ca) }),
    ...(cert === undefined || key === undefined ? {} : { cert: read(cert), key: read(key) }),
  };
  return { fetch: (url, init) => fetch(url, { ...init, tls }) };
}

/** The files that the variables of every command name. */
export function tlsOfEnvironment(env: Readonly<Record<string, string | undefined>>): ClientTls {
  return {
    ca: env["FANGS_TLS_CA"] || undefined,
    cert: env["FANGS_TLS_CERT"] || undefined,
    key: env["FANGS_TLS_KEY"] || undefined,
  };
}

/**
 * For a client in the server's own process: it knows whom it talks to, by whatever name the certificate has. Without an
 * authority it takes the one that `fangs tls init` put beside the certificate, else those of the system.
 */
export function ownServer(cert: string | undefined, ca: string | undefined): Pick<ClientOptions, "fetch"> {
  if (cert === undefined) return {};
  const beside = join(dirname(cert), "ca.pem");
  const authority = ca ?? (existsSync(beside) ? beside : undefined);
  const tls = {
    ...(authority === undefined ? {} : { ca: read(authority) }),
    checkServerIdentity: () => undefined,
  };
  return { fetch: (url, init) => fetch(url, { ...init, tls }) };
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
