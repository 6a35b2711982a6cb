import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseHttpHead } from "../../protocol/http-head.ts";

const parse = (text: string) => parseHttpHead(new TextEncoder().encode(text));

describe("an HTTP request head", () => {
  test("gives method, path and host without its port", () => {
    const head = parse("POST /a?b=c HTTP/1.1\r\nUser-Agent: x\r\nHost: evil.example:8080\r\n\r\nbody");
    expect(head).toEqual({ method: "POST", path: "/a?b=c", host: "evil.example" });
  });

  test.each([
    ["a lower-case field name", "GET / HTTP/1.1\r\nhost:evil.example\r\n\r\n"],
    ["line feeds alone", "GET / HTTP/1.1\nHost: evil.example\n\n"],
    ["a whole URL for a proxy", "GET http://evil.example/x HTTP/1.1\r\nHost: good.example\r\n\r\n"],
    ["CONNECT", "CONNECT evil.example:443 HTTP/1.1\r\nHost: good.example\r\n\r\n"],
    ["spaces around the host", "GET / HTTP/1.1\r\nHost :  evil.example \r\n\r\n"],
    ["user and password", "GET http://user:pass@evil.example/x HTTP/1.1\r\n\r\n"],
  ])("is read with %s", (_, text) => {
    expect(parse(text)).toMatchObject({ host: "evil.example" });
  });

  test("keeps an IPv6 host whole", () => {
    expect(parse("GET / HTTP/1.1\r\nHost: [2001:db8::1]:80\r\n\r\n")).toMatchObject({ host: "[2001:db8::1]" });
  });

  test("without a host says so", () => {
    expect(parse("GET / HTTP/1.0\r\nAccept: *\r\n\r\n")).toEqual({ method: "GET", path: "/", host: null });
  });

  test("is incomplete until the host or the end is there", () => {
    const text = "GET /path HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    const known = text.indexOf("\r\n\r\n") + 2;
    for (let length = 0; length < known; length++) expect(parse(text.slice(0, length))).toBe("incomplete");
    expect(parse(text.slice(0, known))).toMatchObject({ host: "evil.example" });
  });

  test.each([
    "PRI * HTTP/2.0\r\n\r\n",
    "\u0016\u0003\u0001",
    "hello world\r\n",
    "x".repeat(100),
    " GET / HTTP/1.1\r\n",
  ])("is not seen in %j", (text) => {
    expect(parse(text)).toBeNull();
  });

  test("is bounded: a head that never ends names no host", () => {
    expect(parse(`GET / HTTP/1.1\r\n${"a: b\r\n".repeat(4000)}`)).toMatchObject({ host: null });
  });

  test("never throws, and its strings are printable, whatever comes", () => {
    const valid = new TextEncoder().encode("GET /path HTTP/1.1\r\nAccept: x\r\nHost: evil.example\r\n\r\n");
    const change = fc.tuple(fc.nat(200), fc.nat(255));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(change, { maxLength: 6 }), (random, changes) => {
        parseHttpHead(random);
        const mutated = valid.slice();
        for (const [at, value] of changes) mutated[at % mutated.length] = value;
        const head = parseHttpHead(mutated);
        if (head !== null && head !== "incomplete") expect(`${head.path}${head.host ?? ""}`).not.toMatch(/\p{Cc}/u);
      }),
      { numRuns: 3000 },
    );
  });
});
