import { describe, expect, test } from "bun:test";
import type { Deviation, Run } from "../../protocol/models.ts";
import { fangs, unavailable } from "./support.ts";

describe.skipIf(unavailable !== undefined)("fangs demo", () => {
  test("shows what the bad release does, and nothing else", async () => {
    const { code, stdout } = await fangs(["demo", "--json"]);
    expect(code).toBe(0);
    const [good, bad] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { run: Run; deviations: Deviation[] });
    expect(good!.run.verdict).toBe("seeded");
    expect(bad!.run.verdict).toBe("deviant");
    const chain = "credential-sent:script:fangs-demo";
    const found = bad!.deviations.map(({ category, value, severity, ...more }) => [
      category,
      value,
      severity,
      more.chain,
    ]);
    expect(found).toEqual([
      ["cred_new_access", "<HOME>/.ssh/id_ed25519", "critical", chain],
      ["net_new_destination", "collect.fangs-demo.example:4444", "critical", chain],
      ["net_new_dns", "collect.fangs-demo.example", "critical", chain],
      ["persist_new_path", "<HOME>/.bashrc", "critical", null],
      ["proc_new_survivor", "/usr/bin/node worker.js", "high", null],
    ]);
    expect(bad!.deviations.every(({ actor, drift }) => actor === "script:fangs-demo" && !drift)).toBe(true);
    const stolen = bad!.deviations[0]!.evidence;
    expect(stolen.observed).toBe("/home/node/.ssh/id_ed25519");
    expect(stolen.result).toBe("ok");
    expect(stolen.processes.at(-1)!.argv).toEqual(["node", "postinstall.js"]);
  });
});
