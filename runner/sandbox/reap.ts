/** Removes what dead runners left: containers, networks, firewall rules. What a live runner made is never touched. */
import type Docker from "dockerode";
import { leniently } from "./docker.ts";
import { reapFirewall } from "./firewall.ts";
import { LABELS, ownerIsGone } from "./owner.ts";

/** Containers first, as a network in use cannot be removed. @throws what Docker and iptables report */
export async function reapLeftovers(docker: Docker): Promise<void> {
  const containers = await docker.listContainers({ all: true, filters: { label: [LABELS.owner] } });
  for (const { Id, Labels } of containers) {
    if (isLeftover(Labels)) await leniently(docker.getContainer(Id).remove({ force: true, v: true }));
  }
  const networks = await docker.listNetworks({ filters: { label: [LABELS.owner] } });
  for (const { Id, Labels } of networks) {
    // A refusal (403) means that something of a live runner is in it.
    if (isLeftover(Labels ?? {})) await leniently(docker.getNetwork(Id).remove()).catch(() => {});
  }
  await reapFirewall();
}

// --- internal ---

function isLeftover(labels: Record<string, string>): boolean {
  const deadline = Number(labels[LABELS.deadline] ?? Infinity);
  return ownerIsGone(labels[LABELS.owner] ?? "") || deadline < Date.now();
}
