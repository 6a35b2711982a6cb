import type { Environment } from "../../protocol/models.ts";
import { LAYOUTS } from "../../protocol/trace.ts";

/** Where the decoy lies whose file the open record at `offset` opened; null: it opened none. */
export type DecoyOpened = (view: DataView, offset: number) => Uint8Array | null;

/** Knows decoys by their file: by hard link, moved directory or mount it is reached under any name. */
export function createDecoyFiles({ decoys }: Environment): DecoyOpened {
  // By the inode's lower half, which every open can afford to look at.
  const known = new Map<number, { device: number; inode: bigint; place: Uint8Array }[]>();
  for (const { file, place } of decoys) {
    if (file === undefined) continue;
    const one = { device: file.device, inode: BigInt(file.inode), place: new TextEncoder().encode(place) };
    const key = Number(BigInt.asUintN(32, one.inode));
    known.set(key, [...(known.get(key) ?? []), one]);
  }
  const { inode, device } = LAYOUTS.open.fields;
  return (view, offset) => {
    const candidates = known.get(view.getUint32(offset + inode[0], true));
    const found = candidates?.find(
      (one) =>
        view.getUint32(offset + device[0], true) === one.device &&
        view.getBigUint64(offset + inode[0], true) === one.inode,
    );
    return found?.place ?? null;
  };
}
