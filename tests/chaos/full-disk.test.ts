/** The disk of the data directory fills up and is emptied again. Needs root: the disk is a small tmpfs. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Database as Sqlite } from "bun:sqlite";
import { concatRecords, encodeRecord } from "../../protocol/trace-codec.ts";
import { watchClock } from "../../server/clock.ts";
import { keptTarballs } from "../../server/kept-tarballs.ts";
import { heartbeat, leaseJob, sweepExpired } from "../../server/queue.ts";
import { putRunner } from "../../server/store/runners.ts";
import { submitScan } from "../../server/submit.ts";
import {
  codeOf,
  completeRun,
  leaseOne,
  registration,
  result,
  startTestServer,
  testServices,
  type TestServer,
} from "../server/support.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const unavailable = process.getuid?.() === 0 ? undefined : "they need root, to mount a small disk";
if (unavailable !== undefined) process.stderr.write(`full-disk tests skipped: ${unavailable}\n`);

describe.skipIf(unavailable !== undefined)("a full disk", () => {
  let disk = "";
  let server: TestServer;
  beforeAll(async () => {
    disk = mkdtempSync(join(tmpdir(), "fangs-full-"));
    expect(Bun.spawnSync(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", disk]).exitCode).toBe(0);
    server = await startTestServer({ dataDir: disk, leaseMs: 600_000 });
  });
  afterAll(async () => {
    await server.stop();
    Bun.spawnSync(["umount", disk]);
    rmSync(disk, { recursive: true, force: true });
  });

  const filler = (): string => join(disk, "filler");
  /** Takes all that is left. */
  function fill(): void {
    const piece = new Uint8Array(64 * 1024);
    for (let n = 0; n < 1000; n++) {
      try {
        writeFileSync(filler(), piece, { flag: "a" });
      } catch (error) {
        expect(error).toMatchObject({ code: "ENOSPC" });
        return;
      }
    }
    throw new Error("the disk is larger than it should be");
  }
  /** A segment of about 130 KiB that cannot be compressed. */
  function large(): Uint8Array<ArrayBuffer> {
    const path = () => new TextEncoder().encode(`/${crypto.getRandomValues(new Uint8Array(1000)).toHex()}`);
    const records = Array.from({ length: 120 }, () => encodeRecord({ record: "open", process: 1, path: path() }));
    return new Uint8Array(Bun.zstdCompressSync(concatRecords(records)));
  }
  const stored = (id: string): number[] => {
    using db = new Sqlite(join(disk, "fangs.db"), { readonly: true });
    return db
      .query<{ seq: number }, [string]>("select seq from trace_segment where run_id = ? order by seq")
      .all(id)
      .map(({ seq }) => seq);
  };

  test("refuses uploads with 507 and says why, stores nothing by halves, and takes them once there is room", async () => {
    const lease = await leaseOne(server);
    const { run_id: id } = lease;
    await server.runner.heartbeat(id, lease.lease);
    await server.runner.putSegment(id, lease.lease, 0, large());
    fill();
    // What is left in the write-ahead log may take one or the other.
    const refused = large();
    let seq = 1;
    let code = "no error";
    for (; seq < 200 && code === "no error"; seq++)
      code = await codeOf(server.runner.putSegment(id, lease.lease, seq, refused));
    expect(code).toBe("store_full");
    const last = seq - 1;
    expect(stored(id)).toEqual(Array.from({ length: last }, (_, n) => n));

    const answer = await fetch(`${server.url}/v1/runs/${id}/trace/${last}`, {
      method: "PUT",
      headers: {
        authorization: `Bearer ${server.tokens.runner}`,
        "fangs-lease": lease.lease,
        "fangs-sha256": new Bun.CryptoHasher("sha256").update(refused).digest("hex"),
        "content-type": "application/zstd",
      },
      body: refused,
    });
    expect([answer.status, await answer.json()]).toEqual([
      507,
      expect.objectContaining({
        code: "store_full",
        detail: "There is no room left on the server's disk.",
        hint: expect.stringContaining("Make room"),
      }),
    ]);
    // Who comes to look is let in, and sees the run as it is.
    expect((await server.admin.run(id)).state).toBe("running");
    expect((await server.admin.runs()).runs.length).toBeGreaterThan(0);

    rmSync(filler());
    await server.runner.putSegment(id, lease.lease, last, refused);
    const run = await server.runner.putResult(id, lease.lease, result(last + 1));
    expect([run.state, run.verdict, run.attempt]).toEqual(["done", "seeded", 1]);
    using db = new Sqlite(join(disk, "fangs.db"), { readonly: true });
    expect(db.query("pragma integrity_check").get()).toEqual({ integrity_check: "ok" });
  });

  test("fails no run whose analysis has no room: it is analysed when there is, and its runner is told to wait", async () => {
    const lease = await leaseOne(server, "axios");
    const { run_id: id } = lease;
    await server.runner.heartbeat(id, lease.lease);
    await server.runner.putSegment(id, lease.lease, 0, large());
    fill();
    let code = "no error";
    for (let n = 0; n < 200 && code === "no error"; n++)
      code = await codeOf(server.admin.addAllow({ kind: "path", value: `/x${n}`, note: "x".repeat(2000) }));
    expect(code).toBe("store_full");
    // Either the result itself has no room, or its analysis: 120 fingerprints of 2 KB.
    expect(await codeOf(server.runner.putResult(id, lease.lease, result(1)))).toBe("store_full");
    expect(["running", "analysing"]).toContain((await server.admin.run(id)).state);
    rmSync(filler());
    const run = await server.runner.putResult(id, lease.lease, result(1));
    expect([run.state, run.verdict]).toEqual(["done", "seeded"]);
    expect((await completeRun(server, ["/new"], { package: "axios" })).verdict).toBe("deviant");
  });

  test("leaves no part of a tarball", async () => {
    fill();
    const bytes = new Uint8Array(1024 * 1024);
    const integrity = `sha512-${new Bun.CryptoHasher("sha512").update(bytes).digest("base64")}`;
    const tarballs = keptTarballs(join(disk, "tarballs"));
    expect(tarballs.put(integrity, bytes)).rejects.toMatchObject({ code: "ENOSPC" });
    await tarballs.put(integrity, bytes).catch(() => undefined);
    expect(existsSync(join(disk, "tarballs")) ? readdirSync(join(disk, "tarballs")) : []).toEqual([]);
    rmSync(filler());
    await tarballs.put(integrity, bytes);
    expect(await tarballs.get(integrity)).toEqual(bytes);
  });
});

