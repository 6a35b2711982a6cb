/** Facts of this machine's own ends: who is listened for, and which unix sockets are connected to. */
import { FACT } from "../../protocol/facts.ts";
import { addressBytes, FAMILY, formatEndpoint, isInternet, SOCKET_TYPE, socketType } from "../../protocol/address.ts";
import { printable } from "../../protocol/printable.ts";
import { SOCKET } from "../../protocol/trace.ts";
import type { TraceRecord } from "../../protocol/trace-codec.ts";
import type { FactWriter } from "./fact-writer.ts";
import { reportLeaks, type LeakFinder } from "./leaks.ts";

type SocketRecord = Extract<TraceRecord, { record: "socket" }>;

/** The kernel chooses ports from here on, another one in every run. */
const EPHEMERAL_PORT = 32768;

/** Gives the function that takes every socket record of a run, in order. */
export function createLocalSocketFacts(writer: FactWriter, leaks: LeakFinder): (record: SocketRecord) => void {
  /** What stream sockets are bound to, for the listen that may follow. */
  const bound = new Map<bigint, string>();

  const connect = ({ path }: SocketRecord): void => {
    const name = unixName(path);
    if (name.length === 0) return;
    writer.bytes("ipc_new_socket", 0, name, 0, name.length);
    reportLeaks({ leaks, writer }, name, 0, `unix to ${printable(name)}`);
  };

  const bind = (record: SocketRecord, own: string): void => {
    if (socketType(record.type) !== SOCKET_TYPE.datagram) bound.set(record.socket, own);
    // A datagram socket needs no listen; one bound to a port of the kernel's choice is a client's.
    else if (record.port !== 0 && record.port < EPHEMERAL_PORT) writer.text("net_new_listen", own);
  };

  return (record) => {
    if (record.operation === SOCKET.connect && record.family === FAMILY.unix) return connect(record);
    if (record.result < 0) return;
    const own = ownAddress(record);
    if (record.operation === SOCKET.bind && own !== null) bind(record, own);
    if (record.operation !== SOCKET.listen) return;
    const value = record.port === 0 ? (bound.get(record.socket) ?? own) : own;
    if (value !== null) writer.text("net_new_listen", value, record.family === FAMILY.unix ? FACT.located : 0);
  };
}

// --- internal ---

/** A path up to its NUL, or `@name` for an abstract one. */
function unixName(path: Uint8Array): Uint8Array {
  if (path[0] === 0) return path.length > 1 ? Uint8Array.of(0x40, ...path.subarray(1)) : new Uint8Array();
  const nul = path.indexOf(0);
  return nul < 0 ? path : path.subarray(0, nul);
}

/** `tcp 0.0.0.0:3000`, `tcp [::]:<PORT>`, `unix /tmp/x.sock`; null for a socket without an address. */
function ownAddress(record: SocketRecord): string | null {
  if (record.family === FAMILY.unix) {
    const name = unixName(record.path);
    return name.length > 0 ? `unix ${printable(name)}` : null;
  }
  if (!isInternet(record.family)) return null;
  const protocol = socketType(record.type) === SOCKET_TYPE.datagram ? "udp" : "tcp";
  const endpoint = formatEndpoint(addressBytes(record.family, record.address), record.port);
  if (record.port !== 0 && record.port < EPHEMERAL_PORT) return `${protocol} ${endpoint}`;
  return `${protocol} ${endpoint.slice(0, endpoint.lastIndexOf(":"))}:<PORT>`;
}
