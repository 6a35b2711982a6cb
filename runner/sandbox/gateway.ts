/** The registry gateway: the only npm registry that a sandbox can reach. It serves, and never takes anything in. */
import { digestKey, integrityOf } from "../../npm/integrity.ts";
import { checkPackageName } from "../../npm/names.ts";
import { type Packument, checkPackument } from "../../npm/packument.ts";
import { ERRORS, toFangsError } from "../../protocol/errors.ts";
import { type View, slimPackument, tarballPath, viewPackument } from "./packument-view.ts";
import type { RegistrySource } from "./registry-source.ts";
import type { TarballCache } from "./tarball-cache.ts";

/** npm's own registry software listens here by habit; taken by another program, any free port will do. */
const USUAL_PORT = 4873;
/** A worm that publishes itself sends its tarball in base64: let it, so that the attempt runs its course. */
const REQUEST_BYTES = 16 * 1024 * 1024;
/** What one run may ask for; large trees have some 2,000 packages. Beyond, it is filling the disk or passing messages. */
const REQUESTS_PER_RUN = 10_000;
const BYTES_PER_RUN = 1024 ** 3;
/** More than the largest trees have packages; slim documents are some 10 kB. */
const REMEMBERED_PACKUMENTS = 4096;
const REMEMBERED_MS = 5 * 60_000;
const ABBREVIATED = "application/vnd.npm.install-v1+json";

export interface Gateway extends AsyncDisposable {
  readonly port: number;
  /** Lets a sandbox's address in; what it sees depends on its run. All other addresses are refused. */
  admit(client: string, run: Omit<View, "base">): void;
  dismiss(client: string): void;
}

/** Serves the registry on the address. A client cannot take another's address: it has no raw sockets. */
export function startGateway(options: { host: string; registry: RegistrySource; tarballs: TarballCache }): Gateway {
  const runs = new Map<string, AdmittedRun>();
  const packuments = rememberPackuments(options.registry);

  async function answer(request: Request, client: string, base: string): Promise<Response> {
    const run = runs.get(client);
    if (run === undefined) return refuse(403, "This address runs no scan");
    if (++run.requests > REQUESTS_PER_RUN || run.bytes > BYTES_PER_RUN) return refuse(429, "Too many requests");
    const path = decodePath(new URL(request.url).pathname);
    if (path === null) return refuse(400, "The path is not well formed");
    // Audits are asked with POST: nothing is known to be wrong.
    if (path.startsWith("/-/")) return request.method === "PUT" ? refuse(403, "Forbidden") : Response.json({});
    if (request.method !== "GET" && request.method !== "HEAD")
      return refuse(403, "You do not have permission to publish");

    const { name, rest } = splitPath(path);
    const { release, before } = run.view;
    const own = name === release.name ? release.version : undefined;
    const document = await packuments(checkPackageName(name), before ?? 0, own);
    const view = { ...run.view, base };
    if (rest === "") {
      const full = !(request.headers.get("accept") ?? "").includes(ABBREVIATED);
      return packumentResponse(viewPackument(document, view, full), full);
    }
    return rest.startsWith("-/")
      ? await tarball(document, path, run)
      : manifestResponse(viewPackument(document, view, true), rest);
  }

  async function tarball(document: Packument, path: string, run: AdmittedRun): Promise<Response> {
    const manifest = Object.values(document.versions).find(({ name, version }) => tarballPath(name, version) === path);
    if (manifest === undefined) return refuse(404, "No such tarball");
    const integrity = integrityOf(manifest.dist);
    if (integrity === null) return refuse(502, "The registry gives no digest for this tarball");
    const bytes = await options.tarballs.get(manifest.dist.tarball, integrity);
    run.bytes += bytes.length;
    return new Response(Uint8Array.from(bytes), {
      headers: { "content-type": "application/octet-stream", etag: `"${digestKey(integrity)}"` },
    });
  }

  const server = serve(options.host, async (request, client, base) => {
    try {
      return await answer(request, client, base);
    } catch (thrown) {
      const error = toFangsError(thrown);
      return refuse(ERRORS[error.code].status, error.message);
    }
  });
  return {
    port: server.port ?? 0,
    admit: (client, view) => void runs.set(client, { view, requests: 0, bytes: 0 }),
    dismiss: (client) => void runs.delete(client),
    [Symbol.asyncDispose]: () => server.stop(true),
  };
}

// --- internal ---

interface AdmittedRun {
  view: Omit<View, "base">;
  requests: number;
  bytes: number;
}

function serve(hostname: string, handle: (request: Request, client: string, base: string) => Promise<Response>) {
  const start = (port: number) =>
    Bun.serve({
      hostname,
      port,
      idleTimeout: 120,
      maxRequestBodySize: REQUEST_BYTES,
      development: false,
      fetch: (request, server) =>
        handle(request, server.requestIP(request)?.address ?? "", `http://${hostname}:${server.port}`),
      error: () => refuse(500, "The gateway failed"),
    });
  try {
    return start(USUAL_PORT);
  } catch {
    return start(0);
  }
}

/**
 * Many dependants of one package ask at the same time, in one run and in the next. A run that sees the registry as of a
 * moment needs a document that is not older than it: else it would see an earlier world than its control run.
 */
function rememberPackuments(
  registry: RegistrySource,
): (name: string, moment: number, release: string | undefined) => Promise<Packument> {
  const remembered = new Map<string, { asked: number; packument: Promise<Packument> }>();
  return (name, moment, release) => {
    const key = release === undefined ? name : `${name}@${release}`;
    const known = remembered.get(key);
    const now = Date.now();
    if (known !== undefined && known.asked >= moment && known.asked + REMEMBERED_MS > now) return known.packument;
    const packument = registry
      .packument(name, release)
      .then((document) => slimPackument(checkPackument(document, name)));
    packument.catch(() => remembered.delete(key));
    remembered.delete(key);
    remembered.set(key, { asked: now, packument });
    const [oldest] = remembered.keys();
    if (remembered.size > REMEMBERED_PACKUMENTS && oldest !== undefined) remembered.delete(oldest);
    return packument;
  };
}

function decodePath(path: string): string | null {
  try {
    return decodeURIComponent(path);
  } catch {
    return null;
  }
}

/** `/@scope/name/rest` or `/name/rest`. */
function splitPath(path: string): { name: string; rest: string } {
  const parts = path.slice(1).split("/");
  const length = path.startsWith("/@") ? 2 : 1;
  return { name: parts.slice(0, length).join("/"), rest: parts.slice(length).join("/") };
}

function packumentResponse(packument: Packument, full: boolean): Response {
  if (Object.keys(packument.versions).length === 0) return refuse(404, "No version of the package is visible");
  return new Response(JSON.stringify(packument), {
    headers: { "content-type": full ? "application/json" : ABBREVIATED },
  });
}

function manifestResponse(packument: Packument, versionOrTag: string): Response {
  const tags = packument["dist-tags"];
  const version = (Object.hasOwn(tags, versionOrTag) ? tags[versionOrTag] : undefined) ?? versionOrTag;
  const manifest = Object.hasOwn(packument.versions, version) ? packument.versions[version] : undefined;
  return manifest === undefined ? refuse(404, "No such version") : Response.json(manifest);
}

/** The shape of a registry's refusal. */
function refuse(status: number, error: string): Response {
  return Response.json({ error }, { status });
}
