/** What the sandbox needs of an npm registry. */
import type { RegistryClient } from "../../npm/registry.ts";

export interface RegistrySource {
  /**
   * The full document of a package, with publication times. Throws FangsError package_not_found and others.
   *
   * @param release the version that a run is about, which is looked for elsewhere if the registry has it no more
   */
  packument(name: string, release?: string): Promise<unknown>;
  /** @param integrity as in `dist.integrity`; the bytes fit it */
  tarball(url: string, integrity: string): Promise<Uint8Array>;
}

/** The registry that npm's configuration names, with the operator's tokens: they stay on this side. */
export function registrySource(client: RegistryClient): RegistrySource {
  return {
    packument: (name) => client.packument(name, { full: true }),
    tarball: (url, integrity) => client.tarball({ tarball: url, integrity }),
  };
}
