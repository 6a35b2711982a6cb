/** What a release's tarball itself says: a registry's document is the publisher's word, and may differ. */
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { FangsError } from "../protocol/errors.ts";

export interface TarballContents {
  /** package.json as it is in the tarball; nothing of it is checked. */
  manifest: Record<string, unknown>;
  /** Sum of the sizes of its files, in bytes. */
  unpackedSize: number;
  /** npm builds such a package with node-gyp, without a script that says so. */
  hasBindingFile: boolean;
}

const UNPACKED_LIMIT = 1024 ** 3;
const ENTRY_LIMIT = 200_000;
const MANIFEST_LIMIT = 4 * 1024 * 1024;

/**
 * Reads a tarball without writing any of it.
 *
 * @throws FangsError registry_invalid for what is no tarball of a package, or too large a one
 */
export async function readTarball(tarball: Uint8Array): Promise<TarballContents> {
  const contents: TarballContents = { manifest: {}, unpackedSize: 0, hasBindingFile: false };
  let entries = 0;
  const tar = extract();
  try {
    const read = (async () => {
      for await (const entry of tar) {
        const { name, size = 0 } = entry.header;
        contents.unpackedSize += size;
        if (++entries > ENTRY_LIMIT || contents.unpackedSize > UNPACKED_LIMIT) throw new RangeError("it is too large");
        // npm takes off the first directory, whatever its name.
        const path = name.replace(/^[^/]*\/(?:\.?\/)*/, "");
        if (path === "binding.gyp") contents.hasBindingFile = true;
        if (path === "package.json" && size <= MANIFEST_LIMIT) contents.manifest = await parse(entry);
        else entry.resume();
      }
    })();
    await Promise.all([pipeline([tarball], createGunzip(), tar), read]);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FangsError("registry_invalid", `A tarball cannot be read: ${why}.`, { cause });
  }
  return contents;
}

// --- internal ---

async function parse(entry: AsyncIterable<unknown>): Promise<Record<string, unknown>> {
  const parts: Uint8Array[] = [];
  for await (const part of entry) if (part instanceof Uint8Array) parts.push(part);
  const value: unknown = JSON.parse(Buffer.concat(parts).toString("utf8"));
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw new TypeError("its package.json is no object");
}
