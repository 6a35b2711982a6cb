/** DNS messages (RFC 1035) from untrusted bytes: questions, and answers of type A, AAAA and CNAME. */

export interface DnsQuestion {
  /** As sent, without the final dot; `""` is the root. Bytes outside printable ASCII are `\xNN`. */
  name: string;
  type: number;
}
export type DnsAnswer =
  { type: "A" | "AAAA"; name: string; address: Uint8Array } | { type: "CNAME"; name: string; target: string };
export interface DnsMessage {
  id: number;
  response: boolean;
  questions: DnsQuestion[];
  /** Empty in a question; cut short where the bytes are. */
  answers: DnsAnswer[];
}

const HEADER_SIZE = 12;
const NAME_LIMIT = 255;
/** `.`, `\\`, `<` and `>` within a label. */
const ESCAPED = new Set([0x2e, 0x5c, 0x3c, 0x3e]);
const QUESTION_LIMIT = 8;
const ANSWER_LIMIT = 64;
const TYPE = { A: 1, CNAME: 5, AAAA: 28 } as const;
/** IN, CH, HS, NONE and ANY; the top bit is multicast DNS's. */
const CLASSES = new Set([1, 3, 4, 254, 255]);
const TYPE_NAMES = new Map([
  [1, "A"],
  [2, "NS"],
  [5, "CNAME"],
  [6, "SOA"],
  [12, "PTR"],
  [15, "MX"],
  [16, "TXT"],
  [28, "AAAA"],
  [33, "SRV"],
  [65, "HTTPS"],
  [255, "ANY"],
]);

/** A standard query or its response; null for bytes that are not one. Never throws. */
export function parseDns(bytes: Uint8Array): DnsMessage | null {
  if (bytes.length < HEADER_SIZE) return null;
  const flags = u16(bytes, 2);
  const questionCount = u16(bytes, 4);
  const answerCount = u16(bytes, 6);
  const opcode = (flags >> 11) & 15;
  if (opcode !== 0 || questionCount > QUESTION_LIMIT) return null;
  const response = (flags & 0x8000) !== 0;
  // A query without a question means nothing; an answer without one is multicast DNS.
  if (questionCount === 0 && !(response && answerCount > 0)) return null;

  const questions: DnsQuestion[] = [];
  let at = HEADER_SIZE;
  for (let i = 0; i < questionCount; i++) {
    const name = readName(bytes, at);
    if (!name || name.end + 4 > bytes.length) return null;
    if (!CLASSES.has(u16(bytes, name.end + 2) & 0x7fff)) return null;
    questions.push({ name: name.text, type: u16(bytes, name.end) });
    at = name.end + 4;
  }
  return { id: u16(bytes, 0), response, questions, answers: response ? readAnswers(bytes, at, answerCount) : [] };
}

/**
 * The message at the start of a TCP stream, which has a two-byte length in front. `end` is where the next one
 * begins. "incomplete" when the bytes so far could be the start of a message.
 */
export function parseDnsStream(bytes: Uint8Array): { message: DnsMessage; end: number } | "incomplete" | null {
  if (bytes.length < 2) return "incomplete";
  const length = u16(bytes, 0);
  if (length < HEADER_SIZE + 5) return null;
  // The opcode is wrong for most protocols that are not DNS: say so before the message is whole.
  if (bytes.length > 4 && ((bytes[4] ?? 0) & 0x78) !== 0) return null;
  if (bytes.length < 2 + length) return "incomplete";
  const message = parseDns(bytes.subarray(2, 2 + length));
  return message && { message, end: 2 + length };
}

/** `A`, `AAAA`, `TXT`…; `TYPE<n>` for the others. */
export function dnsTypeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`;
}

// --- internal ---

function readAnswers(bytes: Uint8Array, start: number, count: number): DnsAnswer[] {
  const answers: DnsAnswer[] = [];
  let at = start;
  for (let i = 0; i < Math.min(count, ANSWER_LIMIT); i++) {
    const name = readName(bytes, at);
    if (!name || name.end + 10 > bytes.length) break;
    const type = u16(bytes, name.end);
    const data = name.end + 10;
    const length = u16(bytes, name.end + 8);
    if (data + length > bytes.length) break;
    if (type === TYPE.A && length === 4) {
      answers.push({ type: "A", name: name.text, address: bytes.slice(data, data + 4) });
    } else if (type === TYPE.AAAA && length === 16) {
      answers.push({ type: "AAAA", name: name.text, address: bytes.slice(data, data + 16) });
    } else if (type === TYPE.CNAME) {
      const target = readName(bytes, data);
      if (target) answers.push({ type: "CNAME", name: name.text, target: target.text });
    }
    at = data + length;
  }
  return answers;
}

/** A name with its compression followed. A pointer must lead backwards, so that no chain of them can loop. */
function readName(bytes: Uint8Array, start: number): { text: string; end: number } | null {
  const labels: string[] = [];
  let at = start;
  let end = -1;
  let lowest = start;
  let total = 0;
  for (;;) {
    const length = bytes[at];
    if (length === undefined) return null;
    if (length === 0) return { text: labels.join("."), end: end < 0 ? at + 1 : end };
    if (length >= 0xc0) {
      if (at + 1 >= bytes.length) return null;
      const target = u16(bytes, at) & 0x3fff;
      if (target >= lowest) return null;
      if (end < 0) end = at + 2;
      lowest = target;
      at = target;
      continue;
    }
    if (length > 63 || at + 1 + length > bytes.length) return null;
    total += length + 1;
    if (total > NAME_LIMIT) return null;
    labels.push(labelText(bytes, at + 1, at + 1 + length));
    at += length + 1;
  }
}

function labelText(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let i = start; i < end; i++) {
    const byte = bytes[i] ?? 0;
    // A dot inside a label is no separator, and `<` begins a placeholder of ours: escaped, so that no two names
    // read the same and none passes for a placeholder.
    text +=
      byte > 0x20 && byte < 0x7f && !ESCAPED.has(byte)
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

function u16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
