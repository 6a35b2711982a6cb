import type { DnsMessage } from "../../protocol/dns.ts";

/** Which name an address was asked for by, as the answers of this run say. */
export interface AddressNames {
  learn(process: number, answer: DnsMessage): void;
  /** The name by the process's own last answer, else by anybody's; null for an address that no answer named. */
  nameOf(process: number, address: Uint8Array): string | null;
}

/** A tunnel of names must not fill the memory: addresses beyond this stay addresses. */
const NAME_LIMIT = 65536;

export function createAddressNames(): AddressNames {
  const names = new Map<string, string>();
  return {
    learn(process, { questions, answers }) {
      // The name that was asked for is the one people know, not what its CNAME leads to.
      const name = questions[0]?.name.toLowerCase();
      if (!name || readsAsAddress(name)) return;
      for (const answer of answers) {
        if (answer.type === "CNAME" || names.size >= NAME_LIMIT) continue;
        const address = answer.address.toHex();
        names.set(`${process} ${address}`, name);
        names.set(address, name);
      }
    },
    nameOf(process, address) {
      const key = address.toHex();
      return names.get(`${process} ${key}`) ?? names.get(key) ?? null;
    },
  };
}

/** A name such as `203.0.113.7` would pass an address off as another; so would one with a port in it. */
function readsAsAddress(name: string): boolean {
  return /(^|\.)\d+$/.test(name) || name.includes(":");
}
