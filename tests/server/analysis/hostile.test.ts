import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { FangsError } from "../../../protocol/errors.ts";
import { encodeRecord } from "../../../protocol/trace-codec.ts";
import { RECORD } from "../../../protocol/trace.ts";
import { listEvents } from "../../../server/analysis/events.ts";
import { createStream } from "../../../server/analysis/stream.ts";
import { processTree } from "../../../server/analysis/tree.ts";
import { clientHello, dnsQuestion } from "../../protocol/packets.ts";
import { analyse, analyseInput } from "./analysing.ts";
import { completeResult, HOME, inputOf, installStory, RESOLVER } from "./story.ts";

/** A busy machine must not fail a test. */
const TIMEOUT_MS = 120_000;

/** A story with a record of every kind. */
function fullStory() {
  const story = installStory();
  const script = story.script("left-pad");
  story.open(script, `${HOME}/.ssh/id_ed25519`);
  story.change(script, "rename", "/tmp/a", "/tmp/b");
  story.resolve(script, "evil.example", "203.0.113.7");
  story.socket(script, "connect", { address: "203.0.113.7", port: 443 });
  story.send(script, { address: "203.0.113.7", port: 443 }, clientHello("evil.example"));
  story.send(script, { ...RESOLVER, type: "udp" }, dnsQuestion("evil.example"));
  story.unix(script, "connect", "\0abstract");
  story.rare(script, "ptrace", { values: [16n] });
  story.marker("survivor", [1], script);
  story.marker("sent", [4, 1, 1]);
  story.add({ record: "exit", process: script });
  return story;
}

/** Whatever the trace: no exception but our own, and every view of it holds. */
function holds(segments: Uint8Array[]): void {
  const result = completeResult({ segments: segments.length });
  try {
    const output = analyseInput(inputOf(installStory(), { segments, result }));
    expect(["clean", "deviant", "inconclusive"]).toContain(output.verdict);
    expect(output.deviations.every(({ evidence }) => evidence.count > 0)).toBe(true);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(FangsError);
  }
  listEvents({ segments, result });
  processTree({ segments, result });
}

describe("a hostile trace", () => {
  test(
    "of random bytes does no harm and is inconclusive",
    () => {
      fc.assert(
        fc.property(
          fc.array(fc.uint8Array({ minLength: 1, maxLength: 200 }), { minLength: 1, maxLength: 3 }),
          (segments) => {
            holds(segments);
            const output = analyse(installStory(), { segments, result: completeResult({ segments: segments.length }) });
            expect(output.verdict).toBe("inconclusive");
          },
        ),
        { numRuns: 300 },
      );
    },
    TIMEOUT_MS,
  );

  test(
    "mutated from a true one does no harm",
    () => {
      const change = fc.tuple(fc.nat(1 << 16), fc.nat(255));
      const original = fullStory().segment();
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 20 }), (changes) => {
          const segment = original.slice();
          for (const [at, value] of changes) segment[at % segment.length] = value;
          holds([segment]);
        }),
        { numRuns: 500 },
      );
    },
    TIMEOUT_MS,
  );

  test(
    "of well-formed records with arbitrary fields does no harm",
    () => {
      const names = fc.constantFrom(...(Object.keys(RECORD) as (keyof typeof RECORD)[]));
      const small = fc.nat(20);
      const text = fc.oneof(
        fc.uint8Array({ maxLength: 40 }),
        fc.constantFrom(...["/proc/1/mem", "/", "", "\0"].map(bytes)),
      );
      const record = fc.record({
        record: names,
        process: small,
        child: small,
        flags: small,
        phase: fc.nat(6),
        result: fc.integer(),
        path: text,
        requested: text,
        target: text,
        binary: text,
        cwd: text,
        argv: text,
        data: text,
        text,
        operation: fc.nat(6),
        family: fc.constantFrom(1, 2, 10, 16),
        type: fc.nat(4),
        kind: fc.nat(6),
        syscall: fc.nat(450),
        port: fc.nat(65535),
        offset: fc.nat(5000),
        open_flags: fc.nat(),
        socket: fc.bigInt(0n, 3n),
        address: fc.uint8Array({ minLength: 16, maxLength: 16 }),
        arguments: fc.array(fc.bigInt(0n, 100n), { minLength: 6, maxLength: 6 }),
        values: fc.array(fc.bigInt(-9n, 9n), { minLength: 6, maxLength: 6 }),
      });
      fc.assert(
        fc.property(fc.array(record, { maxLength: 40 }), (records) => {
          holds(records.map((fields) => encodeRecord(fields)));
        }),
        { numRuns: 400 },
      );
    },
    TIMEOUT_MS,
  );

  test("whose forks name each other as parents has no knot in its tree", () => {
    const story = installStory();
    story.add({ record: "fork", process: 20, child: 21 });
    story.add({ record: "fork", process: 21, child: 20 });
    story.add({ record: "fork", process: 21, child: 21 });
    story.open(21, "/etc/passwd");
    const parents = processTree({ segments: [story.segment()], result: completeResult() });
    expect(parents.map(({ process, parent }) => [process, parent])).toEqual([
      [1, null],
      [20, null],
      [21, 20],
    ]);
    expect(analyse(story).verdict).toBe("deviant");
  });

  test("with more connections than are followed says so", () => {
    const story = installStory();
    for (let socket = 0; socket < 16_400; socket++) {
      story.socket(1, "connect", { address: "203.0.113.7", port: 443, socket });
    }
    expect(analyse(story).reason).toBe("There was more behaviour than can be compared: more than 16384 connections.");
  });
});

test("the beginning of a stream is put together from pieces in any order", () => {
  const whole = Uint8Array.from({ length: 300 }, (_, i) => i % 251);
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 299 }), { maxLength: 20 });
  fc.assert(
    fc.property(cuts, fc.infiniteStream(fc.nat()), (at, random) => {
      const edges = [0, ...at.sort((a, b) => a - b), 300];
      const pieces = edges.slice(1).map((end, i) => [edges[i] ?? 0, end] as const);
      const stream = createStream();
      for (const [start, end] of pieces.sort(() => (Number(random.next().value) % 2 ? 1 : -1))) {
        stream.add(start, whole.subarray(start, end));
      }
      expect(stream.beginning()).toEqual(whole);
    }),
  );
});

test("what was sent first at a place of a stream is what the peer saw", () => {
  const stream = createStream();
  stream.add(0, bytes("Host: evil"));
  stream.add(6, bytes("good.example"));
  expect(Buffer.from(stream.beginning()).toString()).toBe("Host: evil.example");
});

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
