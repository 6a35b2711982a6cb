/** Tarballs on disk, found by their digest and checked against it each time. */
import { mkdir, readFile, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { checkIntegrity, digestKey } from "../../npm/integrity.ts";
import type { RegistrySource } from "./registry-source.ts";

/** What the cache may take of the disk before the least recently used tarballs go. */
const CACHE_BYTES = 4 * 1024 ** 3;

export interface TarballCache {
  /** @throws FangsError integrity_mismatch and what the registry throws */
  get(url: string, integrity: string): Promise<Uint8Array>;
}

/** A cache below the directory; what it lacks comes from the registry, once however many ask at the same time. */
export async function openTarballCache(
  directory: string,
  registry: RegistrySource,
  mostBytes = CACHE_BYTES,
): Promise<TarballCache> {
  await mkdir(directory, { recursive: true });
  let bytesKept = await shrink(directory, mostBytes);
  const underway = new Map<string, Promise<Uint8Array>>();

  async function fetchInto(file: string, url: string, integrity: string): Promise<Uint8Array> {
    const bytes = await registry.tarball(url, integrity);
    checkIntegrity(bytes, { tarball: url, integrity });
    const partial = `${file}.${crypto.randomUUID()}.part`;
    await writeFile(partial, bytes);
    await rename(partial, file);
    bytesKept += bytes.length;
    if (bytesKept > mostBytes) bytesKept = await shrink(directory, mostBytes);
    return bytes;
  }

  async function lookUp(url: string, integrity: string): Promise<Uint8Array> {
    const file = join(directory, `${digestKey(integrity)}.tgz`);
    try {
      const bytes = await readFile(file);
      checkIntegrity(bytes, { tarball: url, integrity });
      await utimes(file, new Date(), new Date());
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

// --- internal ---

/** Removes the least recently used until three quarters of the limit are left, if it is passed; returns the bytes kept. */
async function shrink(directory: string, mostBytes: number): Promise<number> {
  const names = await readdir(directory);
  const files = await Promise.all(
    names.map(async (name) => {
      const { size, mtimeMs } = await stat(join(directory, name)).catch(() => ({ size: 0, mtimeMs: 0 }));
      return { name, size, mtimeMs };
    }),
  );
  let bytes = files.reduce((sum, { size }) => sum + size, 0);
  if (bytes <= mostBytes) return bytes;
  for (const { name, size } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
    if (bytes <= mostBytes * 0.75) break;
    await rm(join(directory, name), { force: true });
    bytes -= size;
  }
  return bytes;
}
