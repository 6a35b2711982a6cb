/** Chains: deviations that are steps of one act. Each kind with its sentence for people. */
export const CHAINS = {
  "credential-sent": "reads a credential and talks to the network",
  "download-run": "downloads a file and runs it",
  "foreign-publish": "changes another package's files and publishes",
  "script-network": "a lifecycle script that the predecessor did not have talks to the network",
} as const;
export type ChainKind = keyof typeof CHAINS;

/** The name of a chain: its kinds, and who acts. */
export function chainId(kinds: readonly ChainKind[], actor: string): string {
  return `${kinds.join("+")}:${actor}`;
}

/** What a chain is, for people; of a newer server by its kinds' names. */
export function chainTitle(id: string): string {
  const known: Readonly<Record<string, string>> = CHAINS;
  const [kinds = ""] = id.split(":");
  return kinds
    .split("+")
    .map((kind) => (Object.hasOwn(known, kind) ? known[kind] : kind))
    .join("; ");
}
