/** What a message tells, before it takes the form that its receiver reads. */
import { chainTitle } from "../../protocol/chains.ts";
import { CATEGORIES, SEVERITIES, type Severity } from "../../protocol/facts.ts";
import type { Deviation, Run } from "../../protocol/models.ts";
import type { NotifyOn } from "../../protocol/notifiers.ts";
import { isCategory } from "../store/fingerprints.ts";
import { maxSeverity } from "../severity.ts";
import { counted } from "./text.ts";

/** Deviations in a message, at most; the count tells of all. */
const SHOWN = 50;

export interface Message {
  /** Of the notification: the same in every attempt. */
  id: string;
  /** When it was queued, ms UTC. */
  at: number;
  on: NotifyOn | "test";
  run: Pick<Run, "id" | "package" | "version" | "verdict" | "reason" | "started_at" | "ended_at">;
  /** Of the deviations that are the release's own. */
  maxSeverity: Severity | null;
  /** All of them, drift included. */
  deviationCount: number;
  /** Those that the predecessor shows today, too. */
  driftCount: number;
  /** The most severe first, drift last; at most 50. */
  deviations: Deviation[];
  /** Where people look at the run; null: no public address is configured. */
  link: string | null;
}

/** The message on a run. */
export function messageOf(
  facts: Pick<Message, "id" | "at" | "on" | "run"> & { publicUrl: string | undefined },
  deviations: readonly Deviation[],
): Message {
  const { publicUrl, ...rest } = facts;
  const own = deviations.filter(({ drift }) => !drift);
  const rank = ({ drift, severity }: Deviation): number => (drift ? -1 : SEVERITIES.indexOf(severity));
  return {
    ...rest,
    maxSeverity: maxSeverity(own),
    deviationCount: deviations.length,
    driftCount: deviations.length - own.length,
    deviations: deviations.toSorted((a, b) => rank(b) - rank(a)).slice(0, SHOWN),
    link: publicUrl === undefined ? null : `${publicUrl.replace(/\/+$/, "")}/ui/?run=${facts.run.id}`,
  };
}

/** A message that shows that a notifier works. Its one deviation looks as a real one does. */
export function testMessage(id: string, at: number): Message {
  const nothing = "00000000-0000-7000-8000-000000000000";
  const run = { id: nothing, package: "fangs-test", version: "0.0.0", verdict: null, started_at: at, ended_at: at };
  const deviation: Deviation = {
    id: nothing,
    run_id: nothing,
    package: run.package,
    version: run.version,
    actor: "script:fangs-test",
    category: "net_new_dns",
    value: "test.example",
    severity: "low",
    state: "open",
    chain: null,
    step: null,
    drift: false,
    evidence: {
      event: 0,
      time_ms: 0,
      phase: "install",
      observed: "test.example",
      result: "ok",
      count: 1,
      processes: [{ process: 1, pid: 1, binary: "/usr/bin/node", argv: ["node", "postinstall.js"], cwd: "/project" }],
    },
    rejected_before: null,
    other_packages: 0,
    created_at: at,
  };
  return {
    ...messageOf(
      { id, at, on: "test", run: { ...run, reason: "A test: no release did this." }, publicUrl: undefined },
      [deviation],
    ),
  };
}

/** One sentence: what it is about. The names in it are those of strangers. */
export function headline({ on, run, maxSeverity: severity, deviationCount, driftCount }: Message): string {
  const release = `${run.package}@${run.version}`;
  switch (on) {
    case "deviant":
      return `${release} deviates: ${counted(deviationCount - driftCount, "deviation")}, ${severity ?? "low"} at most`;
    case "inconclusive":
      return `${release} could not be judged`;
    case "failed":
      return `${release} could not be examined`;
    case "test":
      return "A test of this notifier by fangs";
  }
}

/** What a category is, for people. */
export function categoryTitle(category: string): string {
  return isCategory(category) ? CATEGORIES[category].title : category;
}

/** What a deviation is a step of, for people; null: nothing. */
export function chainOf({ chain }: Deviation): string | null {
  return chain === null ? null : chainTitle(chain);
}

/** The command of the process that acted, and those that led to it; root first. */
export function commandsOf({ evidence }: Deviation): string[] {
  return evidence.processes.map(({ binary, argv }) => (argv.length === 0 ? binary : argv.join(" ")));
}
