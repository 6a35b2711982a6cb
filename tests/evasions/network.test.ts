import { beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { directory, evasions, ipv4, text, trace, unavailable } from "./support.ts";

const CONNECT = 1;
const [INET, NETLINK, VSOCK] = [2, 16, 40];
const [SOCKET_CALL, AF_PACKET, SOCK_RAW] = [41, 17n, 3n];

/** A tunnel's question: labels of 63 bytes. */
const QUESTION = `${"a".repeat(63)}.${"b".repeat(63)}.${"c".repeat(63)}.example`;

describe.skipIf(unavailable !== undefined)("what is sent is seen", () => {
  let program = "";
  beforeAll(() => {
    program = evasions("network");
    writeFileSync(join(directory, "body"), "x".repeat(100));
  });
  const listener = () => Bun.listen({ hostname: "127.0.0.9", port: 0, socket: { data() {} } });
  const traced = async (act: string, port: number, what: string) => {
    const end = await trace([program, act, "127.0.0.9", String(port), what]);
    const sends = end.of("send").map(({ address, data, ...rest }) => ({
      ...rest,
      address: ipv4(address),
      data: text(data),
    }));
    const contacts = end
      .of("socket")
      .filter(({ operation, family }) => operation === CONNECT && family === INET)
      .map(({ address, port }) => `${ipv4(address)}:${port}`);
    return { ...end, sends, contacts };
  };

  test.each([true, false])(
    "with its destination when it opens the connection itself (answered: %p)",
    async (answered) => {
      using server = listener();
      const { port } = server;
      if (!answered) server.stop(true);
      const { contacts, sends } = await traced("fast-open", port, "hello");
      expect(contacts).toEqual([`127.0.0.9:${port}`]);
      if (answered) expect(sends[0]).toMatchObject({ address: "127.0.0.9", port, data: "hello" });
    },
  );

  test("with the peer of the connection, not with the one that the call pretends", async () => {
    using server = listener();
    const { sends } = await traced("misdirected", server.port, "hello");
    expect(sends).toEqual([expect.objectContaining({ address: "127.0.0.9", port: server.port, data: "hello" })]);
  });

  test("whole when every byte has a buffer of its own", async () => {
    using server = listener();
    const hello = Array.from({ length: 1000 }, (_, i) => i % 10).join("");
    const { sends } = await traced("crumbs", server.port, hello);
    expect(sends.map(({ data }) => data)).toEqual([hello]);
  });

  test("by pwritev2 without an offset", async () => {
    using server = listener();
    const { sends } = await traced("pwritev2", server.port, "hello");
    expect(sends.map(({ data }) => data)).toEqual(["hello"]);
  });

  test("in the last of forty messages of one call", async () => {
    const socket = await Bun.udpSocket({ hostname: "127.0.0.9" });
    const { sends } = await traced("many-messages", socket.port, QUESTION);
    socket.close();
    expect(sends.length).toBe(40);
    expect(sends.at(-1)!.data).toBe(QUESTION);
  });

  test("by its size and destination when the kernel copies a file into a connection", async () => {
    using server = listener();
    const { sends } = await traced("sendfile", server.port, join(directory, "body"));
    expect(sends).toEqual([expect.objectContaining({ address: "127.0.0.9", port: server.port, total: 100, data: "" })]);
  });

  test("by its size and destination when it comes through a pipe", async () => {
    const socket = await Bun.udpSocket({ hostname: "127.0.0.9" });
    const { sends } = await traced("splice", socket.port, join(directory, "body"));
    socket.close();
    expect(sends).toEqual([expect.objectContaining({ address: "127.0.0.9", port: socket.port, total: 100, data: "" })]);
  });

  test("once, whatever connects again", async () => {
    using server = listener();
    const { sends } = await traced("connect-again", server.port, "hello");
    expect(sends.map(({ offset, data }) => [offset, data])).toEqual([
      [0, "hello"],
      [5, "hello"],
    ]);
  });

  test("over a connection that another process made", async () => {
    using server = listener();
    const { sends } = await traced("handed-over", server.port, "hello");
    expect(sends.map(({ port, data }) => [port, data])).toEqual([[server.port, "hello"]]);
  });

  test("to a local socket, with its path", async () => {
    const path = join(directory, "log.sock");
    const { of } = await trace([program, "local-datagram", path, "hello"]);
    expect(of("socket").map((socket) => [socket.operation, text(socket.path)])).toEqual([[CONNECT, path]]);
  });

  test("over raw, packet, virtual machine and netlink sockets", async () => {
    const { of, sends } = await traced("families", 0, "ping");
    const made = of("syscall").filter(({ syscall }) => syscall === SOCKET_CALL);
    expect(made.some(({ arguments: given }) => given[1]! === SOCK_RAW)).toBe(true);
    expect(made.some(({ arguments: given }) => given[0] === AF_PACKET)).toBe(true);
    expect(sends.map(({ address, data }) => [address, data])).toEqual([["127.0.0.9", "ping"]]);
    expect(of("socket").map(({ family }) => family)).toEqual([VSOCK, NETLINK]);
  });

  test("whole when it is written byte by byte, beyond a TLS hello's first 512", async () => {
    using server = listener();
    const hello = Array.from({ length: 1900 }, (_, i) => i % 10).join("");
    const acts = join(directory, "acts");
    Bun.spawnSync(["gcc", "-O1", "-o", acts, join(import.meta.dir, "../runner/sensor/acts.c")]);
    const { of } = await trace([acts, "drip", "127.0.0.9", String(server.port), hello]);
    expect(
      of("send")
        .map(({ data }) => text(data))
        .join(""),
    ).toBe(hello);
  });

  test("and an answer that waited before the connection is not taken for the peer's", async () => {
    const resolver = await Bun.udpSocket({ hostname: "127.0.0.9" });
    const { of, exitCode } = await traced("forged-answer", resolver.port, "");
    resolver.close();
    expect(exitCode).toBe(0);
    expect(of("receive").filter(({ address }) => ipv4(address) === "127.0.0.9")).toEqual([]);
  });

  test("when the process dies before the connection is made", async () => {
    // Nobody answers for an address of TEST-NET-1.
    const { of } = await trace([program, "killed-inside", "192.0.2.1", "81"]);
    expect(of("socket").map(({ address, port }) => `${ipv4(address)}:${port}`)).toEqual(["192.0.2.1:81"]);
  });
});
