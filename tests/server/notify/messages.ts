/** Messages for tests: one as it comes every day, and one in which strangers wrote what they could. */
import type { Deviation } from "../../../protocol/models.ts";
import { type Message, messageOf } from "../../../server/notify/message.ts";

const AT = Date.parse("2026-11-24T08:00:00Z");
const RUN = "019ab5f2-0000-7000-8000-0000000000a1";

export function deviation(changes: Partial<Deviation> = {}): Deviation {
  return {
    id: "019ab5f2-0000-7000-8000-0000000000d1",
    run_id: RUN,
    package: "left-pad",
    version: "1.3.1",
    actor: "script:left-pad",
    category: "net_new_https_host",
    value: "telemetry.example",
    severity: "critical",
    state: "open",
    chain: "credential-sent:script:left-pad",
    step: 2,
    drift: false,
    evidence: {
      event: 812,
      time_ms: 1234.5,
      phase: "install",
      observed: "telemetry.example",
      result: "ok",
      count: 1,
      processes: [
        {
          process: 1,
          pid: 11,
          binary: "/usr/bin/node",
          argv: ["node", "/usr/bin/npm", "install"],
          cwd: "/home/node/app",
        },
        { process: 4, pid: 42, binary: "/usr/bin/node", argv: ["node", "postinstall.js"], cwd: "/home/node/app" },
      ],
    },
    rejected_before: null,
    other_packages: 0,
    created_at: AT,
    ...changes,
  };
}

/** A deviant release: a credential read, a host talked to, and one thing that its predecessor does today, too. */
export function everyday(): Message {
  const run = {
    id: RUN,
    package: "left-pad",
    version: "1.3.1",
    verdict: "deviant" as const,
    reason: "3 deviations; 1.3.0 shows 1 of them today.",
    started_at: AT - 20_000,
    ended_at: AT - 1000,
  };
  const credential = deviation({
    id: "019ab5f2-0000-7000-8000-0000000000d2",
    category: "cred_new_access",
    value: "<HOME>/.npmrc",
    step: 1,
  });
  credential.evidence = { ...credential.evidence, observed: "/home/node/.npmrc" };
  const drift = deviation({
    id: "019ab5f2-0000-7000-8000-0000000000d3",
    category: "net_new_destination",
    value: "[2001:db8::7]:443",
    actor: "installer",
    severity: "low",
    chain: null,
    step: null,
    drift: true,
  });
  drift.evidence = {
    ...drift.evidence,
    observed: "[2001:db8::7]:443",
    processes: drift.evidence.processes.slice(0, 1),
  };
  const id = "019ab5f2-0000-7000-8000-0000000000b1";
  return messageOf({ id, at: AT, on: "deviant", run, publicUrl: "https://fangs.example" }, [
    drift,
    deviation(),
    credential,
  ]);
}

/** What a package can put into names, paths and arguments to reach whoever reads of it. */
export const ATTACKS = [
  "@everyone @here <!channel> <!here> <@U0123> <@&987654321098765432> <at>Everyone</at>",
  "[click me](https://evil.example) <https://evil.example|click me> https://evil.example",
  "```\n# heading\n> quote\n- list\n```",
  "`code` *bold* _italic_ ~strike~ ||spoiler|| **bold**",
  "one\ntwo\r\nthree\u2028four\u2029five\u0085six\x00seven\x1b[31mred\x1b[0m",
  "\u202egnp.exe\u202c \u200b\ufeff \ud800 lone",
  '"] [fangs@32473 severity="low"] \\" ]',
  "<14>1 2026-01-01T00:00:00Z fake fangs - - - forged",
  "&lt;!channel&gt; &amp;",
  "x".repeat(50_000),
  "😀".repeat(5000),
];

/** Every attack in every text that strangers choose. */
export function hostile(): Message {
  const { run, ...rest } = everyday();
  const deviations = ATTACKS.map((text, index) =>
    deviation({
      id: `019ab5f2-0000-7000-8000-${String(index).padStart(12, "0")}`,
      value: text,
      actor: `bin:${text}`,
      category: index % 2 === 0 ? "proc_new_command" : "fs_new_path_write",
      chain: null,
      evidence: {
        event: 1,
        time_ms: 1,
        phase: "install",
        observed: text,
        result: text.slice(0, 20),
        count: 1,
        processes: [{ process: 1, pid: 1, binary: text, argv: [text, text], cwd: text }],
      },
    }),
  );
  const stranger = ATTACKS.slice(0, 8).join(" ");
  return {
    ...rest,
    run: { ...run, reason: stranger, version: `1.0.0-${ATTACKS[0]}` },
    deviations,
    deviationCount: deviations.length,
  };
}
