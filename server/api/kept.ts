import { integrityOf } from "../../npm/integrity.ts";
import { checkPackument } from "../../npm/packument.ts";
import { KeptReleases } from "../../protocol/watching.ts";
import { COMMON_HEADERS } from "../problem.ts";
import { checkHolds } from "../runner-names.ts";
import { missing } from "../store/ids.ts";
import { listKept } from "../store/seen-releases.ts";
import { type Route, route } from "./route.ts";

/** Releases whose tarballs are kept: a runner asks for the one of its run when the registry has it no more. */
export const keptRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/kept/:name",
    scope: "runner",
    answer: KeptReleases,
    async handle({ services: { db }, identity, param }) {
      await checkHolds(db, identity, { package: param("name") });
      return { releases: await listKept(db, param("name")) };
    },
  }),

  route({
    method: "GET",
    path: "/v1/kept/:name/:version",
    scope: "runner",
    produces: "application/octet-stream",
    async handle({ services: { db, tarballs }, identity, param }) {
      const [name, version] = [param("name"), param("version")];
      await checkHolds(db, identity, { package: name, version });
      const kept = (await listKept(db, name)).find((release) => release.version === version);
      const manifests = kept === undefined ? {} : { [version]: kept.manifest };
      const [manifest] = Object.values(checkPackument({ name, versions: manifests }, name).versions);
      const integrity = manifest === undefined ? null : integrityOf(manifest.dist);
      const bytes = integrity === null ? undefined : await tarballs.get(integrity);
      if (bytes === undefined) throw missing("kept tarball", `${name}@${version}`);
      return new Response(Uint8Array.from(bytes), {
        headers: { ...COMMON_HEADERS, "content-type": "application/octet-stream" },
      });
    },
  }),
];
