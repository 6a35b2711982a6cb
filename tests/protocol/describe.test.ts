import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { describeRecord } from "../../protocol/describe.ts";
import { printable, printableTokens } from "../../protocol/printable.ts";
import { TraceCursor } from "../../protocol/trace.ts";
import { decodeRecord, encodeRecord } from "../../protocol/trace-codec.ts";
import { clientHello, dnsAnswer, dnsQuestion, framed } from "./packets.ts";
import { HOME, RESOLVER, Story } from "../server/analysis/story.ts";

/** `type: summary → result` of the records of a story. */
function lines(tell: (story: Story) => void): string[] {
  const story = new Story();
  tell(story);
  return story.records.map((bytes) => {
    const cursor = new TraceCursor(bytes);
    cursor.next();
    const record = decodeRecord(cursor);
    if (record === undefined) throw new Error("unknown record");
    const { type, summary, result } = describeRecord(record);
    return `${type}: ${summary}${result === "" ? "" : ` → ${result}`}`;
  });
}

describe("a record in words", () => {
  test("of files", () => {
    expect(
      lines((story) => {
        story.open(16, `${HOME}/.ssh/id_ed25519`, { requested: "../.ssh/id_ed25519" });
        story.open(16, "/nowhere", { result: -2 });
        story.open(16, "/tmp/x", { flags: 0o101 });
        story.change(16, "rename", "/tmp/x", "/tmp/y");
        story.change(16, "unlink", "/tmp/y", "", -13);
      }),
    ).toEqual([
      "open: /home/node/.ssh/id_ed25519 (requested ../.ssh/id_ed25519) O_RDONLY → ok",
      "open: /nowhere O_RDONLY → ENOENT",
      "open: /tmp/x O_WRONLY|O_CREAT → ok",
      "change: rename /tmp/x -> /tmp/y → ok",
      "change: unlink /tmp/y → EACCES",
    ]);
  });

  test("of processes", () => {
    expect(
      lines((story) => {
        story.fork(1);
        story.exec(16, ["sh", "-c", "node x.js"], { binary: "/bin/dash" });
        story.exec(16, ["x"], { binary: "/memfd:x", flags: 4 });
        story.add({ record: "exit", process: 16, code: 3 });
        story.add({ record: "exit", process: 16, signal: 9 });
      }),
    ).toEqual([
      "fork: process 16 (pid 1016)",
      "exec: /bin/dash: sh -c node x.js → ok",
      "exec: /memfd:x (no file): x → ok",
      "exit: exit 3",
      "exit: killed by signal 9",
    ]);
  });

  test("of the network", () => {
    const peer = { address: "203.0.113.7", port: 443 };
    expect(
      lines((story) => {
        story.socket(16, "connect", { ...peer, result: -115 });
        story.send(16, peer, clientHello("evil.example"));
        story.send(16, peer, "GET /x HTTP/1.1\r\nHost: evil.example\r\n\r\n");
        story.send(16, peer, "anything else");
        story.send(16, { ...RESOLVER, type: "udp" }, dnsQuestion("evil.example", 16));
        story.send(16, RESOLVER, framed(dnsQuestion("evil.example")));
        story.receive(16, { ...RESOLVER, type: "udp" }, dnsAnswer("evil.example", "203.0.113.7"));
        story.unix(16, "connect", "\0hidden");
        story.socket(16, "listen", { address: "::", port: 3000 });
      }),
    ).toEqual([
      "connect: 203.0.113.7:443 tcp → EINPROGRESS",
      "tls: evil.example at 203.0.113.7:443 tcp → ok",
      "http: GET evil.example/x at 203.0.113.7:443 tcp → ok",
      "send: 13 bytes to 203.0.113.7:443 tcp → ok",
      "dns: evil.example TXT to 172.20.0.1:53 udp → ok",
      "dns: evil.example A to 172.20.0.1:53 tcp → ok",
      "dns answer: evil.example A: A 203.0.113.7 from 172.20.0.1:53 udp → ok",
      "connect: @hidden unix → ok",
      "listen: [::]:3000 tcp → ok",
    ]);
  });

  test("of rare calls and markers", () => {
    expect(
      lines((story) => {
        story.rare(16, "ptrace", { result: -1, values: [16n, 1001n] });
        story.marker("phaseBegin", [1]);
        story.marker("phaseEnd", [1, 0, 0, 1, 500]);
        story.marker("loss", [4, 1, 7]);
        story.marker("sent", [4, 9, 9]);
        story.marker("survivor", [1], 16);
      }),
    ).toEqual([
      "syscall: ptrace(16, 1001, 0, 0, 0, 0) → EPERM",
      "marker: install begins",
      "marker: install ends: timed out",
      "marker: 7 open records lost: ringFull",
      "marker: open records: 9 sent, 9 received",
      "marker: still alive after install",
    ]);
  });

  test("cannot reach the terminal of who reads it", () => {
    const [line] = lines((story) => story.open(16, "/tmp/\u001b]0;owned\u0007\u202Etxt.exe\u009b"));
    expect(line).toBe("open: /tmp/\\x1b]0;owned\\x07\\u{202e}txt.exe\\x9b O_RDONLY → ok");
  });

  test("is printable whatever bytes the record has", () => {
    const strings = fc.uint8Array({ maxLength: 60 });
    fc.assert(
      fc.property(strings, strings, fc.nat(20), fc.nat(50), fc.integer(), (a, b, operation, family, result) => {
        const address = new Uint8Array(16).fill(operation);
        for (const bytes of [
          encodeRecord({ record: "open", path: a, requested: b, result }),
          encodeRecord({ record: "exec", binary: a, argv: b, cwd: a }),
          encodeRecord({ record: "change", path: a, target: b, syscall: operation, result }),
          encodeRecord({ record: "socket", path: a, operation, family, type: operation, result }),
          encodeRecord({ record: "send", data: a, family, type: operation, address }),
          encodeRecord({ record: "receive", data: b, family, type: operation, address }),
          encodeRecord({ record: "syscall", text: a, syscall: family, result }),
          encodeRecord({ record: "marker", text: b, kind: operation }),
        ]) {
          const cursor = new TraceCursor(bytes);
          cursor.next();
          const record = decodeRecord(cursor);
          const text = record === undefined ? "" : Object.values(describeRecord(record)).join(" ");
          expect(text).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("untrusted bytes as text", () => {
  test("keep what people can read, in any script", () => {
    expect(printable(new TextEncoder().encode("/tmp/naïve 文件"))).toBe("/tmp/naïve 文件");
  });

  test("show every byte that is no UTF-8", () => {
    expect(printable(Uint8Array.of(0x61, 0xff, 0xc3, 0x28))).toBe("a\\xff\\xc3(");
  });

  test("split at NUL, an empty argument included", () => {
    expect(printableTokens(new TextEncoder().encode("a\0\0b\0"))).toEqual(["a", "", "b"]);
  });
});
