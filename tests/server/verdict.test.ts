import { expect, setDefaultTimeout, test } from "bun:test";
import { codeOf, completeRun, leaseOne, startTestServer } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

test("a release has the verdict of its newest run that could be compared", async () => {
  await using server = await startTestServer();
  const { admin } = server;
  expect(await codeOf(admin.verdict("lodash", "1.0.0"))).toBe("not_found");
  await leaseOne(server, "lodash", "1.0.0");
  expect(await codeOf(admin.verdict("lodash", "1.0.0"))).toBe("not_found");
  await admin.failRun((await admin.runs()).runs[0]!.id, "enough");

  await completeRun(server, ["/a"], { version: "0.9.0", status: "failed" });
  expect(await admin.verdict("lodash", "0.9.0")).toMatchObject({ verdict: "inconclusive", open: 0 });
  const seeded = await completeRun(server, ["/a"], { version: "0.9.0" });
  expect(await admin.verdict("lodash", "0.9.0")).toMatchObject({ verdict: "seeded", run_id: seeded.id });
  await completeRun(server, ["/a"], { version: "0.9.0", status: "failed" });
  expect(await admin.verdict("lodash", "0.9.0")).toMatchObject({ verdict: "seeded", run_id: seeded.id });

  const deviant = await completeRun(server, ["/a", "/secret"], { version: "1.1.0" });
  expect(await admin.verdict("lodash", "1.1.0")).toMatchObject({
    package: "lodash",
    version: "1.1.0",
    verdict: "deviant",
    open: 1,
    decision: null,
    max_severity: "critical",
    run_id: deviant.id,
  });
  await admin.rejectRun(deviant.id, "bad");
  expect(await admin.verdict("lodash", "1.1.0")).toMatchObject({ decision: "rejected", open: 0, rejected: 1 });
  // The control run of 0.9.0 that came with it is no verdict of 0.9.0.
  expect(await admin.verdict("lodash", "0.9.0")).toMatchObject({ verdict: "seeded", run_id: seeded.id });
});

test("it can be kept for half a minute, and asked for again without being sent again", async () => {
  await using server = await startTestServer();
  const run = await completeRun(server, ["/a"], { package: "@types/node" });
  const ask = (headers: Record<string, string> = {}) =>
    fetch(`${server.url}/v1/verdict/%40types%2Fnode/1.0.0`, {
      headers: { authorization: `Bearer ${server.tokens.admin}`, ...headers },
    });
  const first = await ask();
  expect(first.headers.get("cache-control")).toBe("private, max-age=30");
  const etag = first.headers.get("etag")!;
  expect(await first.json()).toMatchObject({ package: "@types/node", verdict: "seeded", run_id: run.id });
  const second = await ask({ "if-none-match": `"other", ${etag}` });
  expect([second.status, await second.text()]).toEqual([304, ""]);
  await server.admin.rejectRun(run.id, "bad");
  expect((await ask({ "if-none-match": etag })).status).toBe(200);
  const unknown = await fetch(`${server.url}/v1/verdict/lodash/9.9.9`, {
    headers: { authorization: `Bearer ${server.tokens.admin}` },
  });
  expect([unknown.status, unknown.headers.get("cache-control")]).toEqual([404, "no-store"]);
});
