/** Tarballs kept as files: a malicious release is unpublished within hours, and must be there to be run even then. */
import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { checkIntegrity, digestKey } from "../npm/integrity.ts";

export interface KeptTarballs {
  /** Keeps bytes that fit this integrity. */
  put(integrity: string, bytes: Uint8Array): Promise<void>;
  /** Undefined: they are not kept, or do not fit any more. */
  get(integrity: string): Promise<Uint8Array | undefined>;
  /** Removes what is older, and the oldest beyond the size; answers how many files went. */
  prune(limits: { olderThan: number; mostBytes: number }): Promise<number>;
}

/** Tarballs below a directory, which is made when the first is kept. */
export function keptTarballs(directory: string): KeptTarballs {
  const fileOf = (integrity: string): string => join(directory, `${digestKey(integrity)}.tgz`);
  return {
    async put(integrity, bytes) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      const file = fileOf(integrity);
      const partial = `${file}.${crypto.randomUUID()}.part`;
      try {
        const handle = await open(partial, "wx", 0o600);
        try {
          await handle.writeFile(bytes);
          // The store says that it is kept: a power cut must not make that a lie.
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(partial, file);
      } catch (error) {
        // A part of one would take the room that is wanting.
        await rm(partial, { force: true });
        throw error;
      }
    },
    async get(integrity) {
      try {
        const bytes = await readFile(fileOf(integrity));
        checkIntegrity(bytes, { tarball: integrity, integrity });
        return bytes;
      } catch {
        return undefined;
      }
    },
    async prune({ olderThan, mostBytes }) {
      const names = await readdir(directory).catch(() => []);
      const files: { path: string; size: number; mtimeMs: number }[] = [];
      for (const name of names) {
        const path = join(directory, name);
        const found = await stat(path).catch(() => undefined);
        if (found !== undefined) files.push({ path, size: found.size, mtimeMs: found.mtimeMs });
      }
      let bytes = files.reduce((sum, { size }) => sum + size, 0);
      let removed = 0;
      for (const { path, size, mtimeMs } of files.sort((a, b) => a.mtimeMs - b.mtimeMs)) {
        if (mtimeMs >= olderThan && bytes <= mostBytes) break;
        await rm(path, { force: true });
        bytes -= size;
        removed += 1;
      }
      return removed;
    },
  };
}
