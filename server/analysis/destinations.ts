import { formatEndpoint, parseAddress } from "../../protocol/address.ts";
import type { Environment } from "../../protocol/models.ts";
import type { AddressNames } from "./address-names.ts";

/** One end of a connection, with what is known about it. */
export interface Destination {
  address: Uint8Array;
  port: number;
  role: "registry" | "resolver" | "resolver-host" | "other";
  /** `<REGISTRY>:4873`, `<RESOLVER>:8080`, `evil.example:443`; null for an address without a name. */
  name: string | null;
  /** The name, or the address, for people. */
  text: string;
}

export type FindDestination = (process: number, address: Uint8Array, port: number) => Destination;

/**
 * Tells the sandbox's own services from the rest of the world. Their addresses change from run to run, so they are
 * named; any other address gets the name that the resolver gave it.
 */
export function createDestinations(environment: Environment, names: AddressNames): FindDestination {
  const registry = parseAddress(environment.registry.address)?.toHex();
  const resolver = parseAddress(environment.resolver.address)?.toHex();
  const roleOf = (address: Uint8Array, port: number): Destination["role"] => {
    const key = address.toHex();
    if (key === registry && port === environment.registry.port) return "registry";
    if (key !== resolver) return "other";
    return port === environment.resolver.port ? "resolver" : "resolver-host";
  };
  return (process, address, port) => {
    const role = roleOf(address, port);
    const host = role === "other" ? names.nameOf(process, address) : role === "registry" ? "<REGISTRY>" : "<RESOLVER>";
    const name = host === null ? null : `${host}:${port}`;
    return { address, port, role, name, text: name ?? formatEndpoint(address, port) };
  };
}
