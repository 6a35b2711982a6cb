import { FangsError } from "../../protocol/errors.ts";
import { getBaseline } from "../store/baselines.ts";
import { type Route, route } from "./route.ts";

export const baselineRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/baselines/:name",
    scope: "read",
    async handle({ services: { db }, param }) {
      const baseline = await getBaseline(db, param("name"));
      if (baseline !== undefined) return baseline;
      throw new FangsError("not_found", `There is no baseline of ${JSON.stringify(param("name").slice(0, 214))}.`, {
        hint: "The first complete run of a package makes it: submit a scan.",
      });
    },
  }),
];
