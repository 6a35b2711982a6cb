import { availableParallelism, loadavg } from "node:os";
import type { Client } from "../protocol/client.ts";
import { FangsError, toFangsError } from "../protocol/errors.ts";
import type { Lease, Run, RunnerRegistration } from "../protocol/models.ts";
import type { RunnerLoad } from "../protocol/queue.ts";
import type { SandboxHost } from "./sandbox/host.ts";
import { scan } from "./scan.ts";
import { type Sensor, openSensor } from "./sensor/sensor.ts";
import { Upload } from "./upload.ts";

/** A third of the lease, so that one lost heartbeat does not lose it. */
const HEARTBEAT_MS = 10_000;
const LEASE_WAIT_MS = 25_000;
const RETRY_MS = 1000;
/** How soon a runner that can do no run looks whether it can again. */
const TROUBLE_MS = 2000;
const GRACE_MS = 30_000;

export interface AgentOptions {
  client: Client;
  host: SandboxHost;
  name: string;
  version: string;
  concurrency: number;
  /** One line for people: what is being done. */
  tell: (line: string) => void;
}

export interface Agent {
  /** Resolves when the operator drained this runner and the last scan has ended. */
  drained: Promise<void>;
  /**
   * Takes no more jobs, ends those it has, says goodbye, and lets the sensor go. What has not ended after `graceMs` goes
   * back to the queue, for the next runner; 30 s if not given.
   */
  drain(graceMs?: number): Promise<void>;
}

/**
 * Leases jobs, scans, uploads, and does it again. Registers itself first, and again whenever the server
 * forgot it.
 *
 * @throws FangsError sensor_unavailable, not_root where this host can't watch
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const sensors = await keepSensor();
  const { probes } = await (await sensors.working()).report();
  const draining = new AbortController();
  const handingBack = new AbortController();
  const drained = Promise.withResolvers<void>();
  let running = 0;
  let trouble: string | undefined;
  const load = (): RunnerLoad => ({ running, cpu: (loadavg()[0] ?? 0) / availableParallelism() });
  const registration: RunnerRegistration = {
    name: options.name,
    modes: ["registry", "none"],
    image: options.host.image,
    probes: probes.filter((probe) => !probe.state.endsWith("failed")).map((probe) => probe.name),
    concurrency: options.concurrency,
    version: options.version,
    ...nodeMajor(options.host.nodeVersion),
  };

  /** What is in the way of a run, if anything is; told once, and once when it is over. */
  async function lookForTrouble(): Promise<string | undefined> {
    const found = await sensors
      .working()
      .then(() => options.host.check())
      .then(
        () => undefined,
        (thrown: unknown) => toFangsError(thrown).message,
      );
    if (found !== trouble) options.tell(found === undefined ? "takes jobs again" : `takes no jobs: ${found}`);
    trouble = found;
    return found;
  }

  async function work(): Promise<void> {
    while (!draining.signal.aborted) {
      try {
        const found = await lookForTrouble();
        // Each time: the server may have forgotten it, and tells what the operator wants of it.
        const own = found === undefined ? registration : { ...registration, trouble: found.slice(0, 500) };
        const { state } = await options.client.registerRunner(own);
        if (state === "draining") {
          if (running === 0) drained.resolve();
          await pause(RETRY_MS, draining.signal);
          continue;
        }
        if (found !== undefined) {
          await pause(TROUBLE_MS, draining.signal);
          continue;
        }
        const request = { runner: options.name, wait_ms: LEASE_WAIT_MS, load: load() };
        const lease = await options.client.lease(request, draining.signal);
        if (lease !== undefined) await perform(lease);
      } catch (thrown) {
        if (draining.signal.aborted) return;
        const error = toFangsError(thrown);
        if (error.code !== "lease_lost") options.tell(error.message);
        await pause(RETRY_MS, draining.signal);
      }
    }
  }

  async function perform(lease: Lease): Promise<void> {
    options.tell(`scanning ${lease.package} ${lease.version} (run ${lease.run_id}, attempt ${lease.attempt})`);
    running += 1;
    const given = new AbortController();
    const abort = (error: FangsError): void => given.abort(error);
    const upload = new Upload(options.client, lease, given.signal, abort);
    const heart = setInterval(() => void beat(lease, abort), HEARTBEAT_MS);
    const handBack = (): void => abort(new FangsError("lease_lost", "The runner ends before the scan does."));
    handingBack.signal.addEventListener("abort", handBack);
    if (handingBack.signal.aborted) handBack();
    let isBegun = false;
    try {
      // What was well when it asked may be gone now that there is a job.
      await options.host.check();
      isBegun = true;
      await beat(lease, abort); // the run is running
      const result = await scan({
        host: options.host,
        sensor: await sensors.working(),
        lease,
        onSegment: (segment, seq) => upload.segment(segment, seq),
        signal: given.signal,
      });
      given.signal.throwIfAborted(); // of no use to anybody
      const run = await upload.result(result);
      options.tell(`${lease.package} ${lease.version}: ${verdictOf(run)} (${result.events} events)`);
    } catch (thrown) {
      const isHandedBack = (handingBack.signal.aborted || !isBegun) && (await giveBack(options.client, lease));
      const what = isHandedBack ? "handed back" : "given up";
      options.tell(`${lease.package} ${lease.version}: ${what}: ${toFangsError(thrown).message}`);
      throw thrown;
    } finally {
      running -= 1;
      clearInterval(heart);
      handingBack.signal.removeEventListener("abort", handBack);
    }
  }

  async function beat(lease: Lease, abort: (error: FangsError) => void): Promise<void> {
    try {
      await options.client.heartbeat(lease.run_id, lease.lease, load());
    } catch (thrown) {
      const error = toFangsError(thrown);
      // Another trouble of the server's may pass; if it does not, the upload meets it too.
      if (error.code === "lease_lost") abort(error);
    }
  }

  const workers = Array.from({ length: options.concurrency }, work);
  return {
    drained: drained.promise,
    async drain(graceMs = GRACE_MS) {
      draining.abort();
      const timer = setTimeout(() => handingBack.abort(), graceMs);
      await Promise.all(workers);
      clearTimeout(timer);
      await within(GOODBYE_MS, options.client.runnerStopped(options.name));
      await sensors[Symbol.asyncDispose]();
    },
  };
}

