/** Records in the words of people: what `fangs trace` and the list of events show. */
import { addressBytes, FAMILY, formatAddress, formatEndpoint, isInternet, SOCKET_TYPE, socketType } from "./address.ts";
import { dnsTypeName, parseDns, parseDnsStream, type DnsMessage } from "./dns.ts";
import { parseHttpHead } from "./http-head.ts";
import { printable, printableTokens } from "./printable.ts";
import { resultName, syscallName } from "./syscalls.ts";
import { parseClientHello } from "./tls.ts";
import { FLAG, LOSS, MARKER, PHASE, recordName, SOCKET } from "./trace.ts";
import type { TraceRecord } from "./trace-codec.ts";

export interface Description {
  /** `open`, `connect`, `dns`, `tls`, … */
  type: string;
  /** Untrusted strings in it are escaped: see printable.ts. */
  summary: string;
  /** `ok`, an error's name, or empty where a record has no result. */
  result: string;
}

/** What a record says, in one line. */
export function describeRecord(record: TraceRecord): Description {
  switch (record.record) {
    case "fork":
      return { type: "fork", summary: `process ${record.child} (pid ${record.child_pid})`, result: "" };
    case "exec":
      return { type: "exec", summary: describeExec(record), result: "ok" };
    case "exit":
      return { type: "exit", summary: exitText(record.code, record.signal), result: "" };
    case "open":
      return { type: "open", summary: describeOpen(record), result: resultName(record.result) };
    case "change":
      return { type: "change", summary: describeChange(record), result: resultName(record.result) };
    case "socket":
      return {
        type: nameOf(SOCKET, record.operation, "socket"),
        summary: `${peer(record)} ${transport(record)}`,
        result: resultName(record.result),
      };
    case "send":
      return { ...describeSend(record), result: resultName(record.result) };
    case "receive":
      return { ...describeReceive(record), result: resultName(record.result) };
    case "syscall":
      return { type: "syscall", summary: describeSyscall(record), result: resultName(record.result) };
    case "marker":
      return { type: "marker", summary: describeMarker(record), result: "" };
  }
}

/** `exit 0`, or `killed by signal 9`. */
export function exitText(code: number, signal: number): string {
  return signal === 0 ? `exit ${code}` : `killed by signal ${signal}`;
}

/** The name of a phase's number; `none` for one that does not exist. */
export function phaseName(phase: number): string {
  return nameOf(PHASE, phase, "none");
}

/** `203.0.113.7:443`, `[2001:db8::1]:443`, `/run/x.sock` or `@abstract`. */
export function peer(record: { family: number; address: Uint8Array; port: number; path?: Uint8Array }): string {
  if (record.family === FAMILY.unix) return unixPath(record.path ?? new Uint8Array());
  if (isInternet(record.family)) {
    return formatEndpoint(addressBytes(record.family, record.address), record.port);
  }
  return nameOf(FAMILY, record.family, `family ${record.family}`);
}

// --- internal ---

type Of<Name extends TraceRecord["record"]> = Extract<TraceRecord, { record: Name }>;

const ACCESS_NAMES = ["O_RDONLY", "O_WRONLY", "O_RDWR", "O_ACCMODE"];
const OPEN_FLAGS: readonly (readonly [number, string])[] = [
  [0x40, "O_CREAT"],
  [0x80, "O_EXCL"],
  [0x200, "O_TRUNC"],
  [0x400, "O_APPEND"],
  [0x10000, "O_DIRECTORY"],
  [0x20000, "O_NOFOLLOW"],
  [0x200000, "O_PATH"],
  [0x400000, "O_TMPFILE"],
];

type Table = Readonly<Record<string, number>>;

const namesByTable = new WeakMap<Table, Map<number, string>>();

function nameOf(table: Table, value: number, otherwise: string): string {
  let names = namesByTable.get(table);
  if (names === undefined) {
    // The first name of a number counts.
    names = new Map(
      Object.entries(table)
        .toReversed()
        .map(([name, number]) => [number, name]),
    );
    namesByTable.set(table, names);
  }
  return names.get(value) ?? otherwise;
}

function describeExec(record: Of<"exec">): string {
  const note = record.flags & (FLAG.detached | FLAG.deleted) ? " (no file)" : "";
  return `${printable(record.binary)}${note}: ${printableTokens(record.argv).join(" ")}`;
}

