/** A registry with a second place behind it: what the server kept of releases that the registry has no more. */
import { integrityOf } from "../../npm/integrity.ts";
import { type Manifest, checkPackument } from "../../npm/packument.ts";
import type { Client } from "../../protocol/client.ts";
import { toFangsError } from "../../protocol/errors.ts";
import type { RegistrySource } from "./registry-source.ts";

/** What is asked of the server: nothing where the registry still has everything. */
export type KeptClient = Pick<Client, "keptReleases" | "keptTarball">;

/**
 * The registry; where it says that it has not the release that a run is about, or not its tarball, what the server kept.
 * Without the server's answer the registry's word stands.
 */
export function keptSource(registry: RegistrySource, client: KeptClient): RegistrySource {
  /** Of kept tarballs by their integrity: whose they are. */
  const known = new Map<string, { name: string; version: string }>();

  async function kept(name: string): Promise<Record<string, Manifest>> {
    const { releases } = await client.keptReleases(name);
    const versions = Object.fromEntries(releases.map((release) => [release.version, release.manifest]));
    const checked = checkPackument({ name, versions }, name).versions;
    for (const { version, dist } of Object.values(checked)) {
      const integrity = integrityOf(dist);
      if (integrity !== null) known.set(integrity, { name, version });
    }
    return checked;
  }

  return {
    async packument(name, release) {
      let document: unknown;
      try {
        document = await registry.packument(name);
        if (release === undefined || hasVersion(document, release)) return document;
      } catch (thrown) {
        // What is kept is for the run that examines it: of other packages the server says nothing.
        if (release === undefined || toFangsError(thrown).code !== "package_not_found") throw thrown;
        const versions = await kept(name).catch(() => ({}));
        if (!Object.hasOwn(versions, release)) throw thrown;
        return { name, "dist-tags": {}, versions };
      }
      const versions: Record<string, Manifest> = await kept(name).catch(() => ({}));
      const gone = Object.hasOwn(versions, release) ? versions[release] : undefined;
      if (gone === undefined) return document;
      // That one alone: what else is gone must not become what a range resolves to.
      const there = checkPackument(document, name);
      return { ...there, versions: { ...there.versions, [release]: gone } };
    },

    async tarball(url, integrity) {
      try {
        return await registry.tarball(url, integrity);
      } catch (thrown) {
        const release = known.get(integrity);
        if (release === undefined || toFangsError(thrown).code !== "package_not_found") throw thrown;
        return await client.keptTarball(release.name, release.version);
      }
    },
  };
}

// --- internal ---

function hasVersion(document: unknown, version: string): boolean {
  if (typeof document !== "object" || document === null || !("versions" in document)) return false;
  const { versions } = document;
  return typeof versions === "object" && versions !== null && Object.hasOwn(versions, version);
}
