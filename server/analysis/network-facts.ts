/** Facts of what goes out: who is contacted, under which name, and what leaves that should not. */
import { addressBytes, isInternet, socketType, SOCKET_TYPE } from "../../protocol/address.ts";
import { parseDns, parseDnsStream, type DnsMessage } from "../../protocol/dns.ts";
import { FACT } from "../../protocol/facts.ts";
import { parseHttpHead } from "../../protocol/http-head.ts";
import type { Environment } from "../../protocol/models.ts";
import { parseClientHello } from "../../protocol/tls.ts";
import { FLAG, SOCKET } from "../../protocol/trace.ts";
import type { TraceRecord } from "../../protocol/trace-codec.ts";
import { createAddressNames } from "./address-names.ts";
import { createDestinations, type Destination } from "./destinations.ts";
import type { FactWriter, Origin } from "./fact-writer.ts";
import { reportLeaks, type LeakFinder } from "./leaks.ts";
import type { Process } from "./processes.ts";
import { createStream, type Stream } from "./stream.ts";

type Of<Name extends TraceRecord["record"]> = Extract<TraceRecord, { record: Name }>;

export interface NetworkFacts {
  socket(record: Of<"socket">, process: Process): void;
  send(record: Of<"send">, process: Process): void;
  receive(record: Of<"receive">, process: Process): void;
  /** Facts that wait for what does not come; call it once, behind the last record. */
  finish(): void;
  /** What was too much to be followed; null if all was. */
  flood(): string | null;
}

interface Connection {
  stream: Stream;
  /** What the first bytes turned out to be. */
  protocol: "unknown" | "dns" | "other";
  /** Where the next DNS message of the stream begins. */
  dnsAt: number;
  /** Bytes in which leaks were looked for. */
  searched: number;
  /** The connect to the resolver, a fact unless DNS follows. */
  pending: { origin: Origin; name: string } | null;
}

/** Connections of a run that are followed at the same time; each holds up to 4 KiB. */
const CONNECTION_LIMIT = 16384;

/** The kernel copies a file or a pipe into the connection, past the process's own memory. */
const UNSEEN = "sendfile or splice to a socket";

