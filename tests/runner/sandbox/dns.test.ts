import { expect, test } from "bun:test";
import fc from "fast-check";
import { DNS_TYPE, parseQuestion, respond } from "../../../runner/sandbox/dns.ts";

const ADDRESS = "10.213.8.7";

function query(name: string, type: number, options: { flags?: number; questions?: number } = {}): Uint8Array {
  const labels = name
    .split(".")
    .filter(Boolean)
    .map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  const header = Buffer.from([0xab, 0xcd, 0, 0, 0, options.questions ?? 1, 0, 0, 0, 0, 0, 0]);
  header.writeUInt16BE(options.flags ?? 0x0100, 2);
  return Buffer.concat([header, ...labels, Buffer.from([0, 0, type, 0, 1])]);
}

function head(message: Uint8Array | null) {
  if (message === null) return null;
  const view = new DataView(message.buffer, message.byteOffset);
  return {
    id: view.getUint16(0),
    code: view.getUint16(2) & 15,
    questions: view.getUint16(4),
    answers: view.getUint16(6),
  };
}

test("an A question is answered with the address of its name", () => {
  const asked: string[] = [];
  const answer = respond(query("Evil.Example", DNS_TYPE.A), (name) => (asked.push(name), ADDRESS));
  expect(asked).toEqual(["evil.example"]);
  expect(head(answer)).toEqual({ id: 0xabcd, code: 0, questions: 1, answers: 1 });
  expect(Array.from(answer?.slice(-4) ?? [])).toEqual([10, 213, 8, 7]);
});

test("questions for other types exist but have no records", () => {
  for (const type of [DNS_TYPE.AAAA, 15, 16, 255]) {
    expect(head(respond(query("evil.example", type), () => ADDRESS))).toEqual({
      id: 0xabcd,
      code: 0,
      questions: 1,
      answers: 0,
    });
  }
});

test("an answer is never answered", () => {
  expect(respond(query("evil.example", DNS_TYPE.A, { flags: 0x8180 }), () => ADDRESS)).toBeNull();
});

test("what is malformed gets a format error, what is no query NOTIMP", () => {
  expect(head(respond(query("evil.example", DNS_TYPE.A, { questions: 2 }), () => ADDRESS))?.code).toBe(1);
  const pointer = Buffer.concat([query("x", DNS_TYPE.A).subarray(0, 12), Buffer.from([0xc0, 12, 0, 1, 0, 1])]);
  expect(head(respond(pointer, () => ADDRESS))?.code).toBe(1);
  expect(head(respond(query("evil.example", DNS_TYPE.A, { flags: 0x2800 }), () => ADDRESS))?.code).toBe(4);
});

test("a name longer than 255 bytes is refused", () => {
  expect(parseQuestion(query(`${"a".repeat(63)}.`.repeat(5), DNS_TYPE.A))).toBeNull();
});

test("any bytes are parsed without an error and within their bounds", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
      const question = parseQuestion(bytes);
      if (question !== null) expect(question.end).toBeLessThanOrEqual(bytes.length);
      const answer = respond(bytes, () => ADDRESS);
      if (answer !== null) expect(answer.length).toBeLessThanOrEqual(bytes.length + 16);
    }),
  );
});

test("a query cut anywhere or with any byte changed does no harm", () => {
  const whole = query("a-rather-long-label.evil.example", DNS_TYPE.A);
  fc.assert(
    fc.property(fc.nat(whole.length), fc.nat(whole.length - 1), fc.nat(255), (length, at, value) => {
      const bytes = Uint8Array.from(whole);
      bytes[at] = value;
      respond(bytes.subarray(0, length), () => ADDRESS);
    }),
  );
});
