/** The audit trail as the API shows it. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Time = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const IdPart = Type.String({ minLength: 1, maxLength: 64 });

/** Who did what to what, when and why. */
export const AuditRecord = Type.Object({
  id: Type.String(),
  at: Time,
  /** Name of the token that did it, or `fangs`. */
  actor: Type.String(),
  /** For example `allow.add`. */
  action: Type.String(),
  /** The package, run, token or list that it was done to. */
  subject: Type.String(),
  reason: Nullable(Type.String()),
  /** What was and what is, as far as it changed; null where there is nothing to show. */
  before: Type.Unknown(),
  after: Type.Unknown(),
  /** The entry whose change this one took back. */
  undoes: Nullable(Type.String()),
  /** Whether `before` or `after` was too long for a list: the entry by its id has them whole. */
  shortened: Type.Boolean(),
});
export type AuditRecord = Static<typeof AuditRecord>;

/** `action`: a whole one, or its first word; `since`: ms UTC. */
export const AuditQuery = Type.Object(
  {
    action: Type.Optional(Type.String({ minLength: 1, maxLength: 64, pattern: "^[a-z]+([.-][a-z]+)*$" })),
    actor: Type.Optional(Type.String({ minLength: 1, maxLength: 64 })),
    subject: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
    since: Type.Optional(Time),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    before: Type.Optional(IdPart),
  },
  { additionalProperties: false },
);
export type AuditQuery = Static<typeof AuditQuery>;

/** Newest first; `next` goes into `before` of the next page, null: that was all. */
export const AuditPage = Type.Object({ entries: Type.Array(AuditRecord), next: Nullable(Type.String()) });
export type AuditPage = Static<typeof AuditPage>;
