import { expect, setDefaultTimeout, test } from "bun:test";
import { createHmac } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "../../protocol/client.ts";
import type { Notification } from "../../protocol/notifiers.ts";
import { openStore } from "../../server/store/open.ts";
import { certificate, receiver, until } from "../server/notify/receivers.ts";
import { registration, result } from "../server/support.ts";
import { daemon, FANGS, place, simplePackage } from "./support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);
// Neither root nor Docker: only the server takes part.
const isBuilt = existsSync(FANGS);
if (!isBuilt) process.stderr.write("end-to-end tests of notifiers skipped: dist/fangs is not built\n");

const serve = (here: ReturnType<typeof place>, env: Record<string, string> = {}) =>
  daemon(["serve", "--listen", here.listen, "--data-dir", here.dataDir], { ...here.env, ...env }, "serving ");

test.skipIf(!isBuilt)(
  "the commands of v1 add, try, look at and remove a notifier, which gets signed messages over TLS",
  async () => {
    await using here = place();
    const made = certificate("localhost");
    await using hook = receiver(() => new Response("thank you"), made);
    const ca = join(here.dataDir, "ca.pem");
    writeFileSync(ca, made.cert);
    await using _ = await serve(here, { FANGS_HMAC: "the key", NODE_EXTRA_CA_CERTS: ca });
    const url = `https://localhost:${new URL(hook.url).port}/services/T000/B000/s3cr3tpart`;
    const options = ["-template", "generic", "-secret-env", "FANGS_HMAC", "-min-severity", "high"];
    const refused = await here.run("notifier", "add", "-name", "siem", "-url", url, ...options);
    expect([refused.code, refused.stderr]).toEqual([0, ""]);
    const blocked = await here.run("notifier", "test", "siem");
    expect(blocked.code).toBe(1);
    expect(blocked.stdout).toContain("may not be connected to: loopback");
    expect(hook.received).toEqual([]);

    const set = await here.run("notifier", "set", "siem", "--allow-address", "127.0.0.1", "--allow-address", "::1");
    expect([set.code, set.stderr]).toEqual([0, ""]);
    const tested = await here.run("notifier", "test", "siem");
    expect([tested.code, tested.stderr]).toEqual([0, ""]);
    expect(tested.stdout).toContain("siem: delivered");
    expect(tested.stdout).toContain("delivered (200)");
    expect(tested.stdout).toContain("thank you");
    const [{ body, headers, path }] = hook.received as [(typeof hook.received)[0]];
    expect(path).toBe("/services/T000/B000/s3cr3tpart");
    expect(headers.get("host")).toBe(new URL(url).host);
    expect(headers.get("x-fangs-signature")).toBe(
      `sha256=${createHmac("sha256", "the key").update(body).digest("hex")}`,
    );
    expect(JSON.parse(body)).toMatchObject({ source: "fangs", event: "test" });

    const shown = await Promise.all([
      here.run("notifier", "list"),
      here.run("notifier", "show", "siem"),
      here.run("notifier", "list", "--json"),
      here.run("notifier", "history", "--json"),
    ]);
    for (const { code, stdout } of shown) {
      expect(code).toBe(0);
      expect(stdout).not.toContain("s3cr3tpart");
      expect(stdout).not.toContain("the key");
    }
    expect(shown[0].stdout).toContain("https://localhost:");
    expect((await here.run("notifier", "remove", "siem")).code).toBe(0);
    expect((await here.run("notifier", "test", "siem")).code).toBe(2);
  },
);

test.skipIf(!isBuilt)(
  "a server that is killed while it sends goes on when it is started again, and has counted that attempt",
  async () => {
    await using here = place();
    const answering = Promise.withResolvers<Response>();
    await using hook = receiver((attempt) => (attempt === 1 ? answering.promise : new Response("late, but there")));
    await here.publish(simplePackage("victim", "1.0.0"));
    const first = await serve(here);
    const token = (name: string) => readFileSync(join(here.dataDir, `${name}-token`), "utf8").trim();
    const admin = createClient({ url: here.url, token: token("admin") });
    const runner = createClient({ url: here.url, token: token("runner") });
    await admin.addNotifier({ name: "siem", ...hook.request });
    await admin.submitScan({ package: "victim" });
    await runner.registerRunner(registration);
    const lease = await runner.lease({ runner: registration.name, wait_ms: 5000 });
    const report = { ...result(0), status: "failed" as const, reason: "npm install failed" };
    const run = await runner.putResult(lease!.run_id, lease!.lease, report);
    expect(run.verdict).toBe("inconclusive");
    await until(() => hook.received.length === 1, "the first attempt");
    await first.kill();
    answering.resolve(new Response("too late"));

    // Its claim lasts for 45 s; that they have passed is said here.
    const db = openStore(`sqlite:${join(here.dataDir, "fangs.db")}`);
    await db.query.updateTable("notification").set({ lease_until: 0 }).execute();
    await db.close();
    await using second = await serve(here);
    let message: Notification | undefined;
    await until(async () => {
      [message] = (await admin.notifications({ run: run.id })).notifications;
      return message?.state === "delivered";
    }, "the message");
    expect(message!.attempts).toMatchObject([
      { attempt: 1, ended_at: null, status: null },
      { attempt: 2, status: 200, response: "late, but there" },
    ]);
    const [sent, again] = hook.received;
    expect(again!.body).toBe(sent!.body);
    expect(again!.headers.get("x-fangs-delivery")).toBe(sent!.headers.get("x-fangs-delivery"));
    expect(hook.received).toHaveLength(2);
    expect(await second.stop()).toBe(0);
  },
);
