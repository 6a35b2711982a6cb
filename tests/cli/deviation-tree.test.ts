import { expect, test } from "bun:test";
import fc from "fast-check";
import { categoryTitle, deviationTree, processLabel } from "../../cli/deviation-tree.ts";
import { painter } from "../../cli/output.ts";
import { aDeviation, EVIDENCE } from "./support.ts";

const plain = painter(false);

test("deviations stand below their actors, the worst first, each with who did it and the evidence", () => {
  const tree = deviationTree(
    [
      aDeviation({ actor: "import", category: "fs_new_path_read", value: "/etc/hosts", severity: "low" }),
      aDeviation(),
      aDeviation({ category: "net_new_dns", value: "evil.example", severity: "medium", state: "rejected" }),
      aDeviation({
        category: "canary_leak",
        value: "NPM_TOKEN in DNS",
        severity: "critical",
        evidence: { ...EVIDENCE, observed: "NPM_TOKEN in DNS", result: "", count: 1 },
      }),
    ],
    plain,
  );
  expect(`\n${tree.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    script:left-pad
    ├─ critical decoy leaked: NPM_TOKEN in DNS
    │   by node worker.js (pid 42)
    │   install +1.234 s · event 17 · in no other package
    ├─ high     credential access: <HOME>/.npmrc
    │   by node worker.js (pid 42)
    │   /root/.npmrc · ok · install +1.234 s · 3 times · event 17 · in no other package
    └─ medium   new DNS name: evil.example (rejected)
        by node worker.js (pid 42)
        /root/.npmrc · ok · install +1.234 s · 3 times · event 17 · in no other package
    import
    └─ low      new path read: /etc/hosts
        by node worker.js (pid 42)
        /root/.npmrc · ok · install +1.234 s · 3 times · event 17 · in no other package
    "
  `);
});

test("a process is named by its binary, whatever it calls itself", () => {
  expect(processLabel({ binary: "/usr/bin/node", argv: ["npm", "worker.js"], pid: 42 })).toBe(
    "node worker.js (pid 42)",
  );
  expect(processLabel({ binary: "", argv: ["sh", "-c", "x"], pid: 7 })).toBe("sh -c x (pid 7)");
  expect(processLabel({ binary: "", argv: [], pid: 7 })).toBe("unknown program (pid 7)");
});

test("evidence without a process says so", () => {
  const tree = deviationTree([aDeviation({ evidence: { ...EVIDENCE, processes: [] } })], plain);
  expect(tree[2]).toContain("by an unknown process");
});

test("a category of a newer server is shown by its own name", () => {
  expect(categoryTitle("net_new_dns")).toBe("new DNS name");
  expect(categoryTitle("toString")).toBe("toString");
});

test("nothing that was observed can forge a line or steer the terminal", () => {
  const text = fc.string({ unit: "binary", maxLength: 20 });
  fc.assert(
    fc.property(text, text, fc.array(text, { maxLength: 4 }), (actor, value, argv) => {
      const process = { process: 1, pid: 1, binary: value, argv, cwd: actor };
      const evidence = { ...EVIDENCE, observed: actor, result: value, phase: actor, processes: [process] };
      const tree = deviationTree([aDeviation({ actor, value, category: actor, evidence })], plain);
      expect(tree).toHaveLength(4);
      for (const line of tree) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
    }),
  );
});

test("a chain is one finding with its steps numbered, beside what stands alone; drift is called so", () => {
  const chain = "credential-sent+script-network:script:left-pad";
  const documents = { ...EVIDENCE, event: 0, processes: [], observed: "postinstall: node x.js (1.3.0: none)" };
  const tree = deviationTree(
    [
      aDeviation({ category: "net_new_dns", value: "evil.example", severity: "critical", chain, step: 3 }),
      aDeviation({ chain, step: 2, severity: "critical" }),
      aDeviation({
        actor: "release",
        category: "meta_new_script",
        value: "postinstall: node x.js",
        severity: "critical",
        evidence: documents,
        chain,
        step: 1,
      }),
      aDeviation({ category: "fs_new_path_write", value: "/tmp/x", severity: "low", drift: true }),
    ],
    plain,
  );
  expect(`\n${tree.join("\n")}\n`).toMatchInlineSnapshot(`
    "
    script:left-pad
    ├─ critical reads a credential and talks to the network; a lifecycle script that the predecessor did not have talks to the network
    │     1. new lifecycle script: postinstall: node x.js
    │        postinstall: node x.js (1.3.0: none) · in no other package
    │     2. credential access: <HOME>/.npmrc
    │        by node worker.js (pid 42)
    │        /root/.npmrc · ok · install +1.234 s · 3 times · event 17 · in no other package
    │     3. new DNS name: evil.example
    │        by node worker.js (pid 42)
    │        /root/.npmrc · ok · install +1.234 s · 3 times · event 17 · in no other package
    └─ low      new path written: /tmp/x
        drift: the world changed
        by node worker.js (pid 42)
        /root/.npmrc · ok · install +1.234 s · 3 times · event 17 · in no other package
    "
  `);
});