test("a runner whose heartbeats could not be written down keeps its run", async () => {
  const clock = { now: 1_750_000_000_000 };
  const watch = watchClock(
    () => clock.now,
    () => clock.now,
  );
  const services = await testServices({ now: () => clock.now, clockWatch: watch });
  await putRunner(services.db, registration, clock.now);
  await submitScan(services, { package: "lodash", version: "1.0.0" });
  const lease = (await leaseJob(services, { runner: registration.name, wait_ms: 0 }, new AbortController().signal))!;
  const full = Object.assign(new Error("database or disk is full"), { code: "SQLITE_FULL" });
  const broken = { ...services, db: { ...services.db, transaction: () => Promise.reject(full) } };
  for (let beat = 0; beat < 12; beat++) {
    clock.now += 10_000;
    expect(heartbeat(broken, lease.run_id, lease.lease)).rejects.toBe(full);
    await Bun.sleep(0);
  }
  // There is room again, and the sweep is faster than the runner.
  expect(await sweepExpired(services)).toBe(false);
  clock.now += 10_000;
  expect(await heartbeat(services, lease.run_id, lease.lease)).toBe(clock.now + 30_000);
  // One that is silent from then on loses it as always.
  clock.now += 30_000;
  expect(await sweepExpired(services)).toBe(true);
  await services.db.close();
});
