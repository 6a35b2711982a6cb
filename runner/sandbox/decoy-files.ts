/** Which files the decoys are: who gives one another name still opens the same file. */
import { statSync } from "node:fs";
import type { Decoy } from "../../protocol/models.ts";

/**
 * The decoys with the identity of their files, as the kernel numbers them. To be asked before a stranger's code runs:
 * it could put links in the way.
 *
 * @param root the container's root directory as the host sees it
 */
export function identifyDecoys(decoys: readonly Decoy[], root: string): Decoy[] {
  return decoys.map((decoy) => {
    if (!decoy.place.startsWith("/")) return decoy;
    const { dev, ino } = statSync(root + decoy.place);
    return { ...decoy, file: { device: kernelDevice(dev), inode: ino } };
  });
}

// --- internal ---

/** stat's device number in the kernel's own form: include/linux/kdev_t.h, MKDEV. */
function kernelDevice(device: number): number {
  const major = (device >>> 8) & 0xfff;
  const minor = (device & 0xff) | ((device >>> 12) & ~0xff);
  return (major * 2 ** 20 + minor) >>> 0;
}
