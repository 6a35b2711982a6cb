/** Looking releases up in the registry: while their runs wait for a runner, so that no verdict waits for the registry. */
import { withKept } from "./kept-registry.ts";
import type { ReleaseMeta, Run } from "../protocol/models.ts";
import { logDefect } from "./problem.ts";
import { isStillTrue, readReleaseMeta } from "./release-meta.ts";
import type { Services } from "./services.ts";
import { createSignal } from "./signal.ts";
import { acceptedVersions, listNodeMajors } from "./store/baselines.ts";
import { keepRelease, listUnlooked } from "./store/runs.ts";

/** Releases that are looked up at the same time. */
const AT_ONCE = 4;
/** How often the queue is looked at when nothing wakes it. */
const EVERY_MS = 1000;

type Release = Pick<Run, "id" | "package" | "version">;

/** Looks up what is queued until the signal, in the order in which it was. Trouble is for the verdict to settle. */
export async function lookAhead(services: Services, stop: AbortSignal): Promise<void> {
  const { db, jobs } = services;
  const busy = new Map<string, Promise<void>>();
  while (!stop.aborted) {
    try {
      for (const run of await listUnlooked(db, 2 * AT_ONCE)) {
        if (busy.has(run.id) || busy.size >= AT_ONCE) continue;
        const done = lookUp(services, run, stop).catch((error: unknown) => {
          logDefect(error);
          // What cannot be written down must not be asked for again and again.
          return pause(EVERY_MS, stop);
        });
        busy.set(run.id, done);
        void done.then(() => busy.delete(run.id));
      }
    } catch (error) {
      logDefect(error);
    }
    await (busy.size > 0 ? Promise.race(busy.values()) : jobs.wait(EVERY_MS, stop));
  }
}

/**
 * What the release's documents say, for the verdict: as it was looked up ahead, and anew where that failed, or where the
 * baseline has another predecessor by now. Null for a control run: nobody asks what is new in it.
 *
 * @param accepted the versions that built the baseline
 */
export async function releaseOf(
  services: Services,
  run: Release & Pick<Run, "kind"> & { release: ReleaseMeta | null },
  accepted: readonly string[],
): Promise<ReleaseMeta | null> {
  if (run.kind === "control") return null;
  if (run.release !== null && isStillTrue(run.release, run.version, accepted)) return run.release;
  return readReleaseMeta(withKept(services), { package: run.package, version: run.version, accepted });
}

// --- internal ---

const pause = createSignal().wait;

/** Which Node.js will run it is not known yet: the newest one that the package has a baseline for is likely. */
async function lookUp(services: Services, run: Release, stop: AbortSignal): Promise<void> {
  const { db } = services;
  const nodeMajor = (await listNodeMajors(db, run.package)).at(-1);
  const accepted = nodeMajor === undefined ? [] : await acceptedVersions(db, run.package, nodeMajor);
  const release = await readReleaseMeta(withKept(services), { package: run.package, version: run.version, accepted });
  if (!stop.aborted) await keepRelease(db, run.id, release);
}
