import { afterAll, describe, expect, test } from "bun:test";
import { X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, unlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { daemon, fangs, place, simplePackage, unavailable } from "./support.ts";

describe.skipIf(unavailable !== undefined)("`fangs up` with TLS", () => {
  const here = place();
  const tls = mkdtempSync(join(tmpdir(), "fangs-tls-"));
  afterAll(async () => {
    await here[Symbol.asyncDispose]();
    rmSync(tls, { recursive: true });
  });
  const files = ["--tls-cert", join(tls, "server.pem"), "--tls-key", join(tls, "server-key.pem")];
  const url = here.url.replace("http:", "https:");
  const up = () =>
    daemon(["up", "--listen", here.listen, "--runner-id", `up-${process.pid}`, ...files], here.env, "fangs is up");

  test("needs nothing but what `fangs tls init` made: its runner believes the authority beside the certificate", async () => {
    // For another name than the one that the runner calls.
    expect((await fangs(["tls", "init", tls, "--host", "fangs.corp.example"])).code).toBe(0);
    expect(new X509Certificate(readFileSync(join(tls, "server.pem"))).checkHost("127.0.0.1")).toBeUndefined();
    await here.publish(simplePackage("by-tls", "1.0.0"));
    await using _ = await up();
    // Whoever knows nothing of the authority speaks to nobody.
    const env = { ...here.env, FANGS_SERVER: url };
    const stranger = await fangs(["run", "list"], { env });
    expect([stranger.code, stranger.stderr]).toEqual([3, expect.stringContaining("cannot be reached")]);
    const token = readFileSync(join(here.dataDir, "admin-token"), "utf8").trim();
    const trusting = { ca: readFileSync(join(tls, "ca.pem"), "utf8"), checkServerIdentity: () => undefined };
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(url + path, { ...init, headers: { authorization: `Bearer ${token}` }, tls: trusting });
    const body = JSON.stringify({ package: "by-tls", version: "1.0.0" });
    const scan = (await (await ask("/v1/scans", { method: "POST", body })).json()) as { runs: { id: string }[] };
    let run: { state: string; verdict: string | null } | undefined;
    for (let look = 0; look < 600 && run?.state !== "done"; look++) {
      await Bun.sleep(200);
      run = (await (await ask(`/v1/runs/${scan.runs[0]!.id}`)).json()) as typeof run;
    }
    expect(run).toMatchObject({ state: "done", verdict: "seeded" });
  }, 240_000);

  test("says what is wrong where its own certificate cannot be believed", async () => {
    unlinkSync(join(tls, "ca.pem"));
    const started = await fangs(["up", "--listen", here.listen, ...files, "--image", "fangs-sandbox:node22"], {
      env: { ...here.env, FANGS_RUNNER_ID: `up-${process.pid}` },
    });
    expect(started.code).not.toBe(0);
    expect(started.stderr).toContain("--tls-ca");
  }, 60_000);
});
