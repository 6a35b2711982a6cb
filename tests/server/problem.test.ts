import { expect, test } from "bun:test";
import { configureLog } from "../../log/log.ts";
import { logDefect } from "../../server/problem.ts";

/** The lines of what is logged meanwhile. */
function linesOf(work: () => void): Record<string, unknown>[] {
  const lines: Record<string, unknown>[] = [];
  const write = (line: string): void => void lines.push(JSON.parse(line) as Record<string, unknown>);
  const before = configureLog({ level: "error", format: "json", write });
  try {
    work();
  } finally {
    configureLog(before);
  }
  return lines;
}

const failure = (code: string, message: string): Error => Object.assign(new Error(message), { code });

test("what goes away by itself is no defect: a line says what it is, and what to look at", () => {
  for (const [code, said] of [
    ["57P03", "The database does not answer: the database system is starting up."],
    ["ECONNREFUSED", "The database does not answer: connect ECONNREFUSED."],
    ["ENOSPC", "There is no room left on the server's disk."],
  ] as const) {
    const [line, ...more] = linesOf(() =>
      logDefect(failure(code, code === "57P03" ? "the database system is starting up" : "connect ECONNREFUSED")),
    );
    expect([line!["message"], typeof line!["hint"], line!["error"], more]).toEqual([said, "string", undefined, []]);
  }
});

test("a defect is logged whole", () => {
  const [line] = linesOf(() => logDefect(new TypeError("x is not a function")));
  expect(line).toMatchObject({ message: "a defect in fangs", error: expect.stringContaining("problem.test.ts") });
});
