/** Gives each name that a sandbox asks for an address of its own, so that a connection tells which name it was for. */
import { SINKHOLE_ADDRESSES, type SandboxSubnet, sinkholeAddress, sinkholeIndex } from "./subnet.ts";

export interface SinkholeNames {
  /** The address that stands for the name in this client's eyes. */
  addressOf(client: string, name: string): string;
  /** The name that the address stands for now; null if for none. */
  nameOf(address: string): string | null;
  /** Frees the addresses of a client that has ended. */
  forget(client: string): void;
}

/** The same name gets the same address in every run, unless that is taken: it starts looking at the name's hash. */
export function sinkholeNames(subnet: SandboxSubnet): SinkholeNames {
  const byIndex = new Map<number, string>();
  /** Per client, name to index, the least recently used first. */
  const byClient = new Map<string, Map<string, number>>();

  function freeIndex(name: string): number | null {
    if (byIndex.size >= SINKHOLE_ADDRESSES) return null;
    let index = Bun.hash.xxHash32(name) % SINKHOLE_ADDRESSES;
    while (byIndex.has(index)) index = (index + 1) % SINKHOLE_ADDRESSES;
    return index;
  }

  /** Takes the oldest name's address from the client with the most: a flood (a DNS tunnel) recycles its own. */
  function recycle(): void {
    const most = [...byClient.values()].reduce((a, b) => (b.size > a.size ? b : a));
    for (const [name, index] of most) {
      most.delete(name);
      byIndex.delete(index);
      return;
    }
  }

  return {
    addressOf(client, name) {
      const names = byClient.get(client) ?? new Map<string, number>();
      byClient.set(client, names);
      let index = names.get(name) ?? freeIndex(name);
      if (index === null) {
        recycle();
        index = freeIndex(name) ?? 0;
      }
      names.delete(name);
      names.set(name, index);
      byIndex.set(index, name);
      return sinkholeAddress(subnet, index);
    },
    nameOf: (address) => byIndex.get(sinkholeIndex(subnet, address)) ?? null,
    forget(client) {
      for (const index of byClient.get(client)?.values() ?? []) byIndex.delete(index);
      byClient.delete(client);
    },
  };
}