function describeOpen(record: Of<"open">): string {
  const path = printable(record.path);
  const requested = printable(record.requested);
  const flags = OPEN_FLAGS.filter(([bit]) => record.open_flags & bit).map(([, name]) => name);
  const access = [ACCESS_NAMES[record.open_flags & 3], ...flags].join("|");
  return `${path}${requested === path || requested === "" ? "" : ` (requested ${requested})`} ${access}`;
}

function describeChange(record: Of<"change">): string {
  // An arrow of ASCII: one character beyond Latin-1 makes a page of events four times as dear to write as JSON.
  const target = record.target.length > 0 ? ` -> ${printable(record.target)}` : "";
  return `${syscallName(record.syscall)} ${printable(record.path)}${target}`;
}

function unixPath(path: Uint8Array): string {
  return path[0] === 0 ? `@${printable(path.subarray(1))}` : printable(path);
}

function transport(record: { family: number; type: number }): string {
  if (record.family === FAMILY.unix) return "unix";
  const type = socketType(record.type);
  if (type === SOCKET_TYPE.stream) return "tcp";
  return type === SOCKET_TYPE.datagram ? "udp" : nameOf(SOCKET_TYPE, type, `type ${type}`);
}

function describeSend(record: Of<"send">): { type: string; summary: string } {
  const to = `${peer(record)} ${transport(record)}`;
  const dns = dnsOf(record);
  if (dns !== null && !dns.response) return { type: "dns", summary: `${questions(dns)} to ${to}` };
  if (record.offset === 0) {
    const hello = parseClientHello(record.data);
    if (hello !== null && hello !== "incomplete") {
      return { type: "tls", summary: `${hello.sni ?? "no server name"} at ${to}` };
    }
    const head = parseHttpHead(record.data);
    if (head !== null && head !== "incomplete") {
      return { type: "http", summary: `${head.method} ${head.host ?? ""}${head.path} at ${to}` };
    }
  }
  return { type: "send", summary: `${record.total} bytes to ${to}` };
}

function describeReceive(record: Of<"receive">): { type: string; summary: string } {
  const from = `${peer(record)} ${transport(record)}`;
  const dns = dnsOf(record);
  if (dns === null || !dns.response) {
    return { type: "receive", summary: `${record.data.length} bytes from ${from}` };
  }
  const answers = dns.answers.map((answer) =>
    answer.type === "CNAME" ? `CNAME ${answer.target}` : `${answer.type} ${formatAddress(answer.address)}`,
  );
  return { type: "dns answer", summary: `${questions(dns)}: ${answers.join(", ") || "nothing"} from ${from}` };
}

function dnsOf(record: Of<"send"> | Of<"receive">): DnsMessage | null {
  if (socketType(record.type) !== SOCKET_TYPE.stream) return parseDns(record.data);
  const framed = parseDnsStream(record.data);
  if (framed !== null && framed !== "incomplete") return framed.message;
  // A client may read the length and the message apart.
  return record.record === "receive" ? parseDns(record.data) : null;
}

function questions(message: DnsMessage): string {
  return message.questions.map(({ name, type }) => `${name || "."} ${dnsTypeName(type)}`).join(", ");
}

function describeSyscall(record: Of<"syscall">): string {
  // The numbers of 32-bit calls are those of another table.
  const name = record.flags & FLAG.compat ? `32-bit system call ${record.syscall}` : syscallName(record.syscall);
  const text = record.text.length > 0 ? ` ${printable(record.text)}` : "";
  const values = record.arguments.map((value) => (value < 4096n ? `${value}` : `0x${value.toString(16)}`));
  return `${name}(${values.join(", ")})${text}`;
}

function describeMarker(record: Of<"marker">): string {
  const [first = 0n, second = 0n, third = 0n, fourth = 0n] = record.values;
  const text = record.text.length > 0 ? ` ${printable(record.text)}` : "";
  switch (record.kind) {
    case MARKER.phaseBegin:
      return `${phaseName(Number(first))} begins${text}`;
    case MARKER.phaseEnd: {
      const ending = fourth !== 0n ? "timed out" : exitText(Number(second), Number(third));
      return `${phaseName(Number(first))} ends: ${ending}${text}`;
    }
    case MARKER.loss:
      return `${third} ${recordWord(first)} records lost: ${nameOf(LOSS, Number(second), "unknown cause")}${text}`;
    case MARKER.sent:
      return `${recordWord(first)} records: ${second} sent, ${third} received${text}`;
    case MARKER.survivor:
      return `still alive after ${phaseName(Number(first))}${text}`;
    default:
      return `marker ${record.kind}${text}`;
  }
}

function recordWord(type: bigint): string {
  return recordName(Number(type)) ?? `type ${type}`;
}
