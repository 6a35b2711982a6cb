/** Sending a message by HTTP: to a checked address, without following redirects, with an end to everything. */
import http from "node:http";
import https from "node:https";
import { isIP } from "node:net";
import { resolveAllowed, type Lookup } from "./resolve.ts";
import { parseRetryAfter } from "./retry-after.ts";
import { SendError, type Sent, socketError, unsent } from "./send-error.ts";
import { hostOf } from "./target.ts";

/** Of an answer that much is read and kept. */
const RESPONSE_BYTES = 2048;

export interface HttpMessage {
  url: URL;
  body: Uint8Array;
  headers: Record<string, string>;
  allowed: readonly string[];
  lookup: Lookup;
  /** Ends the attempt. */
  signal: AbortSignal;
}

/**
 * Posts the body; everything but a 2xx is a failure, a redirect too. The name is looked up once, and the socket is opened to the address that was
 * checked, with the name in TLS and `Host`: nobody can turn it elsewhere in between. The proxies of the environment are not used.
 *
 * @throws SendError where nothing may be connected to; the signal's reason where it was aborted before an answer
 */
export async function sendHttp(message: HttpMessage): Promise<Sent> {
  const host = hostOf(message.url);
  const addresses = await resolveAllowed(host, message);
  for (const address of addresses.slice(0, -1)) {
    try {
      return await post(message, host, address);
    } catch (error) {
      // Nothing was sent yet: the next address may do.
      if (!isUnreachable(error)) return failed(error, message);
    }
  }
  try {
    return await post(message, host, addresses.at(-1)!);
  } catch (error) {
    return failed(error, message);
  }
}

// --- internal ---

function post({ url, body, headers, signal }: HttpMessage, host: string, address: string): Promise<Sent> {
  const isTls = url.protocol === "https:";
  const { promise, resolve, reject } = Promise.withResolvers<Sent>();
  const options: https.RequestOptions = {
    host: address,
    port: url.port === "" ? (isTls ? 443 : 80) : Number(url.port),
    path: `${url.pathname}${url.search}`,
    method: "POST",
    agent: false,
    headers: { ...headers, host: url.host, "content-length": String(body.length), "accept-encoding": "identity" },
    signal,
    ...(isTls ? { rejectUnauthorized: true, ...(isIP(host) === 0 ? { servername: host } : {}) } : {}),
  };
  const request = (isTls ? https : http).request(options, (response) => {
    const chunks: Buffer[] = [];
    let length = 0;
    const status = response.statusCode ?? 0;
    const end = (): void => {
      response.destroy();
      request.destroy();
      const isGood = status >= 200 && status < 300;
      resolve({
        status,
        response: new TextDecoder().decode(Buffer.concat(chunks).subarray(0, RESPONSE_BYTES)),
        error: isGood ? null : statusError(status),
        retryAfterMs: isGood ? null : parseRetryAfter(response.headers["retry-after"], Date.now()),
      });
    };
    response.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= RESPONSE_BYTES) end();
    });
    response.on("end", end);
    // The status has arrived: what follows it is not waited for.
    response.on("error", end);
    response.on("close", end);
  });
  request.on("error", reject);
  request.end(body);
  return promise;
}

function statusError(status: number): string {
  return status >= 300 && status < 400
    ? `It redirects (${status}), which is not followed: give the address that it leads to.`
    : `It answered with ${status}.`;
}

function failed(error: unknown, { url, signal }: HttpMessage): Sent {
  signal.throwIfAborted();
  if (error instanceof SendError) throw error;
  return unsent(socketError(error, url.host));
}

function isUnreachable(error: unknown): boolean {
  return (
    error instanceof Error && "code" in error && /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/.test(String(error.code))
  );
}
