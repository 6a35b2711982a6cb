/**
 * Deviations that belong together: one act in several steps is one finding, and a critical one. Of a behaviour only
 * the first time is known, so a chain asks who did what, not in which order; its steps are shown in that of their
 * first times.
 */
import { chainId, CHAINS, type ChainKind } from "../../protocol/chains.ts";
import type { Category } from "../../protocol/facts.ts";
import { RELEASE, SCRIPT } from "./actors.ts";
import { fingerprintValue } from "./release-changes.ts";
import type { AnalysisInput, NewDeviation } from "./types.ts";

interface Chain {
  kinds: ChainKind[];
  steps: Set<NewDeviation>;
}

/** Names the chains among the deviations of a run. What is drift is no step of any. */
export function linkChains(deviations: readonly NewDeviation[], input: AnalysisInput): NewDeviation[] {
  const own = deviations.filter(({ drift }) => !drift);
  const chains = merge([...actorChains(own), ...scriptChains(own, input)]);
  const links = new Map<NewDeviation, Pick<NewDeviation, "chain" | "step">>();
  for (const { kinds, steps } of chains) {
    const ordered = [...steps].sort((a, b) => a.evidence.event - b.evidence.event);
    const chain = chainId(kinds, ordered.at(-1)?.actor ?? "");
    for (const [index, deviation] of ordered.entries()) links.set(deviation, { chain, step: index + 1 });
  }
  return deviations.map((deviation) => {
    const link = links.get(deviation);
    return link === undefined ? deviation : { ...deviation, ...link, severity: "critical" };
  });
}

// --- internal ---

type Steps = readonly NewDeviation[] | null;

const CONTACTS: ReadonlySet<Category> = new Set([
  "net_new_destination",
  "net_new_dns",
  "net_new_https_host",
  "net_new_http_host",
]);
const WRITES: ReadonlySet<Category> = new Set(["fs_new_path_write", "fs_new_foreign_write", "persist_new_path"]);
const PUBLISHES = /(?:^|[\s/])(?:npm|pnpm|yarn|npm-cli\.js)(?: \S+)* publish(?: |$)/;
const REGISTRY = /^<registry>:/;

const BY_ACTOR: readonly (readonly [kind: ChainKind, find: (acts: readonly NewDeviation[]) => Steps])[] = [
  ["credential-sent", credentialSent],
  ["download-run", downloadRun],
  ["foreign-publish", foreignPublish],
];

function actorChains(deviations: readonly NewDeviation[]): Chain[] {
  const actors = Map.groupBy(deviations, ({ actor }) => actor);
  return [...actors.values()].flatMap((acts) =>
    BY_ACTOR.flatMap(([kind, find]) => {
      const steps = find(acts);
      return steps === null ? [] : [{ kinds: [kind], steps: new Set(steps) }];
    }),
  );
}

function credentialSent(acts: readonly NewDeviation[]): Steps {
  const read = acts.filter(({ category }) => category === "cred_new_access");
  const sent = acts.filter((act) => act.category === "canary_leak" || isContact(act));
  return together(read, sent);
}

function downloadRun(acts: readonly NewDeviation[]): Steps {
  const written = new Map(acts.filter(({ category }) => WRITES.has(category)).map((act) => [act.value, act]));
  const files = new Set<NewDeviation>();
  const runs = acts.filter(({ category, value }) => {
    if (category === "proc_new_fileless") return true;
    const names = category === "proc_new_exec" ? [value] : category === "proc_new_command" ? value.split(" ") : [];
    const sources = names.flatMap((name) => written.get(name) ?? []);
    for (const source of sources) files.add(source);
    return sources.length > 0;
  });
  return together(acts.filter(isContact), [...files, ...runs], runs);
}

function foreignPublish(acts: readonly NewDeviation[]): Steps {
  const written = acts.filter(({ category }) => category === "fs_new_foreign_write");
  const published = acts.filter(
    ({ category, value }) =>
      (category === "proc_new_command" && PUBLISHES.test(value)) ||
      (category === "net_new_destination" && REGISTRY.test(value)),
  );
  return together(written, published);
}

/** A script that the predecessor did not have, and the network in the hands of that package's scripts. */
function scriptChains(deviations: readonly NewDeviation[], { release, package: name }: AnalysisInput): Chain[] {
  const first = new Set(release?.changes.filter(({ was }) => was === null).map(fingerprintValue));
  const scripts = deviations.filter(
    ({ actor, category, value }) => actor === RELEASE && category === "meta_new_script" && first.has(value),
  );
  const contacts = deviations.filter(
    ({ actor, category }) => actor === SCRIPT + name && (CONTACTS.has(category) || category === "canary_leak"),
  );
  const steps = together(scripts, contacts);
  return steps === null ? [] : [{ kinds: ["script-network"], steps: new Set(steps) }];
}

/** The sandbox's registry counts: a stolen token is used there. */
function isContact({ category }: NewDeviation): boolean {
  return CONTACTS.has(category);
}

/** All of both where there are some of both. */
function together(first: readonly NewDeviation[], second: readonly NewDeviation[], needed = second): Steps {
  return first.length === 0 || needed.length === 0 ? null : [...first, ...second];
}

/** Chains that share a step are one. */
function merge(chains: readonly Chain[]): Chain[] {
  const merged: Chain[] = [];
  for (const chain of chains) {
    const touching = merged.filter(({ steps }) => !steps.isDisjointFrom(chain.steps));
    const all = [...touching, chain];
    for (const old of touching) merged.splice(merged.indexOf(old), 1);
    const kinds = new Set(all.flatMap((one) => one.kinds));
    merged.push({
      // In the order of the table, so that the same chain has the same name.
      kinds: CHAIN_KINDS.filter((kind) => kinds.has(kind)),
      steps: new Set(all.flatMap((one) => [...one.steps])),
    });
  }
  return merged;
}

const CHAIN_KINDS = Object.keys(CHAINS) as ChainKind[];
