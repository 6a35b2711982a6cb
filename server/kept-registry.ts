/** The registry together with what it has no more: releases whose tarballs were kept. */
import { integrityOf } from "../npm/integrity.ts";
import { type Manifest, type Packument, checkPackument } from "../npm/packument.ts";
import type { RegistryClient } from "../npm/registry.ts";
import { toFangsError } from "../protocol/errors.ts";
import type { Services } from "./services.ts";
import { listKept } from "./store/seen-releases.ts";

/**
 * A registry client that knows unpublished releases, too, for looking one up by its number. Dist-tags are the registry's
 * own: what is gone is never the latest.
 */
export function withKept({ registry, db, tarballs }: Pick<Services, "registry" | "db" | "tarballs">): RegistryClient {
  return {
    async packument(name, options) {
      const kept = await keptManifests(db, name);
      try {
        const document = await registry.packument(name, options);
        return { ...document, versions: { ...kept, ...document.versions } };
      } catch (thrown) {
        if (toFangsError(thrown).code !== "package_not_found" || Object.keys(kept).length === 0) throw thrown;
        return { name, "dist-tags": {}, versions: kept };
      }
    },
    async tarball(dist) {
      try {
        return await registry.tarball(dist);
      } catch (thrown) {
        const integrity = integrityOf(dist);
        const bytes = integrity === null ? undefined : await tarballs.get(integrity);
        if (bytes === undefined) throw thrown;
        return bytes;
      }
    },
  };
}

// --- internal ---

async function keptManifests(db: Services["db"], name: string): Promise<Record<string, Manifest>> {
  const kept = await listKept(db, name);
  if (kept.length === 0) return {};
  const versions = Object.fromEntries(kept.map(({ version, manifest }) => [version, manifest]));
  const checked: Packument = checkPackument({ name, versions }, name);
  return checked.versions;
}
