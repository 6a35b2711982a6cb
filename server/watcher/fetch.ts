/** Fetching the tarball of a release that was seen, checking it, and keeping it. */
import { integrityOf } from "../../npm/integrity.ts";
import type { Manifest } from "../../npm/packument.ts";
import type { PollSource } from "../../npm/poll.ts";
import { FangsError, toFangsError } from "../../protocol/errors.ts";
import type { WatchServices } from "./services.ts";
import { type ReleaseKey, setRelease } from "../store/seen-releases.ts";

/** Pauses between attempts; after the last it is given up: an hour later a registry has it or does not. */
const RETRY_MS = [5_000, 30_000, 5 * 60_000, 60 * 60_000];

/** Keeps the tarball, or notes why not and when it is tried again. What cannot be kept is examined all the same. */
export async function fetchTarball(
  services: WatchServices,
  source: PollSource,
  release: ReleaseKey & { manifest: Manifest; fetches?: number },
): Promise<"kept" | "failed"> {
  const { dist } = release.manifest;
  const fetches = (release.fetches ?? 0) + 1;
  try {
    const integrity = integrityOf(dist);
    if (integrity === null) throw new FangsError("registry_invalid", "The registry gives no digest for it.");
    const bytes = (await services.tarballs.get(integrity)) ?? (await source.tarball(dist));
    await services.tarballs.put(integrity, bytes);
    await setRelease(services.db, release, {
      ...{ tarball_bytes: bytes.length, tarball_error: null, fetch_at: null, fetches },
    });
    return "kept";
  } catch (thrown) {
    const delay = RETRY_MS[fetches - 1];
    const { message } = toFangsError(thrown);
    const fetch_at = delay === undefined ? null : services.now() + delay;
    await setRelease(services.db, release, { tarball_error: message.slice(0, 500), fetch_at, fetches });
    return "failed";
  }
}
