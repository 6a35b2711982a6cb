/** What a route is. Its scope is a required field, so there is none without. */
import type { Static, TSchema } from "@sinclair/typebox";
import { Value } from "@sinclair/typebox/value";
import { fits } from "../../protocol/fits.ts";
import { FangsError } from "../../protocol/errors.ts";
import { authorize, type RouteScope } from "../access.ts";
import { COMMON_HEADERS } from "../problem.ts";
import type { Services } from "../services.ts";
import type { Identity } from "../store/tokens.ts";
import { readBody } from "./body.ts";

type Method = "GET" | "POST" | "PUT" | "DELETE";

interface Context<B extends TSchema | undefined, Q extends TSchema | undefined> {
  services: Services;
  identity: Identity;
  request: Request;
  /** A variable part of the path, decoded. */
  param(name: string): string;
  body: B extends TSchema ? Static<B> : undefined;
  query: Q extends TSchema ? Static<Q> : undefined;
}

/** What is known of a route before it is called; docs/openapi.json is made of it. */
interface Described {
  method: Method;
  path: string;
  scope: RouteScope;
  /** Media type of a body that is not JSON. */
  consumes?: string;
  /** Headers that a request must have besides its token. */
  headers?: readonly string[];
  /** Most bytes of the body. */
  limit?: number;
  /** Status of the answer, 200 if not given. */
  status?: number;
  /** Media type of an answer that is not JSON. */
  produces?: string;
  /** Whether there may be nothing to answer: 204. */
  empty?: boolean;
}

interface Definition<
  B extends TSchema | undefined,
  Q extends TSchema | undefined,
  A extends TSchema | undefined,
> extends Described {
  /** Model of a JSON body. */
  body?: B;
  query?: Q;
  /** Model of the JSON answer; without one the handler makes the response itself. */
  answer?: A;
  handle(context: Context<B, Q>): Promise<A extends TSchema ? Static<A> | Response : Response>;
}

export interface Route extends Described {
  limit: number;
  status: number;
  body?: TSchema;
  query?: TSchema;
  answer?: TSchema;
  /** @throws FangsError for everything that is not served */
  run(services: Services, request: Request, params: Record<string, string | undefined>): Promise<Response>;
}

const BODY_LIMIT = 64 * 1024;

/** A route from its definition: who may call it is asked first, then body and query are checked, then it is handled. */
export function route<
  B extends TSchema | undefined = undefined,
  Q extends TSchema | undefined = undefined,
  A extends TSchema | undefined = undefined,
>(definition: Definition<B, Q, A>): Route {
  const { handle, body: _body, query: _query, answer: _answer, ...described } = definition;
  const { scope, limit = BODY_LIMIT, status = 200 } = definition;
  return {
    ...described,
    limit,
    status,
    ...(definition.body === undefined ? {} : { body: definition.body }),
    ...(definition.query === undefined ? {} : { query: definition.query }),
    ...(definition.answer === undefined ? {} : { answer: definition.answer }),
    async run(services, request, params) {
      // The models were checked right here; that their types follow is beyond what the compiler can see.
      const identity = await authorize(services, request, scope);
      const answer = await handle({
        services,
        identity,
        request,
        param: (name) => parameter(params, name),
        body: await checkedBody(definition, request, limit),
        query: checkedQuery(definition.query, request),
      } as Context<B, Q>);
      return answer instanceof Response ? answer : Response.json(answer, { status, headers: COMMON_HEADERS });
    },
  };
}

// --- internal ---

function parameter(params: Record<string, string | undefined>, name: string): string {
  const value = params[name];
  // The router leaves out what is not well-formed percent encoding. A NUL is in no name, and not every database takes it.
  if (typeof value === "string" && !value.includes("\0")) return value;
  throw new FangsError("usage", `The ${name} in the path is not well encoded.`, {
    hint: "Encode it with encodeURIComponent.",
  });
}

async function checkedBody(
  { body: model, consumes, scope }: { body?: TSchema | undefined; consumes?: string; scope: RouteScope },
  request: Request,
  limit: number,
): Promise<unknown> {
  // The handler reads it.
  if (consumes !== undefined) return undefined;
  const bytes = await readBody(request, limit);
  if (model === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FangsError("invalid_body", "The body is not JSON.", { cause, hint: "Send JSON in UTF-8." });
  }
  if (scope !== "runner" && hasNul(value)) {
    throw new FangsError("invalid_body", "The body has a text with a NUL character in it.");
  }
  if (fits(model, value)) return value;
  throw new FangsError("invalid_body", `The body does not fit: ${complaint(model, value)}.`, {
    hint: "docs/api.md has the models.",
  });
}

function checkedQuery(model: TSchema | undefined, request: Request): unknown {
  if (model === undefined) return undefined;
  const value = Value.Convert(model, Object.fromEntries(new URL(request.url).searchParams));
  if (hasNul(value)) throw new FangsError("usage", "The query has a NUL character in it.");
  if (fits(model, value)) return value;
  throw new FangsError("usage", `The query does not fit: ${complaint(model, value)}.`, {
    hint: "docs/api.md has the parameters.",
  });
}

/** Whether a text anywhere in a value has a NUL. What runners report has: programs print them, and it is kept as JSON. */
function hasNul(value: unknown): boolean {
  // Not by recursion: 64 KiB of brackets are deeper than the stack.
  const left: unknown[] = [value];
  while (left.length > 0) {
    const one = left.pop();
    if (typeof one === "string") {
      if (one.includes("\0")) return true;
    } else if (typeof one === "object" && one !== null) {
      for (const [key, inner] of Object.entries(one)) left.push(key, inner);
    }
  }
  return false;
}

/** The first field that does not fit, and what was expected of it. */
function complaint(model: TSchema, value: unknown): string {
  const first = Value.Errors(model, value).First();
  if (first === undefined) return "unknown";
  const field = first.path.slice(1).replaceAll("/", ".").slice(0, 100);
  return `${field === "" ? "the whole" : field}: ${first.message.toLowerCase()}`;
}
