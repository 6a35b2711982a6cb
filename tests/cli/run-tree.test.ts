import { expect, test } from "bun:test";
import { painter } from "../../cli/output.ts";
import { processTree } from "../../cli/run-tree.ts";
import { aProcess } from "./support.ts";

const plain = painter(false);

test("children stand below their parents, each with its tallies", () => {
  const tree = processTree(
    [
      aProcess({ process: 1, parent: null }),
      aProcess({ process: 2, parent: 1 }),
      aProcess({ process: 3, parent: 2, actor: "script:left-pad", exit: null, tallies: {} }),
      aProcess({ process: 4, parent: 1, exit: "SIGKILL" }),
      aProcess({ process: 5, parent: null, phase: "import", actor: "import" }),
    ],
    plain,
  );
  expect(`\n${tree.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    node step-1.js (pid 101)  #1 · installer · install · exit 0 · open 1,200 · exec 1
    ├─ node step-2.js (pid 102)  #2 · installer · install · exit 0 · open 1,200 · exec 1
    │  └─ node step-3.js (pid 103)  #3 · script:left-pad · install
    └─ node step-4.js (pid 104)  #4 · installer · install · SIGKILL · open 1,200 · exec 1
    node step-5.js (pid 105)  #5 · import · import · exit 0 · open 1,200 · exec 1
    "
  `);
});

test("a process whose parent is unknown, and processes that are each other's parents, are shown", () => {
  const tree = processTree(
    [aProcess({ process: 2, parent: 99 }), aProcess({ process: 3, parent: 4 }), aProcess({ process: 4, parent: 3 })],
    plain,
  );
  expect(tree.map((line) => line.slice(0, line.indexOf(" (pid")))).toEqual([
    "node step-2.js",
    "node step-3.js",
    "└─ node step-4.js",
  ]);
});

test("a chain of 20,000 forks is neither too deep nor too wide", () => {
  const chain = Array.from({ length: 20_000 }, (_, index) =>
    aProcess({ process: index + 1, parent: index === 0 ? null : index }),
  );
  const tree = processTree(chain, plain);
  expect(tree).toHaveLength(20_000);
  expect(Math.max(...tree.map((line) => line.length))).toBeLessThan(250);
});
