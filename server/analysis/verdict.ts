/** The verdict of a run, with its reason. What was not seen cannot be called clean. */
import { chainTitle } from "../../protocol/chains.ts";
import { CATEGORIES } from "../../protocol/facts.ts";
import type { RunResult, Verdict } from "../../protocol/models.ts";
import { LOSS, recordName } from "../../protocol/trace.ts";
import type { Extraction } from "./extract.ts";
import type { AnalysisInput, NewDeviation } from "./types.ts";

export interface Findings {
  extraction: Extraction;
  deviations: readonly NewDeviation[];
  /** Distinct behaviours of the run. */
  behaviours: number;
  flood: string | null;
  /** Observations that the core could not read. */
  bad: number;
}

/** Records whose loss hides nothing: who was ended when. */
const HARMLESS = new Set(["exit"]);

/** inconclusive before all else; then seeded, deviant or clean. */
export function reachVerdict(input: AnalysisInput, findings: Findings): { verdict: Verdict; reason: string | null } {
  const doubt = doubtOf(input, findings);
  if (doubt !== null) return { verdict: "inconclusive", reason: doubt };
  const own = findings.deviations.filter(({ drift }) => !drift);
  const drift = findings.deviations.length - own.length;
  const [worst] = own;
  if (worst !== undefined) {
    const count = own.length;
    const title = worst.chain === null ? CATEGORIES[worst.category].title : chainTitle(worst.chain);
    const what = `${title} by ${worst.actor} (${worst.severity})`;
    const news = count === 1 ? `One behaviour is new: ${what}.` : `${count} behaviours are new, the worst is: ${what}.`;
    return { verdict: "deviant", reason: news + controlNote(input, drift) };
  }
  if (drift > 0) {
    const version = input.control && "version" in input.control ? input.control.version : "the predecessor";
    const what = drift === 1 ? "The one new behaviour is" : `All ${drift} new behaviours are`;
    return { verdict: "clean", reason: `${what} drift: ${version} shows the same today.` };
  }
  if (input.baseline === null) {
    return {
      verdict: "seeded",
      reason: input.seeding
        ? `One of several seeds, with ${findings.behaviours} behaviours; the baseline is made when all have ended.`
        : `The package had no baseline: the ${findings.behaviours} behaviours of this run are its first.`,
    };
  }
  return { verdict: "clean", reason: null };
}

// --- internal ---

function controlNote({ control }: AnalysisInput, drift: number): string {
  if (!control) return "";
  if ("missing" in control) return ` The control run is missing: ${control.missing}`;
  return drift === 0
    ? ` ${control.version} shows none of it today.`
    : ` ${drift} more are drift: ${control.version} shows them today, too.`;
}

function doubtOf({ result, segments }: AnalysisInput, findings: Findings): string | null {
  const { extraction, flood, bad } = findings;
  if (result.status === "failed") return result.reason ?? "The run failed without saying why.";
  if (extraction.damage !== null) return `The trace is damaged. ${extraction.damage.message}`;
  if (segments.length !== result.segments) {
    return `The trace has ${segments.length} of the ${result.segments} segments that the runner wrote.`;
  }
  if (extraction.events < result.events) {
    return `The trace has ${extraction.events} of the ${result.events} records that the runner wrote.`;
  }
  const loss = lossOf(result, extraction);
  if (loss !== null) return loss;
  const phase = brokenPhase(result);
  if (phase !== null) return phase;
  if (flood !== null) return `There was more behaviour than can be compared: ${flood}.`;
  if (bad > 0) return `${bad} observations could not be read, so that they were not compared.`;
  return null;
}

function lossOf(result: RunResult, { accounts }: Extraction): string | null {
  for (const { record, cause, count } of result.losses) {
    if (!HARMLESS.has(record)) return `${count} ${record} records were lost (${cause}).`;
  }
  for (const account of accounts) {
    const record = recordName(account.record) ?? `type ${account.record}`;
    if (HARMLESS.has(record)) continue;
    if (account.kind === "loss" && account.count !== 0) {
      return `${account.count} ${record} records were lost (${causeName(account.cause)}).`;
    }
    if (account.kind === "sent" && account.sent !== account.received) {
      return `The sensor sent ${account.sent} ${record} records, ${account.received} arrived.`;
    }
  }
  return null;
}

function brokenPhase(result: RunResult): string | null {
  if (!result.phases.some(({ phase }) => phase === "install")) return "The package was not installed.";
  for (const { phase, label, exit_code, signal, timed_out } of result.phases) {
    if (timed_out) return `${label} did not end in time.`;
    if (phase === "install" && exit_code !== 0) {
      return signal === null ? `${label} failed with exit code ${exit_code}.` : `${label} was ended by ${signal}.`;
    }
  }
  return null;
}

function causeName(cause: number): string {
  return Object.entries(LOSS).find(([, number]) => number === cause)?.[0] ?? `cause ${cause}`;
}