export function createNetworkFacts(environment: Environment, writer: FactWriter, leaks: LeakFinder): NetworkFacts {
  const names = createAddressNames();
  const destinationOf = createDestinations(environment, names);
  const connections = new Map<bigint, Connection>();
  let flood: string | null = null;

  const open = (socket: bigint): Connection => {
    if (connections.size >= CONNECTION_LIMIT && !connections.has(socket)) {
      flood = `more than ${CONNECTION_LIMIT} connections`;
      settle(connections.keys().next().value ?? socket);
    }
    const connection: Connection = {
      stream: createStream(),
      protocol: "unknown",
      dnsAt: 0,
      searched: 0,
      pending: null,
    };
    connections.set(socket, connection);
    return connection;
  };

  /** Ends a connection: what waited for its bytes is a fact now. */
  const settle = (socket: bigint): void => {
    const pending = connections.get(socket)?.pending;
    connections.delete(socket);
    if (!pending) return;
    const current = { ...writer.origin };
    Object.assign(writer.origin, pending.origin);
    writer.text("net_new_destination", pending.name, FACT.named);
    Object.assign(writer.origin, current);
  };

  const report = (destination: Destination): void => {
    if (destination.name === null) writer.address("net_new_destination", destination.port, destination.address);
    else writer.text("net_new_destination", destination.name, FACT.named);
  };

  const connect = (record: Of<"socket">, process: Process): void => {
    // A connect on a datagram socket sends nothing: libc does it to choose a source address.
    if (!isInternet(record.family) || socketType(record.type) === SOCKET_TYPE.datagram) return;
    settle(record.socket);
    const connection = open(record.socket);
    const destination = destinationOf(process.index, addressBytes(record.family, record.address), record.port);
    if (destination.role === "resolver") {
      connection.pending = { origin: { ...writer.origin }, name: destination.text };
    } else report(destination);
  };

  const asked = (message: DnsMessage): void => {
    for (const { name } of message.questions) {
      writer.text("net_new_dns", name || "<ROOT>");
      // A tunnel cuts the secret into labels of at most 63 bytes.
      const text = new TextEncoder().encode(`${name}\n${name.replaceAll(".", "")}`);
      reportLeaks({ leaks, writer }, text, 0, `dns to ${name.split(".").slice(-2).join(".")}`);
    }
  };

  const sendDatagram = (record: Of<"send">, destination: Destination): void => {
    const message = parseDns(record.data);
    const question = message !== null && !message.response ? message : null;
    if (question !== null) asked(question);
    reportLeaks({ leaks, writer }, record.data, 0, `udp to ${destination.text}`);
    // To the resolver a question is ordinary; a question to anybody else is contact with him, whatever it asks.
    if (question === null || destination.role !== "resolver") report(destination);
  };

  const sendStream = (record: Of<"send">, destination: Destination): void => {
    let connection = connections.get(record.socket);
    if (connection === undefined) {
      // No connect was seen: sendto with MSG_FASTOPEN connects, too.
      connection = open(record.socket);
      report(destination);
    }
    if (!connection.stream.add(record.offset, record.data)) return;
    const bytes = connection.stream.beginning();
    if (connection.protocol !== "other") recognise(connection, bytes, destination);
    const from = Math.max(0, connection.searched - leaks.overlap);
    connection.searched = bytes.length;
    const channel = parseHttpHead(bytes.subarray(0, 512)) === null ? "tcp" : "http";
    reportLeaks({ leaks, writer }, bytes, from, `${channel} to ${destination.text}`);
  };

  const recognise = (connection: Connection, bytes: Uint8Array, destination: Destination): void => {
    const dns = takeQuestions(connection, bytes);
    if (connection.protocol === "dns") return;
    const hello = parseClientHello(bytes);
    const head = hello === null ? parseHttpHead(bytes) : null;
    if (hello === "incomplete" || head === "incomplete") return;
    if (hello === null && head === null && dns === "incomplete") return;
    connection.protocol = "other";
    if (hello?.sni) writer.text("net_new_https_host", hello.sni);
    if (head?.host && destination.role !== "registry") writer.text("net_new_http_host", head.host);
  };

  /** Takes the DNS messages that are whole; says whether what is left could become one. */
  const takeQuestions = (connection: Connection, bytes: Uint8Array): "incomplete" | null => {
    for (;;) {
      const next = parseDnsStream(bytes.subarray(connection.dnsAt));
      if (next === "incomplete" || next === null) return next;
      if (!next.message.response) asked(next.message);
      connection.protocol = "dns";
      connection.pending = null;
      connection.dnsAt += next.end;
    }
  };

  return {
    socket(record, process) {
      if (record.operation === SOCKET.connect) connect(record, process);
      // What is sent on an accepted connection goes to who called, not to a destination of ours.
      else if (record.operation === SOCKET.accept && isInternet(record.family)) open(record.socket);
    },
    send(record, process) {
      if (!isInternet(record.family)) return;
      const destination = destinationOf(process.index, addressBytes(record.family, record.address), record.port);
      // Neither a name nor a leak can be found in bytes that nobody saw: so to send is behaviour by itself.
      if (record.data.length === 0 && record.flags & FLAG.truncated) writer.text("sys_new_rare", UNSEEN);
      if (socketType(record.type) === SOCKET_TYPE.stream) sendStream(record, destination);
      else sendDatagram(record, destination);
    },
    receive(record, process) {
      if (!isInternet(record.family)) return;
      const { role } = destinationOf(process.index, addressBytes(record.family, record.address), record.port);
      // Only the sandbox's resolver may name an address: anybody could pass his own off as a known name.
      if (role !== "resolver") return;
      const framed = parseDnsStream(record.data);
      const message = framed !== null && framed !== "incomplete" ? framed.message : parseDns(record.data);
      if (message?.response) names.learn(process.index, message);
    },
    finish() {
      for (const socket of connections.keys()) settle(socket);
    },
    flood: () => flood,
  };
}
