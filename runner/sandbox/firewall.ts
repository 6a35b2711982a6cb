/** The runner's own iptables rules: what a container can reach on this host, and nothing else of it. */
import { FangsError } from "../../protocol/errors.ts";
import { run } from "./host-command.ts";
import { ownerIsGone } from "./owner.ts";
import type { SandboxSubnet } from "./subnet.ts";

/** Marks the rules that lead into a chain of ours. */
const TAG = "fangs:";
/** Two in INPUT, two in FORWARD, one in PREROUTING. */
const JUMPS = 5;

export interface FirewallPlan {
  /** Owner as in owner.ts; goes into the comment of every jump. */
  owner: string;
  /** Up to 20 letters, digits and dashes; names the chains. */
  id: string;
  bridge: string;
  subnet: SandboxSubnet;
  gatewayPort: number;
  resolverPort: number;
  sinkholePort: number;
}

/** Private, link-local and special networks: no sandbox has business there, and no sinkhole pretends to be in them. */
const REFUSED = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "224.0.0.0/3",
];

/**
 * Sets the rules in one transaction per table. From the bridge, this host accepts the gateway, the resolver and the
 * sinkhole and refuses all else, and forwards nothing. Connections to public addresses, if the container has a route for
 * them, end in the sinkhole, and DNS questions to other resolvers at ours. From elsewhere nobody reaches the sinkhole,
 * which has to listen on every address. DNAT without an address changes only the port: the sinkhole still sees which
 * name's address was called.
 *
 * @throws FangsError sandbox_failed
 */
export async function openFirewall(plan: FirewallPlan): Promise<void> {
  const { bridge, subnet, resolverPort, sinkholePort } = plan;
  const chain = chainName(plan.id);
  const jump = `-m comment --comment "${TAG}${plan.owner}" -j ${chain}`;
  const accepted = [
    `-p tcp -d ${subnet.host} --dport ${plan.gatewayPort}`,
    `-p tcp -d ${subnet.host} --dport ${resolverPort}`,
    `-p udp -d ${subnet.host} --dport ${resolverPort}`,
    `-p tcp -d ${subnet.host} --dport ${sinkholePort}`,
    `-p tcp -d ${subnet.sinkhole} --dport ${sinkholePort}`,
  ];
  await restore([
    "*filter",
    `:${chain} - [0:0]`,
    `-A ${chain} ! -i ${bridge} -j DROP`,
    ...accepted.map((match) => `-A ${chain} ${match} -j ACCEPT`),
    // A refusal at once instead of a silence: a probe of closed ports must not cost the run its time.
    `-A ${chain} -p tcp -j REJECT --reject-with tcp-reset`,
    `-A ${chain} -j DROP`,
    `-I INPUT 1 -i ${bridge} ${jump}`,
    `-I INPUT 1 ! -i ${bridge} -p tcp --dport ${sinkholePort} ${jump}`,
    `-I FORWARD 1 -i ${bridge} ${jump}`,
    `-I FORWARD 1 -o ${bridge} ${jump}`,
    "COMMIT",
    "*nat",
    `:${chain} - [0:0]`,
    `-A ${chain} -p tcp -d ${subnet.sinkhole} -j DNAT --to-destination :${sinkholePort}`,
    ...REFUSED.map((range) => `-A ${chain} -d ${range} -j RETURN`),
    `-A ${chain} -p udp --dport 53 -j REDIRECT --to-ports ${resolverPort}`,
    `-A ${chain} -p tcp --dport 53 -j REDIRECT --to-ports ${resolverPort}`,
    `-A ${chain} -p tcp -j REDIRECT --to-ports ${sinkholePort}`,
    `-I PREROUTING 1 -i ${bridge} ${jump}`,
    "COMMIT",
  ]);
}

/**
 * Whether all rules that lead into the chains are still there: another program may have flushed the host's rules.
 *
 * @throws FangsError sandbox_failed
 */
export async function checkFirewall(id: string): Promise<void> {
  const jumps = (await run(["iptables-save"])).split("\n").filter((rule) => rule.endsWith(` -j ${chainName(id)}`));
  if (jumps.length === JUMPS) return;
  throw new FangsError("sandbox_failed", "The sandbox's firewall rules were removed by another program.", {
    hint: "Restart the runner: it sets them again. Let the host's firewall leave the chains FANGS-* alone.",
  });
}

/** Removes the rules that were set with this id. */
export async function closeFirewall(id: string): Promise<void> {
  await removeRules((_, chain) => chain === chainName(id));
}

/** Removes the rules whose owner is gone. */
export async function reapFirewall(): Promise<void> {
  await removeRules(ownerIsGone);
}

// --- internal ---

function chainName(id: string): string {
  return `FANGS-${id}`;
}

async function removeRules(matches: (owner: string, chain: string) => boolean): Promise<void> {
  for (const table of ["filter", "nat"]) {
    const saved = (await run(["iptables-save", "-t", table])).split("\n");
    const jumps = saved.flatMap((rule) => {
      const [, owner, chain] = /--comment "?fangs:([^" ]+)"? -j (FANGS-[\w-]+)$/.exec(rule) ?? [];
      return owner !== undefined && chain !== undefined && matches(owner, chain) ? [{ rule, chain }] : [];
    });
    if (jumps.length === 0) continue;
    const chains = [...new Set(jumps.map((jump) => jump.chain))];
    await restore([
      `*${table}`,
      ...jumps.map((jump) => jump.rule.replace(/^-A/, "-D")),
      ...chains.flatMap((chain) => [`-F ${chain}`, `-X ${chain}`]),
      "COMMIT",
    ]);
  }
}

async function restore(lines: string[]): Promise<void> {
  await run(["iptables-restore", "--noflush", "--wait", "5"], { input: `${lines.join("\n")}\n` });
}
