/** Tarballs on disk, found by their digest and checked against it each time. */
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkIntegrity } from "../../npm/integrity.ts";
import { digestKey } from "./packument-view.ts";
import type { RegistrySource } from "./registry-source.ts";

export interface TarballCache {
  /** @throws FangsError integrity_mismatch and what the registry throws */
  get(url: string, integrity: string): Promise<Uint8Array>;
}

/** A cache below the directory; what it lacks comes from the registry, once however many ask at the same time. */
export async function openTarballCache(directory: string, registry: RegistrySource): Promise<TarballCache> {
  await mkdir(directory, { recursive: true });
  const underway = new Map<string, Promise<Uint8Array>>();

  async function fetchInto(file: string, url: string, integrity: string): Promise<Uint8Array> {
    const bytes = await registry.tarball(url, integrity);
    checkIntegrity(bytes, { tarball: url, integrity });
    const partial = `${file}.${crypto.randomUUID()}.part`;
    await writeFile(partial, bytes);
    await rename(partial, file);
    return bytes;
  }

  async function lookUp(url: string, integrity: string): Promise<Uint8Array> {
    const file = join(directory, `${digestKey(integrity)}.tgz`);
    try {
      const bytes = await readFile(file);
      checkIntegrity(bytes, { tarball: url, integrity });
      return bytes;
    } catch {
      // Not there, or damaged since: both are mended by fetching it.
      return await fetchInto(file, url, integrity);
    }
  }

  return {
    get(url, integrity) {
      const key = digestKey(integrity);
      const found = underway.get(key) ?? lookUp(url, integrity).finally(() => underway.delete(key));
      underway.set(key, found);
      return found;
    },
  };
}
