/** A registry in memory that takes what `npm publish` sends and serves what `npm install` asks: for the demo and for tests. */
import { pack } from "tar-stream";

/** Files of a release by their path in the package; package.json is one of them. */
export type PackageFiles = Record<string, string>;

export interface LocalRegistry extends AsyncDisposable {
  /** Ends in `/`. */
  url: string;
  /** Publishes a release in the way of `npm publish`. */
  publish(files: PackageFiles): Promise<void>;
}

interface Document {
  name: string;
  versions: Record<string, { dist: { tarball: string } }>;
  time: Record<string, string>;
  "dist-tags": Record<string, string>;
  _attachments?: Record<string, { data: string }>;
}

/** Starts one on a free port of the loopback interface. */
export function startLocalRegistry(): LocalRegistry {
  const documents = new Map<string, Document>();
  const tarballs = new Map<string, Uint8Array<ArrayBuffer>>();
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const path = decodeURIComponent(new URL(request.url).pathname.slice(1));
      if (request.method === "PUT") {
        accept((await request.json()) as Document);
        return Response.json({ ok: true }, { status: 201 });
      }
      const tarball = tarballs.get(path);
      if (tarball !== undefined) return new Response(tarball);
      const document = documents.get(path);
      return document === undefined ? Response.json({ error: "not found" }, { status: 404 }) : Response.json(document);
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
  }

  return {
    url,
    async publish(files) {
      const manifest = JSON.parse(files["package.json"] ?? "{}") as { name: string; version: string };
      const tarball = await tarballOf(files);
      const integrity = `sha512-${new Bun.CryptoHasher("sha512").update(tarball).digest("base64")}`;
      const document = {
        name: manifest.name,
        versions: { [manifest.version]: { ...manifest, dist: { integrity } } },
        "dist-tags": { latest: manifest.version },
        _attachments: {
          [fileName(manifest.name, manifest.version)]: { data: Buffer.from(tarball).toString("base64") },
        },
      };
      await fetch(url + manifest.name.replace("/", "%2f"), { method: "PUT", body: JSON.stringify(document) });
    },
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

// --- internal ---

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
