/** One datagram to a unix socket, such as /dev/log: neither node:dgram nor Bun has them. */
import { dlopen } from "bun:ffi";
import { SendError } from "./send-error.ts";

const AF_UNIX = 1;
/** SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK: a daemon that does not read must not hold the server. */
const TYPE = 2 | 0x80000 | 0x800;
const MSG_NOSIGNAL = 0x4000;
/** sun_path with its NUL. */
const PATH_BYTES = 108;

/** @throws SendError where nobody listens, or the daemon's queue is full */
export function sendUnixDatagram(path: string, bytes: Uint8Array): void {
  const name = new TextEncoder().encode(path);
  if (name.length >= PATH_BYTES) throw new SendError(`The path of the socket is longer than ${PATH_BYTES - 1} bytes.`);
  const address = new Uint8Array(2 + PATH_BYTES);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  address.set(name, 2);
  const { socket, sendto, close } = libc().symbols;
  const fd = socket(AF_UNIX, TYPE, 0);
  if (fd < 0) throw new SendError("No socket can be opened.");
  try {
    const sent = Number(sendto(fd, bytes, BigInt(bytes.length), MSG_NOSIGNAL, address, address.length));
    if (sent !== bytes.length) throw new SendError(`${path} took nothing: nobody listens there, or its queue is full.`);
  } finally {
    close(fd);
  }
}

// --- internal ---

let loaded: ReturnType<typeof load> | undefined;

function libc(): ReturnType<typeof load> {
  return (loaded ??= load());
}

function load() {
  return dlopen("libc.so.6", {
    socket: { args: ["i32", "i32", "i32"], returns: "i32" },
    sendto: { args: ["i32", "ptr", "u64", "i32", "ptr", "u32"], returns: "i64" },
    close: { args: ["i32"], returns: "i32" },
  });
}
