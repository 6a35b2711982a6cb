/** Notifiers: where verdicts are told, and what became of each message. Times are ms UTC. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { SEVERITIES } from "./facts.ts";
import { PackageName, Version } from "./models.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const oneOf = <T extends string>(values: readonly T[]) => Type.Union(values.map((value) => Type.Literal(value)));

export const TEMPLATES = ["generic", "slack", "discord", "teams", "ocsf", "ecs"] as const;
export type Template = (typeof TEMPLATES)[number];

/** What can be told of a run: two verdicts, and that it ended without one. */
export const NOTIFY_ON = ["deviant", "inconclusive", "failed"] as const;
export type NotifyOn = (typeof NOTIFY_ON)[number];

/** queued: to be sent, or sent again; cancelled: nobody wants it any more. */
export const NOTIFICATION_STATES = ["queued", "delivered", "failed", "cancelled"] as const;
export type NotificationState = (typeof NOTIFICATION_STATES)[number];

/** Times that one message is tried. */
export const NOTIFY_ATTEMPTS = 5;

const Name = Type.String({ minLength: 1, maxLength: 64, pattern: "^[a-zA-Z0-9._-]+$" });
const Url = Type.String({ minLength: 1, maxLength: 2048 });
const EnvironmentName = Type.String({ pattern: "^[A-Za-z_][A-Za-z0-9_]{0,127}$" });
const On = Type.Array(oneOf(NOTIFY_ON), { minItems: 1, maxItems: NOTIFY_ON.length, uniqueItems: true });
const Headers = Type.Record(Type.String({ maxLength: 64 }), Type.String({ maxLength: 2048 }), { maxProperties: 16 });
const Addresses = Type.Array(Type.String({ minLength: 1, maxLength: 64 }), { maxItems: 32 });

export const NotifierRequest = Type.Object(
  {
    name: Name,
    /** `https://…`, `file:/…`, `syslog+tls://host:port` …, or `env:FANGS_NOTIFY_…` for one that the server's environment holds. */
    url: Url,
    template: Type.Optional(oneOf(TEMPLATES)),
    /** Name of the server's environment variable that holds the key of the signature. */
    secret_env: Type.Optional(EnvironmentName),
    min_severity: Type.Optional(oneOf(SEVERITIES)),
    on: Type.Optional(On),
    /** `${FANGS_NOTIFY_…}` in a value stands for that variable of the server's environment. */
    headers: Type.Optional(Headers),
    /** Take a connection that is not encrypted: http, syslog over UDP or TCP. */
    allow_http: Type.Optional(Type.Boolean()),
    /** Addresses or ranges that may be connected to although they are not public. */
    allow_addresses: Type.Optional(Addresses),
  },
  { additionalProperties: false },
);
export type NotifierRequest = Static<typeof NotifierRequest>;

/** What is not named stays as it is; null takes the secret away. */
export const NotifierSettings = Type.Object(
  {
    url: Type.Optional(Url),
    template: Type.Optional(oneOf(TEMPLATES)),
    secret_env: Type.Optional(Nullable(EnvironmentName)),
    min_severity: Type.Optional(oneOf(SEVERITIES)),
    on: Type.Optional(On),
    headers: Type.Optional(Headers),
    allow_http: Type.Optional(Type.Boolean()),
    allow_addresses: Type.Optional(Addresses),
    enabled: Type.Optional(Type.Boolean()),
  },
  { additionalProperties: false },
);
export type NotifierSettings = Static<typeof NotifierSettings>;

/** A notifier as it may be shown: an address or a header can hold a secret. */
export const Notifier = Type.Object({
  name: Type.String(),
  /** The address without what may be secret in it. */
  url: Type.String(),
  /** Beginning of the sha256 of the whole address: tells two apart. */
  url_hash: Type.String(),
  template: oneOf(TEMPLATES),
  secret_env: Nullable(Type.String()),
  /** Names of environment variables that it needs and the server does not have. */
  missing_env: Type.Array(Type.String()),
  min_severity: oneOf(SEVERITIES),
  on: Type.Array(oneOf(NOTIFY_ON)),
  /** A value that names no environment variable is shown as `…`. */
  headers: Type.Record(Type.String(), Type.String()),
  allow_http: Type.Boolean(),
  allow_addresses: Type.Array(Type.String()),
  enabled: Type.Boolean(),
  /** Until when nothing is sent, as the receiver asked for; null: it did not. */
  paused_until: Nullable(Type.Integer()),
  created_by: Type.String(),
  created_at: Type.Integer(),
});
export type Notifier = Static<typeof Notifier>;
export const NotifierList = Type.Object({ notifiers: Type.Array(Notifier) });
export type NotifierList = Static<typeof NotifierList>;

/** One try to send a message. */
export const NotificationAttempt = Type.Object({
  attempt: Type.Integer(),
  started_at: Type.Integer(),
  /** null: it is going on, or the server ended during it. */
  ended_at: Nullable(Type.Integer()),
  /** HTTP status; null: there was no answer, or the target has none. */
  status: Nullable(Type.Integer()),
  /** The beginning of the answer. */
  response: Nullable(Type.String()),
  /** Why it failed; null: it did not. */
  error: Nullable(Type.String()),
});
export type NotificationAttempt = Static<typeof NotificationAttempt>;

/** A message to one notifier and what became of it. */
export const Notification = Type.Object({
  id: Type.String(),
  notifier: Type.String(),
  /** null: it is a test. */
  run_id: Nullable(Type.String()),
  package: Nullable(PackageName),
  version: Nullable(Version),
  on: Nullable(oneOf(NOTIFY_ON)),
  state: oneOf(NOTIFICATION_STATES),
  /** When it is tried next; null: never. */
  next_at: Nullable(Type.Integer()),
  created_at: Type.Integer(),
  ended_at: Nullable(Type.Integer()),
  attempts: Type.Array(NotificationAttempt),
});
export type Notification = Static<typeof Notification>;

/** Newest first; `next` goes into `before` of the next page, null: that was all. */
export const NotificationPage = Type.Object({
  notifications: Type.Array(Notification),
  next: Nullable(Type.String()),
});
export type NotificationPage = Static<typeof NotificationPage>;

/** `run`: an id or a unique part of one. `before`: the id that the page before ended with. */
export const NotificationQuery = Type.Object(
  {
    run: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    notifier: Type.Optional(Name),
    state: Type.Optional(oneOf(NOTIFICATION_STATES)),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    before: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
  },
  { additionalProperties: false },
);
export type NotificationQuery = Static<typeof NotificationQuery>;
