import { beforeAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { acts, directory, text, trace, unavailable } from "./support.ts";

describe.skipIf(unavailable !== undefined)("the network of a traced command", () => {
  let program = "";
  beforeAll(() => {
    program = acts();
  });

  const address = (bytes: Uint8Array, family: number) => (family === 2 ? bytes.subarray(0, 4).join(".") : bytes);

  test("a connection has its address, its port and its result", async () => {
    using server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { of } = await trace([
      "bash",
      "-c",
      `exec 3<>/dev/tcp/127.0.0.1/${server.port}; exec 4<>/dev/tcp/127.0.0.1/1`,
    ]);
    const seen = of("socket")
      .filter((s) => s.family === 2)
      .map((s) => [address(s.address, 2), s.port, s.result]);
    expect(seen).toEqual([
      ["127.0.0.1", server.port, 0],
      ["127.0.0.1", 1, -111],
    ]);
  });

  test("a connection through io_uring is seen", async () => {
    using server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { of, exitCode } = await trace([program, "uring-connect", "127.0.0.1", String(server.port)]);
    expect(exitCode).toBe(0);
    const seen = of("socket").map((s) => [s.operation, address(s.address, 2), s.port, s.flags & 16]);
    expect(seen).toEqual([[1, "127.0.0.1", server.port, 16]]);
  });

  test("an IPv6 connection has its sixteen bytes", async () => {
    const { of } = await trace(["bash", "-c", "exec 3<>/dev/tcp/::1/1"]);
    const socket = of("socket").find((s) => s.family === 10)!;
    expect([...socket.address]).toEqual([...Array<number>(15).fill(0), 1]);
    expect(socket.port).toBe(1);
  });

  test("datagrams are seen by whatever call they leave", async () => {
    const listener = await Bun.udpSocket({ hostname: "127.0.0.9" });
    const { of } = await trace([program, "datagrams", "127.0.0.9", String(listener.port), "hello"]);
    listener.close();
    const sent = of("send").map((s) => [address(s.address, s.family), s.port, text(s.data)]);
    expect(sent).toEqual(Array.from({ length: 4 }, () => ["127.0.0.9", listener.port, "hello"]));
  });

  test("datagrams that nobody takes are seen too", async () => {
    const { of } = await trace([program, "datagrams", "127.0.0.9", "9", "hello"]);
    const sent = of("send").map((s) => [s.port, s.result]);
    expect(sent).toContainEqual([9, 5]);
    expect(sent).toContainEqual([9, -111]); // the refusal of the first arrives with a later one
  });

  test("a stream's first bytes are kept even in writes of one byte", async () => {
    using server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { of } = await trace([program, "drip", "127.0.0.1", String(server.port), "GET / HTTP/1.1"]);
    const drops = of("send");
    expect(drops.map((drop) => drop.offset)).toEqual([...Array(14).keys()]);
    expect(drops.map((drop) => text(drop.data)).join("")).toBe("GET / HTTP/1.1");
  });

  test("a stream is kept up to its limit and not beyond", async () => {
    using server = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { of } = await trace([
      "bash",
      "-c",
      `exec 3<>/dev/tcp/127.0.0.1/${server.port}; for i in 1 2 3 4; do head -c 1000 /dev/zero >&3; done`,
    ]);
    const kept = of("send").map((send) => [send.offset, send.data.length, send.total]);
    expect(kept).toEqual([
      [0, 1000, 1000],
      [1000, 1000, 1000],
      [2000, 48, 1000],
    ]);
  });

  test("unix sockets show their path, abstract ones their hidden name", async () => {
    const path = join(directory, "no.sock");
    const { of } = await trace([program, "unix", path]);
    expect(of("socket").map((socket) => text(socket.path))).toEqual([path, "\0hidden"]);
  });

  test("an abstract name is known when it is bound, waited on and contacted", async () => {
    const { of, exitCode } = await trace([program, "abstract", "secret-bus"]);
    expect(exitCode).toBe(0);
    const seen = of("socket").map((socket) => [socket.operation, text(socket.path)]);
    expect(seen).toEqual([
      [2, "\0secret-bus"],
      [3, "\0secret-bus"],
      [1, "\0secret-bus"],
    ]);
  });

  test("listening shows the address and the port that the kernel gave", async () => {
    const script = 'require("net").createServer().listen(0, "127.0.0.1", function () { this.close() })';
    const { of } = await trace(["node", "-e", script]);
    const listen = of("socket").find((socket) => socket.operation === 3)!;
    expect(address(listen.address, 2)).toBe("127.0.0.1");
    expect(listen.port).toBeGreaterThan(1024);
  });
});
