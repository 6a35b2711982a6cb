import { ReleaseVerdict } from "../../protocol/verdicts.ts";
import { COMMON_HEADERS } from "../problem.ts";
import { getVerdict } from "../store/verdicts.ts";
import { type Route, route } from "./route.ts";

/** A decision must take hold soon, and a registry firewall asks for the same releases again and again. */
const CACHE = "private, max-age=30";

export const verdictRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/verdict/:name/:version",
    scope: "read",
    answer: ReleaseVerdict,
    async handle({ services: { db }, request, param }) {
      const text = JSON.stringify(await getVerdict(db, param("name"), param("version")));
      const tag = `"${new Bun.CryptoHasher("sha256").update(text).digest("hex").slice(0, 32)}"`;
      const headers = { ...COMMON_HEADERS, "cache-control": CACHE, etag: tag, vary: "authorization" };
      const known = request.headers.get("if-none-match")?.split(",") ?? [];
      if (known.some((one) => one.trim() === tag)) return new Response(null, { status: 304, headers });
      return new Response(text, { headers: { ...headers, "content-type": "application/json" } });
    },
  }),
];
