/** Receivers on loopback: real sockets that answer as a test wants. */
import type { Socket, TCPSocketListener } from "bun";
import type { NotifierRequest } from "../../../protocol/notifiers.ts";

export interface Received {
  headers: Headers;
  body: string;
  path: string;
  /** When, ms UTC. */
  at: number;
}

export interface Receiver extends AsyncDisposable {
  url: string;
  received: Received[];
  /** What a notifier to it needs. */
  request: Pick<NotifierRequest, "url" | "allow_http" | "allow_addresses">;
}

type Answer = (attempt: number, request: Request) => Response | Promise<Response>;

/** Answers each request as the function says, the first with 1; 200 without one. */
export function receiver(answer: Answer = () => new Response("ok"), tls?: { cert: string; key: string }): Receiver {
  const received: Received[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    // A receiver may be slower than Bun finds right.
    idleTimeout: 60,
    ...(tls === undefined ? {} : { tls }),
    async fetch(request) {
      const body = await request.text();
      const { pathname, search } = new URL(request.url);
      received.push({ headers: request.headers, body, path: `${pathname}${search}`, at: Date.now() });
      return answer(received.length, request);
    },
  });
  const url = `${tls === undefined ? "http" : "https"}://127.0.0.1:${server.port}/hook/secret-path-0123`;
  return {
    url,
    received,
    request: { url, allow_http: true, allow_addresses: ["127.0.0.1"] },
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

/** A bare listener: what it does with each connection is the test's. */
export function rawReceiver(onData: (socket: Socket<undefined>, data: Buffer) => void): {
  port: number;
  connections: () => number;
} & Disposable {
  let connections = 0;
  const listener: TCPSocketListener<undefined> = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open: () => void connections++,
      data: onData,
    },
  });
  return { port: listener.port, connections: () => connections, [Symbol.dispose]: () => listener.stop(true) };
}

/** Looks again and again; throws with what was waited for when the time is over. */
export async function until(done: () => boolean | Promise<boolean>, what: string, ms = 60_000): Promise<void> {
  const deadline = performance.now() + ms;
  while (!(await done())) {
    if (performance.now() > deadline) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await Bun.sleep(10);
  }
}

/** A self-signed certificate for a name, made now. */
export function certificate(name = "hook.example"): { cert: string; key: string } {
  const made = Bun.spawnSync([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name}`, "-keyout", "-", "-out", "-"],
  ]);
  const text = made.stdout.toString();
  const part = (kind: string): string =>
    new RegExp(`-----BEGIN ${kind}-----[\\s\\S]+?-----END ${kind}-----`).exec(text)?.[0] ?? "";
  return { cert: part("CERTIFICATE"), key: part("PRIVATE KEY") };
}
