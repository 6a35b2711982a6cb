/** Asking for a scan. */
import { checkPackageName } from "../npm/names.ts";
import { resolveVersion } from "../npm/packument.ts";
import { withKept } from "./kept-registry.ts";
import { FangsError } from "../protocol/errors.ts";
import type { RunKind, Scan, ScanRequest } from "../protocol/models.ts";
import type { Runner } from "../protocol/requests.ts";
import { PRIORITY } from "./priorities.ts";
import type { Services } from "./services.ts";
import { audit } from "./store/audit.ts";
import { insertJob, type Wants } from "./store/jobs.ts";
import type { Database } from "./store/open.ts";
import { addPackage } from "./store/packages.ts";
import { listRunners } from "./store/runners.ts";
import { insertRun } from "./store/runs.ts";
import { getScan, insertScan, type ScanRow } from "./store/scans.ts";

/**
 * Looks the release up and queues a run of it. `actor` is who wants it, for the trail: a package nobody knew is added.
 *
 * @throws FangsError invalid_name, package_not_found, version_not_found, not_found (runner), registry_unreachable
 */
export async function submitScan(services: Services, request: ScanRequest, actor = "fangs"): Promise<Scan> {
  const name = checkPackageName(request.package);
  const wants = await wantsOf(services, request);
  // The registry's word, not the caller's: "1.0" or "latest" become the exact version.
  const { version } = resolveVersion(await withKept(services).packument(name), request.version);
  const now = services.now();
  const scan = await services.db.transaction(async (db) => {
    if (await addPackage(db, name, now))
      await audit(db, { at: now, actor, action: "package.add", subject: name, after: { seeds: [] } });
    // The moment that all runs of this scan see the registry at, a control run too.
    const row = await insertScan(db, { package: name, version, ...wants, before: now, created_at: now });
    await queueRun(db, row, now, request.priority === undefined ? {} : { priority: request.priority });
    return getScan(db, row.id);
  }, `package ${name}`);
  services.jobs.fire();
  return scan;
}

/** A new run of a scan, with its job; meant for a transaction. Answers with its id. */
export async function queueRun(
  db: Database,
  scan: ScanRow,
  now: number,
  { kind = "scan", priority = PRIORITY.submitted }: { kind?: RunKind; priority?: number } = {},
): Promise<string> {
  const id = await insertRun(db, { scan_id: scan.id, package: scan.package, version: scan.version, kind, now });
  const { runner, node_major, image, before } = scan;
  await insertJob(db, { run_id: id, runner, node_major, image, before, not_before: now, priority });
  return id;
}

// --- internal ---

/** What the scan wants of its runner. What no runner has is refused: it would wait for ever. */
async function wantsOf({ db, now }: Services, { runner, node_major, image }: ScanRequest): Promise<Wants> {
  const wants = { runner: runner ?? null, node_major: node_major ?? null, image: image ?? null };
  if (runner === undefined && node_major === undefined && image === undefined) return wants;
  const runners = await listRunners(db, now());
  const refuse = (what: string): never => {
    throw new FangsError("not_found", `There is no runner ${what}.`, { hint: "List them with `fangs runner list`." });
  };
  if (runner !== undefined && !runners.some(({ name }) => name === runner)) refuse(JSON.stringify(runner));
  const fits = (one: Runner): boolean =>
    (runner === undefined || one.name === runner) &&
    (node_major === undefined || one.node_major === node_major) &&
    (image === undefined || one.image === image);
  if (!runners.some(fits)) {
    const parts = [
      ...(runner === undefined ? [] : [`the name ${JSON.stringify(runner)}`]),
      ...(node_major === undefined ? [] : [`Node.js ${node_major}`]),
      ...(image === undefined ? [] : [`the image ${JSON.stringify(image)}`]),
    ];
    refuse(`with ${parts.join(" and ")}`);
  }
  return wants;
}
