/** API tokens as the API shows them. */
import { type Static, type TSchema, Type } from "@sinclair/typebox";
import { TOKEN_SCOPES } from "./models.ts";

const Nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Time = Type.Integer({ minimum: 0 });
const Scope = Type.Union(TOKEN_SCOPES.map((scope) => Type.Literal(scope)));
const IdPart = Type.String({ minLength: 1, maxLength: 64 });
const RunnerName = Type.String({ minLength: 1, maxLength: 64, pattern: "^[a-zA-Z0-9._-]+$" });

/** A token without its secret, which nobody can read again. */
export const Token = Type.Object({
  id: Type.String(),
  /** The actor in the audit trail. */
  name: Type.String(),
  scope: Scope,
  /** The only runner that it speaks for; null: any. */
  runner: Nullable(Type.String()),
  created_at: Time,
  /** To the minute. */
  last_used: Nullable(Time),
  expires_at: Nullable(Time),
  revoked_at: Nullable(Time),
});
export type Token = Static<typeof Token>;

/** The answer to its making, and the only time that the secret is seen. */
export const NewToken = Type.Object({ ...Token.properties, secret: Type.String() });
export type NewToken = Static<typeof NewToken>;

/** Without a name it gets one of its scope; `runner` binds a token of the scope runner to one runner. */
export const TokenRequest = Type.Object(
  {
    scope: Scope,
    name: Type.Optional(Type.String({ minLength: 1, maxLength: 64, pattern: "^[a-zA-Z0-9][a-zA-Z0-9._@-]*$" })),
    runner: Type.Optional(RunnerName),
    expires_at: Type.Optional(Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })),
  },
  { additionalProperties: false },
);
export type TokenRequest = Static<typeof TokenRequest>;

/** `all`: those that are revoked or expired, too. */
export const TokenQuery = Type.Object(
  {
    all: Type.Optional(Type.Boolean()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 500 })),
    before: Type.Optional(IdPart),
  },
  { additionalProperties: false },
);
export type TokenQuery = Static<typeof TokenQuery>;

/** Newest first; `next` goes into `before` of the next page, null: that was all. */
export const TokenPage = Type.Object({ tokens: Type.Array(Token), next: Nullable(Type.String()) });
export type TokenPage = Static<typeof TokenPage>;
