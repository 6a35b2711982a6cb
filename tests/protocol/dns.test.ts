import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseDns, parseDnsStream } from "../../protocol/dns.ts";
import { dnsAnswer, dnsQuestion, framed } from "./packets.ts";

const header = (flags: number, questions: number, answers: number): number[] => [
  0,
  7,
  flags >> 8,
  flags & 255,
  0,
  questions,
  0,
  answers,
  0,
  0,
  0,
  0,
];
const bytes = fc.uint8Array({ maxLength: 600 });

describe("a DNS message", () => {
  test("gives the question with its case kept", () => {
    expect(parseDns(dnsQuestion("Api.Evil.Example", 28))).toEqual({
      id: 0x1234,
      response: false,
      answers: [],
      questions: [{ name: "Api.Evil.Example", type: 28 }],
    });
  });

  test("gives addresses of both families, their names taken from behind compression", () => {
    const v4 = parseDns(dnsAnswer("evil.example", "203.0.113.7"));
    expect(v4?.answers).toEqual([{ type: "A", name: "evil.example", address: Uint8Array.of(203, 0, 113, 7) }]);
    const v6 = parseDns(dnsAnswer("evil.example", "2001:db8::1"));
    expect(v6?.answers[0]).toMatchObject({ type: "AAAA", name: "evil.example" });
  });

  test("gives the target of a CNAME", () => {
    const question = dnsQuestion("a.example").slice(12);
    const answer = [0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 30, 0, 4, 1, 0x62, 0xc0, 14];
    const message = parseDns(Uint8Array.from([...header(0x8180, 1, 1), ...question, ...answer]));
    expect(message?.answers).toEqual([{ type: "CNAME", name: "a.example", target: "b.example" }]);
  });

  test("keeps the answers that are whole when the bytes are cut", () => {
    const whole = dnsAnswer("evil.example", "203.0.113.7");
    expect(parseDns(whole.subarray(0, whole.length - 1))).toMatchObject({ response: true, answers: [] });
  });

  test("tells a dot, a placeholder's bracket and odd bytes inside a label from what they imitate", () => {
    const label = [4, 0x61, 0x2e, 0x3c, 0x07];
    const message = parseDns(Uint8Array.from([...header(0x100, 1, 0), ...label, 0, 0, 1, 0, 1]));
    expect(message?.questions[0]?.name).toBe("a\\x2e\\x3c\\x07");
  });

  test.each([
    ["a pointer to itself", [0xc0, 12]],
    ["two pointers to each other", [0xc0, 14, 0xc0, 12]],
    ["a pointer forward", [0xc0, 20, 0, 0, 0, 0, 0, 0, 0]],
    ["a label that is cut off", [40, 0x61]],
    ["a name of more than 255 bytes", [..."\u003f".padEnd(64, "a").repeat(5)].map((letter) => letter.charCodeAt(0))],
  ])("with %s is none", (_, name) => {
    expect(parseDns(Uint8Array.from([...header(0x100, 1, 0), ...name, 0, 0, 1, 0, 1]))).toBeNull();
  });

  test("is not seen in a TLS hello, an HTTP request or an update", () => {
    expect(parseDns(new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"))).toBeNull();
    expect(parseDns(Uint8Array.from([22, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0, 0, 0, 0, 0, 0, 0]))).toBeNull();
    const update = dnsQuestion("a.example");
    update[2] = 0x28;
    expect(parseDns(update)).toBeNull();
  });

  test("over TCP is read behind its length, one after the other", () => {
    const stream = Uint8Array.from([...framed(dnsQuestion("one.example")), ...framed(dnsQuestion("two.example"))]);
    const first = parseDnsStream(stream);
    if (first === null || first === "incomplete") throw new Error("no first message");
    expect(first.message.questions[0]?.name).toBe("one.example");
    expect(parseDnsStream(stream.subarray(first.end))).toMatchObject({
      message: { questions: [{ name: "two.example" }] },
    });
    expect(parseDnsStream(stream.subarray(0, first.end - 1))).toBe("incomplete");
  });

  test("never throws on random bytes, and gives no more than they can hold", () => {
    fc.assert(
      fc.property(bytes, (random) => {
        const message = parseDns(random);
        parseDnsStream(random);
        if (message !== null) expect(message.questions.length + message.answers.length).toBeLessThanOrEqual(72);
      }),
      { numRuns: 2000 },
    );
  });

  test("never throws when a valid message is mutated", () => {
    const change = fc.tuple(fc.nat(200), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), fc.nat(80), (changes, cut) => {
        const message = dnsAnswer("some.evil.example", "203.0.113.7");
        for (const [at, value] of changes) message[at % message.length] = value;
        const parsed = parseDns(message.subarray(0, message.length - (cut % message.length)));
        for (const { name } of parsed?.questions ?? []) expect(name).toMatch(/^[\x21-\x7e]*$/);
      }),
      { numRuns: 3000 },
    );
  });
});
