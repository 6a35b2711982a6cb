/** Signing in to the dashboard with a link that works once. */
import { type Static, Type } from "@sinclair/typebox";

/** What the dashboard sends with each of its writes. */
export const CSRF_HEADER = "fangs-csrf";

/** `code` goes into the fragment of the dashboard's address, which no server and no log ever sees. */
export const SignIn = Type.Object({ code: Type.String(), expires_at: Type.Integer({ minimum: 0 }) });
export type SignIn = Static<typeof SignIn>;

export const SessionRequest = Type.Object(
  { code: Type.String({ minLength: 1, maxLength: 100 }) },
  { additionalProperties: false },
);
export type SessionRequest = Static<typeof SessionRequest>;
