/** Browsers that signed in: their cookie, and what a request with it must show besides. */
import { FangsError } from "../protocol/errors.ts";
import { CSRF_HEADER } from "../protocol/sign-in.ts";

/** The session's secret in a request's cookie. */
export function sessionCookie(request: Request): string | undefined {
  const header = request.headers.get("cookie");
  if (header === null) return undefined;
  return new Bun.CookieMap(header).get(cookieName(isSecure(request))) ?? undefined;
}

/** The cookie of a session for as many seconds; 0 ends it. */
export function setCookie(request: Request, secret: string, seconds: number): string {
  const secure = isSecure(request);
  return new Bun.Cookie(cookieName(secure), secret, {
    path: "/",
    httpOnly: true,
    sameSite: "strict",
    secure,
    maxAge: seconds,
  }).serialize();
}

/** What a page of this session sends with its writes. */
export function csrfToken(secret: string): string {
  return Bun.CSRF.generate(secret, { sessionId: secret });
}

/**
 * A browser sends its cookie whoever's page asks it to. So a page of another origin is refused, and a write must carry
 * what only a page of ours can read.
 *
 * @throws FangsError forbidden
 */
export function checkOwnPage(request: Request, secret: string): void {
  const origin = request.headers.get("origin");
  if (origin !== null && origin !== ownOrigin(request))
    throw foreign("The request comes from a page of another origin.");
  const site = request.headers.get("sec-fetch-site");
  if (site !== null && site !== "same-origin" && site !== "none") {
    throw foreign("The request comes from a page of another site.");
  }
  if (request.method === "GET" || request.method === "HEAD") return;
  const shown = request.headers.get(CSRF_HEADER) ?? "";
  if (shown === "" || shown.length > 1000 || !Bun.CSRF.verify(shown, { secret, sessionId: secret }))
    throw foreign(`The header ${CSRF_HEADER} is missing or not the one of this session.`);
}

// --- internal ---

/** With `__Host-` a browser takes it from this very host over TLS only. */
function cookieName(secure: boolean): string {
  return secure ? "__Host-fangs" : "fangs";
}

function isSecure(request: Request): boolean {
  return request.url.startsWith("https:");
}

function ownOrigin(request: Request): string {
  return `${isSecure(request) ? "https" : "http"}://${request.headers.get("host")?.toLowerCase()}`;
}

function foreign(message: string): FangsError {
  return new FangsError("forbidden", message, { hint: "Open the dashboard anew with `fangs ui`." });
}
