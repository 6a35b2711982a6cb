/** Whether a tarball is the one that was published. */
import { createHash, timingSafeEqual } from "node:crypto";
import { FangsError } from "../protocol/errors.ts";
import type { Dist } from "./packument.ts";

/** Strongest first. */
const ALGORITHMS = ["sha512", "sha384", "sha256", "sha1"] as const;

/**
 * Compares the bytes with the strongest digest the registry gave.
 *
 * @throws FangsError integrity_mismatch; registry_invalid where there is nothing to compare with
 */
export function checkIntegrity(bytes: Uint8Array, dist: Dist): void {
  const expected = strongest(dist);
  if (expected === undefined) {
    throw new FangsError("registry_invalid", `The registry gives no digest for ${dist.tarball}.`, {
      hint: "Without `dist.integrity` or `dist.shasum` a tarball cannot be trusted.",
    });
  }
  const actual = createHash(expected.algorithm).update(bytes).digest();
  // Of one algorithm an integrity text may list several digests; one that fits is enough.
  if (expected.digests.some((digest) => digest.length === actual.length && timingSafeEqual(digest, actual))) return;
  throw new FangsError("integrity_mismatch", `The tarball ${dist.tarball} does not match its ${expected.algorithm}.`, {
    hint: "It was altered on its way or on the registry; do not install it.",
  });
}

/** The digest to check a tarball with; null if the registry gives none. */
export function integrityOf(dist: Dist): string | null {
  if (dist.integrity !== undefined && dist.integrity !== "") return dist.integrity;
  if (dist.shasum === undefined || !/^[0-9a-f]{40}$/i.test(dist.shasum)) return null;
  return `sha1-${Buffer.from(dist.shasum, "hex").toString("base64")}`;
}

/** A short name for a digest that is fit for a file. */
export function digestKey(integrity: string): string {
  return createHash("sha256").update(integrity).digest("hex");
}

// --- internal ---

function strongest(dist: Dist): { algorithm: string; digests: Buffer[] } | undefined {
  const parts = (dist.integrity ?? "").split(/\s+/);
  for (const algorithm of ALGORITHMS) {
    const digests = parts
      .filter((part) => part.startsWith(`${algorithm}-`))
      .map((part) => Buffer.from(part.slice(algorithm.length + 1).split("?")[0]!, "base64"));
    if (digests.length > 0) return { algorithm, digests };
  }
  if (dist.shasum !== undefined && /^[0-9a-f]{40}$/i.test(dist.shasum)) {
    return { algorithm: "sha1", digests: [Buffer.from(dist.shasum, "hex")] };
  }
  return undefined;
}
