import { afterEach, expect, test } from "bun:test";
import fc from "fast-check";
import { configureLog, log, type LogOptions } from "../../log/log.ts";

const before = configureLog({});
afterEach(() => void configureLog(before));

/** What is written while the work is done. */
function written(options: Partial<LogOptions>, work: () => void): string {
  let text = "";
  configureLog({ level: "info", ...options, write: (line) => void (text += line) });
  work();
  return text;
}

test("an entry is a line of JSON: time, level, message, and what goes with it", () => {
  const line = written({ format: "json" }, () => log.warn("careful", { run: "0199", count: 2, gone: undefined }));
  const entry: unknown = JSON.parse(line);
  expect(entry).toEqual({ time: expect.any(String), level: "warn", message: "careful", run: "0199", count: 2 });
  expect(line).toEndWith("}\n");
});

test("an entry is a line of text for people", () => {
  const text = written({ format: "text" }, () => {
    log.info("serving", { data_dir: "/var/lib/fangs", note: "two words" });
    log.error("it failed");
  });
  expect(text.replaceAll(/\d{4}-\S+Z/g, "T")).toBe(
    'T serving data_dir=/var/lib/fangs note="two words"\nT error it failed\n',
  );
});

test("what is below the level is not written", () => {
  const all = () => (log.debug("a"), log.info("b"), log.warn("c"), log.error("d"));
  const levels = (["debug", "info", "warn", "error"] as const).map(
    (level) => written({ level, format: "text" }, all).match(/\n/g)?.length,
  );
  expect(levels).toEqual([4, 3, 2, 1]);
});

test("no field takes the place of time, level or message", () => {
  const line = written({ format: "json" }, () =>
    log.info("true", { level: "error", message: "forged", time: "never" }),
  );
  expect(JSON.parse(line)).toMatchObject({ level: "info", message: "true" });
});

test("nobody's text can end a line, begin another or reach the terminal, in either format", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.constantFrom("text", "json"), (evil, format) => {
      const text = written({ format }, () => log.info(`got ${evil}`, { evil, error: new Error(evil) }));
      return (
        /^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*\n$/u.test(text) &&
        (format === "text" || typeof JSON.parse(text) === "object")
      );
    }),
    { numRuns: 1000 },
  );
  const forged = 'x\n{"level":"error","message":"forged"}\r\u001b[2J\u202e';
  expect(
    written({ format: "json" }, () => log.info(forged))
      .trim()
      .split("\n"),
  ).toHaveLength(1);
});

test("an error is written with its stack, on one line; nothing fills the disk with one entry", () => {
  const line = written({ format: "json" }, () => log.error("a defect", { error: new Error("the cause") }));
  expect(JSON.parse(line).error).toMatch(/the cause[\s\S]*log\.test\.ts/);
  expect(written({ format: "json" }, () => log.info("x".repeat(1e6), { y: "y".repeat(1e6) })).length).toBeLessThan(
    10_000,
  );
});