// --- internal ---

/** How long a server that does not answer is waited for at the end: without a word from here leases simply expire. */
const GOODBYE_MS = 3000;

/** Whether the server took the run back. */
async function giveBack(client: Client, lease: Lease): Promise<boolean> {
  return within(GOODBYE_MS, client.handBack(lease.run_id, lease.lease));
}

/** Whether it ended well in time. */
async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), ms);
  const done = work.then(
    () => true,
    () => false,
  );
  const ended = await Promise.race([done, late]);
  clearTimeout(timer);
  return ended;
}

/** Waits, but not beyond the abort. */
async function pause(ms: number, abort: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const stop = (): void => resolve();
  abort.addEventListener("abort", stop);
  if (!abort.aborted) await promise;
  clearTimeout(timer);
  abort.removeEventListener("abort", stop);
}

function nodeMajor(version: string): { node_major?: number } {
  const major = Number(/^v?(\d{1,3})\./.exec(version)?.[1] ?? 0);
  return major > 0 ? { node_major: major } : {};
}

/** One sensor for all scans; one that does not answer any more is replaced, once however many ask. */
async function keepSensor(): Promise<{ working(): Promise<Sensor> } & AsyncDisposable> {
  let current = Promise.resolve(await openSensor());
  return {
    async working() {
      const asked = current;
      try {
        await (await asked).report();
      } catch {
        if (current === asked) current = openSensor();
      }
      return current;
    },
    async [Symbol.asyncDispose]() {
      const sensor = await current.catch(() => undefined);
      sensor?.[Symbol.dispose]();
    },
  };
}

function verdictOf(run: Run): string {
  return `${run.verdict ?? run.state}${run.reason === null ? "" : `: ${run.reason}`}`;
}
