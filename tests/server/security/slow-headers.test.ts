/** Without a store: nobody gets as far. */
import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { listen } from "../../../server/http.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(240_000);

const served = async (): Promise<Response> => new Response("served");
const server = listen({ hostname: "127.0.0.1", port: 0, handle: served, refuse: served, observe() {} });
afterAll(() => server.stop(0));

test("a client that does not finish its headers is cut off, however it dribbles", async () => {
  const open = async (dribble: boolean): Promise<string> => {
    const { promise, resolve } = Promise.withResolvers<string>();
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port: Number(new URL(server.url).port),
      socket: { data() {}, close: () => resolve("closed"), error: () => resolve("closed") },
    });
    socket.write("GET /v1/health HTTP/1.1\r\nHost: 127.0.0.1\r\n");
    const timer = dribble ? setInterval(() => socket.write("X: y\r\n"), 1000) : undefined;
    const late = setTimeout(() => resolve("open"), 120_000);
    const outcome = await promise;
    clearInterval(timer);
    clearTimeout(late);
    return outcome;
  };
  expect(await Promise.all([open(false), open(true)])).toEqual(["closed", "closed"]);
});
