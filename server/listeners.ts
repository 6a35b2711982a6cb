/** Where the orchestrator listens: for everybody, and where wanted for runners alone, who must show a certificate. */
import { log } from "../log/log.ts";
import { FangsError } from "../protocol/errors.ts";
import { createRouter, ROUTES } from "./api/router.ts";
import { type HttpServer, listen } from "./http.ts";
import { refuse } from "./problem.ts";
import { requestLog } from "./request-log.ts";
import type { Services } from "./services.ts";
import { readTls, type TlsFiles } from "./tls.ts";

interface Address {
  hostname: string;
  port: number;
}

export interface ListenerOptions {
  /** 127.0.0.1:8443 if not given. */
  listen?: Address;
  /** Names that a Host header may carry besides the loopback ones and those of the certificate. */
  hosts?: readonly string[];
  /** Without it, nothing is encrypted. */
  tls?: TlsFiles;
  /** Listen beyond this host without TLS. */
  insecure?: boolean;
  /** A listener for runners, who must show a certificate of the authority in `tls`; `only`: they are served nowhere else. */
  runners?: { listen: Address; only: boolean };
}

export interface Listeners {
  /** E.g. `http://127.0.0.1:8443`. */
  url: string;
  /** Where runners alone are served. */
  runnerUrl: string | undefined;
  stop(drainMs: number): Promise<void>;
}

/**
 * Listens, with the routes that belong to each listener: what is not among them is a 404 there, whatever token is shown.
 *
 * @throws FangsError usage for what would be open to the network without meaning to, and for certificates; address_in_use
 */
export function openListeners(services: Services, options: ListenerOptions): Listeners {
  const { listen: address = { hostname: "127.0.0.1", port: 8443 }, insecure = false, runners } = options;
  const tls = options.tls && readTls(options.tls, services.now());
  if (tls === undefined && !isLoopback(address.hostname)) warnOrRefuse(address, insecure);
  const common = {
    observe: requestLog(services.metrics),
    hosts: [...(options.hosts ?? []), ...(tls?.names ?? [])],
    refuse: (request: Request, error: FangsError) => refuse(services, request, error),
  };
  const routes = runners?.only === true ? ROUTES.filter(({ scope }) => scope !== "runner") : ROUTES;
  const main = listen({
    ...common,
    ...address,
    ...(tls === undefined ? {} : { tls: { cert: tls.cert, key: tls.key } }),
    handle: createRouter(services, routes),
  });
  if (runners === undefined) return { url: main.url, runnerUrl: undefined, stop: main.stop };
  let apart: HttpServer;
  try {
    if (tls?.ca === undefined) {
      throw new FangsError("usage", "A listener for runners needs a certificate, its key and an authority.", {
        hint: "Give --tls-cert, --tls-key and --tls-ca; `fangs tls init` makes them.",
      });
    }
    apart = listen({
      ...common,
      ...runners.listen,
      tls: { cert: tls.cert, key: tls.key, ca: tls.ca, requestCert: true, rejectUnauthorized: true },
      handle: createRouter(
        services,
        ROUTES.filter(({ scope }) => scope === "runner"),
      ),
    });
  } catch (thrown) {
    void main.stop(0);
    throw thrown;
  }
  return {
    url: main.url,
    runnerUrl: apart.url,
    stop: async (drainMs) => void (await Promise.all([main.stop(drainMs), apart.stop(drainMs)])),
  };
}

// --- internal ---

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function warnOrRefuse({ hostname, port }: Address, insecure: boolean): void {
  if (insecure) {
    log.warn("NOT ENCRYPTED: everybody on the network can read the tokens that are sent here", { hostname, port });
    return;
  }
  throw new FangsError("usage", `${hostname} is not of this host alone, and there is no TLS.`, {
    hint: "Give --tls-cert and --tls-key (`fangs tls init` makes them), or --insecure where something else encrypts, e.g. a proxy.",
  });
}
