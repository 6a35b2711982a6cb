import {
  Notification,
  NotificationPage,
  NotificationQuery,
  Notifier,
  NotifierList,
  NotifierRequest,
  NotifierSettings,
} from "../../protocol/notifiers.ts";
import { addNotifier, removeNotifier, setNotifier, shownNotifier, shownNotifiers, testNotifier } from "../notifiers.ts";
import { COMMON_HEADERS } from "../problem.ts";
import { findId } from "../store/ids.ts";
import { listNotifications } from "../store/notifications.ts";
import { type Route, route } from "./route.ts";

/** Who may change a notifier can make the server speak to others, and read what it says of everything: that is for admins. */
export const notifierRoutes: Route[] = [
  route({
    method: "GET",
    path: "/v1/notifiers",
    scope: "read",
    answer: NotifierList,
    handle: async ({ services }) => ({ notifiers: await shownNotifiers(services) }),
  }),

  route({
    method: "POST",
    path: "/v1/notifiers",
    scope: "admin",
    body: NotifierRequest,
    answer: Notifier,
    status: 201,
    handle: async ({ services, identity, body }) => addNotifier(services, body, identity.name),
  }),

  route({
    method: "GET",
    path: "/v1/notifiers/:name",
    scope: "read",
    answer: Notifier,
    handle: async ({ services, param }) => shownNotifier(services, param("name")),
  }),

  route({
    method: "PUT",
    path: "/v1/notifiers/:name",
    scope: "admin",
    body: NotifierSettings,
    answer: Notifier,
    handle: async ({ services, identity, param, body }) => setNotifier(services, param("name"), body, identity.name),
  }),

  route({
    method: "DELETE",
    path: "/v1/notifiers/:name",
    scope: "admin",
    empty: true,
    async handle({ services, identity, param }) {
      await removeNotifier(services, param("name"), identity.name);
      return new Response(null, { status: 204, headers: COMMON_HEADERS });
    },
  }),

  route({
    method: "POST",
    path: "/v1/notifiers/:name/test",
    scope: "admin",
    answer: Notification,
    handle: async ({ services, identity, param }) => testNotifier(services, param("name"), identity.name),
  }),

  route({
    method: "GET",
    path: "/v1/notifications",
    scope: "read",
    query: NotificationQuery,
    answer: NotificationPage,
    async handle({ services: { db }, query }) {
      const run = query.run === undefined ? {} : { run: await findId(db, "run", query.run) };
      return listNotifications(db, { ...query, ...run });
    },
  }),
];
