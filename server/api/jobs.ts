import { Lease, LeaseRequest } from "../../protocol/models.ts";
import { JobPage, JobQuery } from "../../protocol/queue.ts";
import { listJobs } from "../job-list.ts";
import { COMMON_HEADERS } from "../problem.ts";
import { leaseJob } from "../queue.ts";
import { checkBound, checkToken } from "../runner-names.ts";
import { type Route, route } from "./route.ts";

export const jobRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/jobs",
    scope: "read",
    answer: JobPage,
    query: JobQuery,
    handle: async ({ services, query }) => listJobs(services, query),
  }),

  route({
    method: "POST",
    path: "/v1/jobs/lease",
    scope: "runner",
    answer: Lease,
    empty: true,
    body: LeaseRequest,
    async handle({ services, identity, request, body }) {
      checkBound(identity, body.runner);
      const lease = await leaseJob(services, body, request.signal, ({ name, token }) =>
        checkToken(identity, name, token),
      );
      return lease ?? new Response(null, { status: 204, headers: COMMON_HEADERS });
    },
  }),
];
