/** A runner's own network: an internal bridge without a way out, and what listens on the host's side of it. */
import { writeFile } from "node:fs/promises";
import type Docker from "dockerode";
import { FangsError } from "../../protocol/errors.ts";
import { within } from "./deadline.ts";
import { dockerStatus, leniently } from "./docker.ts";
import { checkFirewall, closeFirewall, openFirewall } from "./firewall.ts";
import { type Gateway, startGateway } from "./gateway.ts";
import { run } from "./host-command.ts";
import { LABELS } from "./owner.ts";
import type { RegistrySource } from "./registry-source.ts";
import { startResolver } from "./resolver.ts";
import { type SinkholeConnection, startSinkhole } from "./sinkhole.ts";
import { type SinkholeNames, sinkholeNames } from "./sinkhole-names.ts";
import { type SandboxSubnet, freeSubnets } from "./subnet.ts";
import type { TarballCache } from "./tarball-cache.ts";

/** Under the 1,500 of Ethernet, for hosts inside tunnels. */
const MTU = "1400";
const REMOVAL_MS = 10_000;

export interface SandboxNetwork extends AsyncDisposable {
  /** Docker's name of it. */
  readonly name: string;
  readonly subnet: SandboxSubnet;
  readonly gateway: Gateway;
  readonly names: SinkholeNames;
  readonly resolverPort: number;
  /** @throws FangsError sandbox_failed if it is not closed off any more */
  check(): Promise<void>;
}

export interface NetworkOptions {
  docker: Docker;
  owner: string;
  registry: RegistrySource;
  tarballs: TarballCache;
  /** Told of each connection that ended in the sinkhole, with the name its address stood for; null: called by address. */
  sinkholed: (connection: SinkholeConnection & { name: string | null }) => void;
}

/**
 * Makes the bridge, closes it off, then starts gateway, resolver and sinkhole. Whatever fails, nothing is left behind.
 *
 * @throws FangsError sandbox_failed, address_in_use
 */
export async function openNetwork(options: NetworkOptions): Promise<SandboxNetwork> {
  const { docker, owner } = options;
  const id = Buffer.from(crypto.getRandomValues(new Uint8Array(4))).toString("hex");
  const bridge = `fangs-${id}`;
  await using stack = new AsyncDisposableStack();

  const subnet = await createBridge(docker, owner, bridge);
  // A daemon that is gone is not waited for: the next runner that starts removes it.
  stack.defer(() =>
    within(REMOVAL_MS, "Docker's answer", leniently(docker.getNetwork(bridge).remove())).catch(() => {}),
  );
  // No IPv6 at all: its rules would be a second set to get right.
  await writeFile(`/proc/sys/net/ipv6/conf/${bridge}/disable_ipv6`, "1").catch(() => {});
  // Makes every sinkhole address this host's own; the route goes with the bridge.
  await run(["ip", "route", "add", "local", subnet.sinkhole, "dev", bridge]);

  const names = sinkholeNames(subnet);
  const sinkhole = stack.use(
    await startSinkhole(subnet, (connection) =>
      options.sinkholed({ ...connection, name: names.nameOf(connection.address) }),
    ),
  );
  const resolver = stack.use(await startResolver(subnet.host, names.addressOf));
  const gateway = stack.use(
    startGateway({ host: subnet.host, registry: options.registry, tarballs: options.tarballs }),
  );
  stack.defer(() => closeFirewall(id));
  const ports = { gatewayPort: gateway.port, resolverPort: resolver.port, sinkholePort: sinkhole.port };
  await openFirewall({ owner, id, bridge, subnet, ...ports });

  const opened = stack.move();
  return {
    name: bridge,
    subnet,
    gateway,
    names,
    resolverPort: resolver.port,
    check: () => checkFirewall(id),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  };
}

// --- internal ---

/** Another runner may take a subnet between the look and the creation: then the next one is tried. */
async function createBridge(docker: Docker, owner: string, name: string): Promise<SandboxSubnet> {
  for (const subnet of freeSubnets(await takenRanges(docker))) {
    try {
      await docker.createNetwork({
        Name: name,
        Driver: "bridge",
        Internal: true,
        EnableIPv6: false,
        Labels: { [LABELS.owner]: owner },
        IPAM: {
          Driver: "default",
          Config: [{ Subnet: subnet.subnet, IPRange: subnet.containers, Gateway: subnet.host }],
        },
        Options: {
          "com.docker.network.bridge.name": name,
          "com.docker.network.bridge.enable_icc": "false",
          "com.docker.network.driver.mtu": MTU,
        },
      });
      return subnet;
    } catch (error) {
      if (dockerStatus(error) !== 403 && !/overlap/i.test(String(error))) throw error;
    }
  }
  throw new FangsError("sandbox_failed", "No free subnet for the sandbox's network.", {
    hint: "All of 10.213.0.0/16 is routed or in use: look at `ip route` and `docker network ls`.",
  });
}

async function takenRanges(docker: Docker): Promise<string[]> {
  const routes = (await run(["ip", "-4", "route"])).match(/\d+\.\d+\.\d+\.\d+\/\d+/g) ?? [];
  const networks = await docker.listNetworks();
  return [
    ...routes,
    ...networks.flatMap((network) => network.IPAM?.Config?.map((config) => config.Subnet ?? "") ?? []),
  ];
}
