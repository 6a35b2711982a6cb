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
    expect(bad!.deviations.map(({ actor, category, value, severity }) => [actor, category, value, severity])).toEqual([
      ["script:fangs-demo", "cred_new_access", "<HOME>/.ssh/id_ed25519", "critical"],
      ["script:fangs-demo", "persist_new_path", "<HOME>/.bashrc", "critical"],
      ["script:fangs-demo", "net_new_destination", "collect.fangs-demo.example:4444", "high"],
      ["script:fangs-demo", "proc_new_survivor", "/usr/bin/node worker.js", "high"],
      ["script:fangs-demo", "net_new_dns", "collect.fangs-demo.example", "medium"],
    ]);
    const stolen = bad!.deviations[0]!.evidence;
    expect(stolen.observed).toBe("/home/node/.ssh/id_ed25519");
    expect(stolen.result).toBe("ok");
    expect(stolen.processes.at(-1)!.argv).toEqual(["node", "postinstall.js"]);
  });
});
