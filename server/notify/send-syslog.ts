/** Sending a line of syslog: RFC 5426 over UDP, RFC 6587 (octet counting) over TCP, RFC 5425 over TLS, and the socket of this host's daemon. */
import { createSocket } from "node:dgram";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { FangsError } from "../../protocol/errors.ts";
import { resolveAllowed, type Lookup } from "./resolve.ts";
import { SendError, type Sent, socketError } from "./send-error.ts";
import { isBelow } from "./send-file.ts";
import type { Target } from "./target.ts";
import { sendUnixDatagram } from "./unix-datagram.ts";

/** Sockets that a line may be written to. Others, such as Docker's, are no business of who may add a notifier. */
const SOCKETS: ReadonlySet<string> = new Set([
  "/dev/log",
  "/run/systemd/journal/dev-log",
  "/run/systemd/journal/syslog",
]);

/**
 * Refuses a socket that is neither the system's log nor below the folder for files of messages.
 *
 * @throws FangsError invalid_body
 */
export function checkSocket(path: string, folder: string): void {
  if (SOCKETS.has(path) || isBelow(path, folder)) return;
  throw new FangsError("invalid_body", `${path} is no socket of a log.`, {
    hint: `One of: ${[...SOCKETS].join(", ")}, or one below ${folder}.`,
  });
}

interface Network {
  allowed: readonly string[];
  lookup: Lookup;
  signal: AbortSignal;
}

/**
 * Sends the line to a host. UDP tells nothing of its arrival; over TCP and TLS it was handed to the receiver's kernel.
 *
 * @throws SendError where it may not be sent or could not be
 */
export async function sendSyslog(
  target: Extract<Target, { kind: "syslog" }>,
  line: string,
  network: Network,
): Promise<Sent> {
  const { host, port, transport } = target;
  const [address = ""] = await resolveAllowed(host, network);
  const bytes = Buffer.from(line);
  try {
    if (transport === "udp") await sendUdp(address, port, bytes, network.signal);
    else {
      const opened = transport === "tls" ? "secureConnect" : "connect";
      await sendStream(openStream(target, address), opened, framed(bytes), network.signal);
    }
  } catch (error) {
    network.signal.throwIfAborted();
    throw new SendError(socketError(error, `${host}:${port}`), { cause: error });
  }
  return SENT;
}

/**
 * Hands the line to a log daemon of this host.
 *
 * @throws SendError
 */
export async function sendSyslogUnix(path: string, line: string, folder: string): Promise<Sent> {
  if (!SOCKETS.has(path) && !isBelow(path, folder)) throw new SendError(`${path} is no socket of a log.`);
  sendUnixDatagram(path, Buffer.from(line));
  return SENT;
}

// --- internal ---

/** How long a receiver has to take what was sent before the socket is closed under it. */
const LINGER_MS = 1000;

const SENT: Sent = { status: null, response: null, error: null, retryAfterMs: null };

/** `<length> <line>`: no character within ends it. */
function framed(line: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${line.length} `), line]);
}

function openStream({ transport, host, port }: Extract<Target, { kind: "syslog" }>, address: string): Socket {
  if (transport === "tcp") return connectTcp({ host: address, port });
  const name = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host: address, port, rejectUnauthorized: true, ...name });
}

async function sendUdp(address: string, port: number, bytes: Buffer, signal: AbortSignal): Promise<void> {
  const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  socket.on("error", reject);
  socket.send(bytes, port, address, (error) => (error ? reject(error) : resolve()));
  await endingWith(promise, signal, () => socket.close());
}

async function sendStream(socket: Socket, opened: "connect" | "secureConnect", bytes: Buffer, signal: AbortSignal) {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let isWritten = false;
  socket.on("error", reject);
  // Only what was begun after the handshake is known to go to whom it is for.
  socket.on(opened, () => {
    socket.write(bytes, () => {
      isWritten = true;
      socket.end();
      // A receiver closes when it has read to the end; one that does not is not waited for.
      setTimeout(resolve, LINGER_MS);
    });
  });
  socket.on("close", () =>
    isWritten ? resolve() : reject(Object.assign(new Error("closed"), { code: "ECONNRESET" })),
  );
  await endingWith(promise, signal, () => socket.destroy());
}

async function endingWith(work: Promise<void>, signal: AbortSignal, close: () => void): Promise<void> {
  const late = Promise.withResolvers<never>();
  const stop = (): void => late.reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  try {
    await Promise.race([work, late.promise]);
  } finally {
    signal.removeEventListener("abort", stop);
    close();
  }
}
