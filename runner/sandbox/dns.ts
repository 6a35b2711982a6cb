/** The little of DNS (RFC 1035) that the sandbox's resolver speaks. Its input is untrusted. */

export const DNS_TYPE = { A: 1, AAAA: 28 } as const;
const CLASS_IN = 1;
const HEADER_BYTES = 12;
const NAME_BYTES = 255;
const LABEL_BYTES = 63;
/** Bits of the header's flags: response, opcode, authoritative answer, recursion desired and available. */
const FLAG = { response: 0x8000, opcode: 0x7800, desired: 0x0100, available: 0x0080 } as const;
const NOT_IMPLEMENTED = 4;
const FORMAT_ERROR = 1;
/** A short life, so that an address that was given to another name is not used for long. */
const TTL_SECONDS = 30;
const EMPTY = new Uint8Array();

export interface DnsQuestion {
  id: number;
  flags: number;
  /** Lower case, labels joined by dots, without the last dot; unusual bytes as `\DDD`. */
  name: string;
  type: number;
  class: number;
  /** Where the question section ends. */
  end: number;
}

/** The question of a query; null for anything that is not a query with one whole question. */
export function parseQuestion(message: Uint8Array): DnsQuestion | null {
  if (message.length < HEADER_BYTES) return null;
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const flags = view.getUint16(2);
  if ((flags & FLAG.response) !== 0 || view.getUint16(4) !== 1) return null;
  const labels: string[] = [];
  let at = HEADER_BYTES;
  for (;;) {
    const length = message[at];
    // Also refuses compression pointers: in a question there is nothing yet to point at.
    if (length === undefined || length > LABEL_BYTES) return null;
    if (length === 0) break;
    const label = message.subarray(at + 1, at + 1 + length);
    if (label.length < length || at + 1 + length - HEADER_BYTES > NAME_BYTES) return null;
    labels.push(labelText(label));
    at += 1 + length;
  }
  if (at + 5 > message.length) return null;
  return {
    id: view.getUint16(0),
    flags,
    name: labels.join("."),
    type: view.getUint16(at + 1),
    class: view.getUint16(at + 3),
    end: at + 5,
  };
}

/**
 * The response to a query: `address(name)` for an A question, no records and no error for every other type.
 * Null where no response can be made (not even an id).
 */
export function respond(query: Uint8Array, address: (name: string) => string): Uint8Array | null {
  const question = parseQuestion(query);
  if (question === null) return refuseToParse(query);
  const { flags, end, name, type } = question;
  if ((flags & FLAG.opcode) !== 0)
    return message(question.id, flags, NOT_IMPLEMENTED, query.subarray(HEADER_BYTES, end));
  const known = type === DNS_TYPE.A && question.class === CLASS_IN && name !== "";
  const answer = known ? addressRecord(address(name)) : EMPTY;
  return message(question.id, flags, 0, query.subarray(HEADER_BYTES, end), answer);
}

// --- internal ---

function labelText(label: Uint8Array): string {
  return Array.from(label, (byte) => {
    const character = String.fromCharCode(byte).toLowerCase();
    return /[a-z0-9_-]/.test(character) ? character : `\\${String(byte).padStart(3, "0")}`;
  }).join("");
}

function refuseToParse(query: Uint8Array): Uint8Array | null {
  if (query.length < HEADER_BYTES) return null;
  const view = new DataView(query.buffer, query.byteOffset, query.byteLength);
  const flags = view.getUint16(2);
  // Never answer an answer: two resolvers would talk for ever.
  return (flags & FLAG.response) !== 0 ? null : message(view.getUint16(0), flags, FORMAT_ERROR, EMPTY);
}

function message(
  id: number,
  flags: number,
  code: number,
  question: Uint8Array,
  answer: Uint8Array = EMPTY,
): Uint8Array {
  const header = new DataView(new ArrayBuffer(HEADER_BYTES));
  header.setUint16(0, id);
  header.setUint16(2, FLAG.response | FLAG.available | (flags & (FLAG.opcode | FLAG.desired)) | code);
  header.setUint16(4, question.length > 0 ? 1 : 0);
  header.setUint16(6, answer.length > 0 ? 1 : 0);
  return Buffer.concat([new Uint8Array(header.buffer), question, answer]);
}

/** The name is a pointer to the question's, right behind the header. */
function addressRecord(address: string): Uint8Array {
  const pointer = [0xc0, HEADER_BYTES];
  return Uint8Array.from([
    ...pointer,
    0,
    DNS_TYPE.A,
    0,
    CLASS_IN,
    0,
    0,
    0,
    TTL_SECONDS,
    0,
    4,
    ...address.split(".").map(Number),
  ]);
}
