import { describe, expect, test } from "bun:test";
import { listEvents } from "../../../server/analysis/events.ts";
import { processTree } from "../../../server/analysis/tree.ts";
import { completeResult, installStory, PROJECT, ROOT, type Story } from "./story.ts";

function traceOf(story: Story) {
  return { segments: [story.segment()], result: completeResult() };
}
function told(): { story: Story; script: number } {
  const story = installStory();
  const script = story.script("left-pad");
  story.open(script, "/etc/hosts");
  story.resolve(script, "evil.example", "203.0.113.7");
  story.add({ record: "exit", process: script, code: 1 });
  return { story, script };
}

describe("the events of a run", () => {
  test("are listed in order, with who did what, and the result", () => {
    const { story, script } = told();
    const { events, next } = listEvents(traceOf(story));
    expect(next).toBeNull();
    expect(events.map(({ event, actor, type }) => `${event} ${actor} ${type}`)).toEqual([
      "0 installer exec",
      "1 installer exec",
      "2 installer fork",
      "3 script:left-pad exec",
      "4 script:left-pad open",
      "5 script:left-pad dns",
      "6 script:left-pad dns answer",
      "7 script:left-pad exit",
    ]);
    expect(events[4]).toEqual({
      event: 4,
      time_ms: 4,
      phase: "install",
      process: script,
      actor: "script:left-pad",
      type: "open",
      summary: "/etc/hosts O_RDONLY",
      result: "ok",
    });
  });

  test("can be had by type, by record and by process", () => {
    const { story, script } = told();
    const numbers = (filter: Parameters<typeof listEvents>[1]) =>
      listEvents(traceOf(story), filter).events.map(({ event }) => event);
    expect(numbers({ type: "dns" })).toEqual([5]);
    expect(numbers({ type: "receive" })).toEqual([6]);
    expect(numbers({ process: ROOT.install })).toEqual([0, 1, 2]);
    expect(numbers({ process: script, type: "open" })).toEqual([4]);
  });

  test("come in pages that miss nothing and repeat nothing", () => {
    const { story } = told();
    const seen: number[] = [];
    let after: number | undefined;
    for (let pages = 0; pages < 10; pages++) {
      const page = listEvents(traceOf(story), { limit: 3, ...(after === undefined ? {} : { after }) });
      seen.push(...page.events.map(({ event }) => event));
      if (page.next === null) break;
      after = page.next;
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });

  test("of a damaged trace are those that can be read, of later segments too", () => {
    const { story } = told();
    const segment = story.segment();
    const trace = { segments: [segment.subarray(0, segment.length - 4), segment], result: completeResult() };
    expect(listEvents(trace).events).toHaveLength(7 + 8);
  });
});

test("the processes of a run make a tree, with what each did", () => {
  const { story, script } = told();
  const tree = processTree(traceOf(story));
  expect(tree.map(({ process, parent }) => [process, parent])).toEqual([
    [1, null],
    [script, 1],
  ]);
  expect(tree[1]).toEqual({
    process: script,
    parent: 1,
    pid: 1016,
    actor: "script:left-pad",
    phase: "install",
    binary: "/bin/dash",
    argv: ["sh", "-c", "node install.js"],
    cwd: `${PROJECT}/node_modules/left-pad`,
    started_ms: 2,
    ended_ms: 7,
    exit: "exit 1",
    tallies: { exec: 1, open: 1, dns: 1, "dns answer": 1, exit: 1 },
  });
});
