import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseClientHello } from "../../protocol/tls.ts";
import { clientHello } from "./packets.ts";

describe("a TLS client hello", () => {
  test("names its server and its protocols", () => {
    expect(parseClientHello(clientHello("Evil.Example"))).toEqual({ sni: "Evil.Example", alpn: ["h2", "http/1.1"] });
  });

  test("without a server name says so", () => {
    expect(parseClientHello(clientHello(null))).toEqual({ sni: null, alpn: ["h2", "http/1.1"] });
  });

  test.each([1, 2, 5, 17, 100])("split over TLS records of %d bytes reads the same", (size) => {
    expect(parseClientHello(clientHello("evil.example", size))).toMatchObject({ sni: "evil.example" });
  });

  test("is incomplete at every length until the name is there, and never something else", () => {
    const hello = clientHello("evil.example");
    const results = Array.from(hello, (_, length) => parseClientHello(hello.subarray(0, length)));
    const named = results.findIndex((result) => typeof result === "object" && result !== null);
    expect(named).toBeGreaterThan(60);
    expect(results.slice(0, named).every((result) => result === "incomplete")).toBe(true);
    expect(results.slice(named).every((result) => typeof result === "object" && result?.sni === "evil.example")).toBe(
      true,
    );
  });

  test("keeps control characters out of the name", () => {
    expect(parseClientHello(clientHello("a\u001b[2Jb"))).toMatchObject({ sni: "a\\x1b[2Jb" });
  });

  test.each(["GET / HTTP/1.1\r\n", "\u0016\u0002\u0001abc", "SSH-2.0-x\r\n", "\u0017\u0003\u0003\u0000\u0005hello"])(
    "is not seen in %j",
    (text) => {
      expect(parseClientHello(new TextEncoder().encode(text))).toBeNull();
    },
  );

  test("never throws on random or mutated bytes", () => {
    const change = fc.tuple(fc.nat(300), fc.nat(255));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.array(change, { maxLength: 6 }), (random, changes) => {
        parseClientHello(random);
        parseClientHello(Uint8Array.from([22, 3, 1, 0, 200, 1, 0, 0, 190, ...random]));
        const hello = clientHello("evil.example", 60);
        for (const [at, value] of changes) hello[at % hello.length] = value;
        const parsed = parseClientHello(hello);
        if (parsed !== null && parsed !== "incomplete") expect(parsed.sni ?? "").toMatch(/^[\x21-\x7e]*$/);
      }),
      { numRuns: 3000 },
    );
  });
});
