import { describe, expect, test } from "bun:test";
import { createClient } from "../../protocol/client.ts";
import { ERRORS, FangsError, type ErrorCode } from "../../protocol/errors.ts";
import { problemResponse } from "../../server/problem.ts";

interface Seen {
  url: string;
  init: RequestInit;
}

/** A client whose server is this answer. */
function clientOf(answer: (seen: Seen) => Response | Promise<Response>) {
  const seen: Seen[] = [];
  const client = createClient({
    url: "http://server.test/",
    token: "fangs_read_x",
    async fetch(url, init) {
      seen.push({ url, init });
      return answer({ url, init });
    },
  });
  return { client, seen };
}

async function failure(work: Promise<unknown>): Promise<FangsError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof FangsError)) throw new Error(`expected a FangsError, got ${String(error)}`);
  return error;
}

describe("the client", () => {
  test("sends the token, encodes names and leaves absent parameters out", async () => {
    const { client, seen } = clientOf(() =>
      Response.json({ package: "@a/b", node_major: 22, node_majors: [22], maturity: 0, versions: [], entries: [] }),
    );
    await client.baseline("@a/b");
    expect(seen[0]!.url).toBe("http://server.test/v1/baselines/%40a%2Fb");
    expect(new Headers(seen[0]!.init.headers as Record<string, string>).get("authorization")).toBe(
      "Bearer fangs_read_x",
    );

    const runs = clientOf(() => Response.json({ runs: [], next: null }));
    await runs.client.runs({ package: "a&b", limit: 5 });
    expect(runs.seen[0]!.url).toBe("http://server.test/v1/runs?package=a%26b&limit=5");
  });

  test.each(Object.keys(ERRORS) as ErrorCode[])(
    "throws %s with its message and hint when the server does",
    async (code) => {
      const status = ERRORS[code].status;
      const body = {
        type: "about:blank",
        title: ERRORS[code].title,
        status,
        code,
        detail: "It went wrong.",
        hint: "Do this.",
      };
      const { client } = clientOf(() => Response.json(body, { status }));
      const error = await failure(client.packages());
      expect([error.code, error.message, error.hint]).toEqual([code, "It went wrong.", "Do this."]);
    },
  );

  test("reads what the server really writes for an error", async () => {
    const { client } = clientOf(() => problemResponse(new FangsError("conflict", "Not now.", { hint: "Later." })));
    expect(await failure(client.packages())).toMatchObject({ code: "conflict", message: "Not now.", hint: "Later." });
  });

  test("takes an error that no fangs wrote for what it is", async () => {
    const { client } = clientOf(() => new Response("<html>Bad gateway", { status: 502 }));
    const error = await failure(client.packages());
    expect(error.code).toBe("server_unreachable");
    expect(error.message).toContain("502");
    const unknown = clientOf(() =>
      Response.json({ type: "", title: "", status: 400, code: "from_the_future", detail: "?" }, { status: 400 }),
    );
    expect((await failure(unknown.client.packages())).code).toBe("internal");
  });

  test("refuses an answer that does not fit its model and says where", async () => {
    const { client } = clientOf(() => Response.json({ runs: [{}], next: null }));
    const error = await failure(client.runs());
    expect(error.code).toBe("internal");
    expect(error.message).toContain("/runs/0");
  });

  test("says how to start a server where there is none", async () => {
    const error = await failure(createClient({ url: "http://127.0.0.1:1", token: "x" }).health());
    expect(error.code).toBe("server_unreachable");
    expect(error.hint).toContain("fangs up");
  });

  test("takes no job for 204, and hands an abort on as it is", async () => {
    const { client } = clientOf(() => new Response(null, { status: 204 }));
    expect(await client.lease({ runner: "r", wait_ms: 0 })).toBeUndefined();
    const aborting = clientOf(({ init }) => Promise.reject(init.signal?.reason));
    const reason = new Error("stop");
    const lease = aborting.client.lease({ runner: "r", wait_ms: 0 }, AbortSignal.abort(reason));
    expect(await lease.catch((thrown: unknown) => thrown)).toBe(reason);
  });

  test("does not follow a redirect, which would carry the token away", async () => {
    const elsewhere = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.json({ status: "ok" }) });
    const server = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => Response.redirect(elsewhere.url.href) });
    expect((await failure(createClient({ url: server.url.href, token: "x" }).health())).code).toBe(
      "server_unreachable",
    );
    await server.stop(true);
    await elsewhere.stop(true);
  });
});
