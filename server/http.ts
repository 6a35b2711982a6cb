/** The listening socket: which hosts it answers to, how long a request may take, how it ends. */
import { FangsError } from "../protocol/errors.ts";
import { callerOf } from "./caller.ts";
import { problemResponse } from "./problem.ts";

export interface HttpOptions {
  hostname: string;
  /** 0: any free one. */
  port: number;
  /** Names that a Host header may carry besides the loopback ones and `hostname`. */
  hosts?: readonly string[];
  tls?: TlsOptions;
  /** A request that takes longer is answered with 504. Longer than a long poll. */
  deadlineMs?: number;
  handle(request: Request): Promise<Response>;
  /** Called with every answer, and how long it took. */
  observe(request: Request, response: Response, ms: number): void;
  /** Answers a request for a host that is none of these. */
  refuse(request: Request, error: FangsError): Promise<Response>;
}

/** PEM texts. With `requestCert` and `rejectUnauthorized` nobody gets in without a certificate of `ca`. */
interface TlsOptions {
  cert: string;
  key: string;
  ca?: string;
  requestCert?: boolean;
  rejectUnauthorized?: boolean;
}

export interface HttpServer {
  url: string;
  /** Stops accepting, waits for the requests in flight, at most `drainMs`, and closes all connections. */
  stop(drainMs: number): Promise<void>;
}

const LARGEST_BODY = 17 * 1024 * 1024;

/** @throws FangsError address_in_use; usage for an address this host does not have */
export function listen(options: HttpOptions): HttpServer {
  const { hostname, port, handle, observe, refuse, deadlineMs = 150_000 } = options;
  const hosts = new Set([
    "127.0.0.1",
    "localhost",
    "[::1]",
    hostname.includes(":") ? `[${hostname}]` : hostname,
    ...(options.hosts ?? []),
  ]);
  const inFlight = new Set<Promise<unknown>>();

  async function answer(request: Request): Promise<Response> {
    // In front of routing: a web page that had its name rebound to this address sends its own name.
    const host = hostOf(request.headers.get("host"));
    if (host === undefined || !hosts.has(host)) {
      return refuse(
        request,
        new FangsError("misdirected", "This server does not answer to that Host.", {
          hint: "Use the address that it listens on.",
        }),
      );
    }
    return withDeadline(handle(request), deadlineMs);
  }

  const server = bind({
    hostname,
    port,
    ...(options.tls === undefined ? {} : { tls: options.tls }),
    maxRequestBodySize: LARGEST_BODY,
    // Seconds without a byte; a long poll is silent for 25.
    idleTimeout: 60,
    fetch(request, socket) {
      callerOf(request).address = socket.requestIP(request)?.address ?? "unknown";
      const asked = performance.now();
      const response = answer(request)
        .catch(problemResponse)
        .then((made) => {
          observe(request, made, performance.now() - asked);
          return made;
        });
      inFlight.add(response);
      void response.finally(() => inFlight.delete(response));
      return response;
    },
    error: (thrown) => problemResponse(thrown),
  });
  return {
    url: server.url.origin,
    async stop(drainMs) {
      void server.stop();
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, drainMs);
      await Promise.race([Promise.allSettled(inFlight), late]);
      clearTimeout(timer); // an error's process would wait for it
      await server.stop(true);
    },
  };
}

// --- internal ---

type BindOptions = {
  hostname: string;
  port: number;
  tls?: TlsOptions;
  maxRequestBodySize: number;
  idleTimeout: number;
  fetch(request: Request, socket: { requestIP(request: Request): { address: string } | null }): Promise<Response>;
  error(thrown: Error): Response;
};

function bind(options: BindOptions): ReturnType<typeof Bun.serve> {
  try {
    return Bun.serve(options);
  } catch (cause) {
    const address = `${options.hostname}:${options.port}`;
    if (cause instanceof Error && "code" in cause && cause.code === "EADDRINUSE") {
      throw new FangsError("address_in_use", `Something listens on ${address} already.`, {
        cause,
        hint: "Is another fangs running? Stop it, or choose another address with --listen.",
      });
    }
    throw new FangsError("usage", `Cannot listen on ${address}: ${cause instanceof Error ? cause.message : cause}.`, {
      cause,
      hint: "Name an address of this host with --listen.",
    });
  }
}

/** The name in a Host header, in lower case and without its port. */
function hostOf(header: string | null): string | undefined {
  return /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::\d{1,5})?$/.exec((header ?? "").toLowerCase())?.[1];
}

async function withDeadline(response: Promise<Response>, ms: number): Promise<Response> {
  const late = Promise.withResolvers<Response>();
  const timer = setTimeout(
    () => late.resolve(problemResponse(new FangsError("pending", `There was no answer within ${ms / 1000} seconds.`))),
    ms,
  );
  try {
    return await Promise.race([response, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
