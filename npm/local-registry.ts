/** A registry in memory that takes what `npm publish` sends and serves what `npm install` asks: for the demo and for tests. */
import { pack } from "tar-stream";

/** Files of a release by their path in the package; package.json is one of them. */
export type PackageFiles = Record<string, string>;

export interface LocalRegistry extends AsyncDisposable {
  /** Ends in `/`. */
  url: string;
  /** Publishes a release in the way of `npm publish`, under the dist-tag `latest` unless another is given. */
  publish(files: PackageFiles, tag?: string): Promise<void>;
  /** Takes a release and its tarball away; without a version, the whole package. */
  unpublish(name: string, version?: string): void;
  /** Sends a dist-tag to a version. */
  tag(name: string, tag: string, version: string): void;
}

export interface LocalRegistryOptions {
  /** Answers in the registry's place, for tests of what registries do wrong; undefined: it answers as it should. */
  intercept?: (request: Request, path: string) => Response | Promise<Response> | undefined;
}

interface Document {
  name: string;
  versions: Record<string, { dist: { tarball: string } }>;
  time: Record<string, string>;
  "dist-tags": Record<string, string>;
  _attachments?: Record<string, { data: string }>;
}

/**
 * Starts one on a free port of the loopback interface. It knows ETags, and has a changes feed at `_changes` with numeric
 * `since` and `limit`, of which each package has its last change only.
 */
export function startLocalRegistry({ intercept }: LocalRegistryOptions = {}): LocalRegistry {
  const changes = new Map<string, number>();
  let sequence = 0;
  const documents = new Map<string, Document>();
  const tarballs = new Map<string, Uint8Array<ArrayBuffer>>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const path = decodeURIComponent(new URL(request.url).pathname.slice(1));
      const other = await intercept?.(request, path);
      if (other !== undefined) return other;
      if (path === "") return Response.json({ update_seq: sequence });
      if (path === "_changes") return Response.json(changesSince(new URL(request.url).searchParams));
      if (request.method === "PUT") {
        accept((await request.json()) as Document);
        return Response.json({ ok: true }, { status: 201 });
      }
      const tarball = tarballs.get(path);
      if (tarball !== undefined) return new Response(tarball);
      const document = documents.get(path);
      return document === undefined
        ? Response.json({ error: "not found" }, { status: 404 })
        : withEtag(request, JSON.stringify(document));
    },
  });
  const url = server.url.href;

  function accept(published: Document): void {
    const { _attachments, ...rest } = published;
    const known = documents.get(rest.name) ?? { ...rest, versions: {}, time: {}, "dist-tags": {} };
    for (const [version, manifest] of Object.entries(rest.versions)) {
      const path = `${rest.name}/-/${fileName(rest.name, version)}`;
      manifest.dist.tarball = url + path;
      known.versions[version] = manifest;
      known.time[version] = new Date().toISOString();
      const attachment = Object.values(_attachments ?? {})[0];
      if (attachment !== undefined) tarballs.set(path, new Uint8Array(Buffer.from(attachment.data, "base64")));
    }
    Object.assign(known["dist-tags"], rest["dist-tags"]);
    documents.set(rest.name, known);
    changed(rest.name);
  }

  /** A later change takes the place of an earlier one, as in CouchDB. */
  function changed(name: string): void {
    changes.delete(name);
    changes.set(name, ++sequence);
  }

  function changesSince(query: URLSearchParams): unknown {
    const since = Number(query.get("since") ?? 0);
    const limit = Number(query.get("limit") ?? 1000);
    const results = [...changes]
      .filter(([, seq]) => seq > since)
      .slice(0, limit)
      .map(([id, seq]) => ({
        seq,
        id,
        changes: [{ rev: `${seq}-0` }],
        ...(documents.has(id) ? {} : { deleted: true }),
      }));
    return { results, last_seq: results.at(-1)?.seq ?? Math.min(since, sequence) };
  }

  return {
    url,
    async publish(files, tag = "latest") {
      const manifest = JSON.parse(files["package.json"] ?? "{}") as { name: string; version: string };
      const tarball = await tarballOf(files);
      const integrity = `sha512-${new Bun.CryptoHasher("sha512").update(tarball).digest("base64")}`;
      const document = {
        name: manifest.name,
        versions: { [manifest.version]: { ...manifest, dist: { integrity } } },
        "dist-tags": { [tag]: manifest.version },
        _attachments: {
          [fileName(manifest.name, manifest.version)]: { data: Buffer.from(tarball).toString("base64") },
        },
      };
      await fetch(url + manifest.name.replace("/", "%2f"), { method: "PUT", body: JSON.stringify(document) });
    },
    unpublish(name, version) {
      const document = documents.get(name);
      const versions = version === undefined ? Object.keys(document?.versions ?? {}) : [version];
      for (const one of versions) {
        delete document?.versions[one];
        tarballs.delete(`${name}/-/${fileName(name, one)}`);
      }
      if (version === undefined) documents.delete(name);
      changed(name);
    },
    tag(name, tag, version) {
      const document = documents.get(name);
      if (document !== undefined) document["dist-tags"][tag] = version;
      changed(name);
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

// --- internal ---

function withEtag(request: Request, text: string): Response {
  const etag = `"${new Bun.CryptoHasher("sha1").update(text).digest("hex")}"`;
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304, headers: { etag } });
  return new Response(text, { headers: { etag, "content-type": "application/json" } });
}

function fileName(name: string, version: string): string {
  return `${name.split("/").at(-1)}-${version}.tgz`;
}

/** The files as npm packs them: below `package/`, gzipped. */
async function tarballOf(files: PackageFiles): Promise<Uint8Array<ArrayBuffer>> {
  const tar = pack();
  for (const [name, text] of Object.entries(files)) tar.entry({ name: `package/${name}`, mtime: new Date(0) }, text);
  tar.finalize();
  const parts: Uint8Array[] = [];
  for await (const part of tar) parts.push(part as Uint8Array);
  return Bun.gzipSync(Buffer.concat(parts));
}
