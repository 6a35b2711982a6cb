import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { refusal } from "../../../server/notify/address-guard.ts";
import { resolveAllowed } from "../../../server/notify/resolve.ts";
import { notifySettings } from "../../../server/notify/settings.ts";
import { send } from "../../../server/notify/send.ts";
import type { StoredNotifier } from "../../../server/store/notifiers.ts";
import { temporaryFolder } from "../support.ts";
import { certificate, rawReceiver, receiver } from "./receivers.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

describe("an address", () => {
  test.each([
    ["127.0.0.1", "loopback"],
    ["127.255.255.254", "loopback"],
    ["0.0.0.0", "this host"],
    ["10.0.0.1", "private"],
    ["172.16.0.1", "private"],
    ["172.31.255.255", "private"],
    ["192.168.1.1", "private"],
    ["100.64.0.1", "shared by a carrier's NAT"],
    ["169.254.1.1", "link-local"],
    ["169.254.169.254", "a cloud's metadata service"],
    ["168.63.129.16", "a cloud's metadata service"],
    ["100.100.100.200", "a cloud's metadata service"],
    ["fd00:ec2::254", "a cloud's metadata service"],
    ["224.0.0.1", "multicast"],
    ["255.255.255.255", "reserved"],
    ["::", "this host"],
    ["::1", "loopback"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:7f00:1", "loopback"],
    ["::ffff:a9fe:a9fe", "a cloud's metadata service"],
    ["::127.0.0.1", "not public"],
    ["64:ff9b::7f00:1", "NAT64: it hides an IPv4 address"],
    ["2002:7f00:1::1", "6to4: it hides an IPv4 address"],
    ["2001:0:7f00:1::1", "reserved"],
    ["fe80::1", "link-local"],
    ["fc00::1", "private"],
    ["ff02::1", "multicast"],
    ["fe80::1%eth0", "no address"],
    ["2130706433", "no address"],
  ])("%s is refused: %s", (address, why) => {
    expect(refusal(address, [])).toBe(why);
  });

  test.each(["8.8.8.8", "172.15.255.255", "172.32.0.0", "100.63.255.255", "100.128.0.0", "2606:4700::1111"])(
    "%s is public",
    (address) => {
      expect(refusal(address, [])).toBeUndefined();
    },
  );

  test("that is not public may be allowed, alone or by a range; a cloud's metadata service only by its own address", () => {
    expect(refusal("10.1.2.3", ["10.1.2.0/24"])).toBeUndefined();
    expect(refusal("::ffff:10.1.2.3", ["10.1.2.0/24"])).toBeUndefined();
    expect(refusal("10.1.3.3", ["10.1.2.0/24", "fc00::/7"])).toBe("private");
    expect(refusal("169.254.169.254", ["169.254.0.0/16"])).toBe("a cloud's metadata service");
    expect(refusal("fd00:ec2::254", ["fc00::/7"])).toBe("a cloud's metadata service");
    expect(refusal("169.254.169.254", ["169.254.169.254"])).toBeUndefined();
  });
});

const notifier = (changes: Partial<StoredNotifier>): StoredNotifier => ({
  id: "n",
  name: "n",
  url: "https://hook.example/",
  template: "generic",
  secret_env: null,
  min_severity: "low",
  on: ["deviant"],
  headers: {},
  allow_http: true,
  allow_addresses: [],
  enabled: true,
  resume_at: 0,
  created_by: "test",
  created_at: 0,
  ...changes,
});
const never = new AbortController().signal;

describe("what is sent", () => {
  test.each([
    "http://127.0.0.1",
    "http://2130706433",
    "http://0x7f000001",
    "http://0x7f.1",
    "http://017700000001",
    "http://127.1",
    "http://[::1]",
    "http://[::ffff:127.0.0.1]",
    "http://[::ffff:7f00:1]",
    "http://localhost",
    "http://localhost.",
  ])("does not reach %s, however it is written", async (origin) => {
    using listener = rawReceiver((socket) => socket.end());
    const settings = notifySettings({ filesDir: "/nonexistent" });
    const sent = await send(notifier({ url: `${origin}:${listener.port}/` }), { id: "1", body: "{}" }, settings, never);
    expect(sent.error).toContain("may not be connected to: loopback");
    expect(listener.connections()).toBe(0);
  });

  test("goes to the address that was checked: the name is looked up once, and stands in TLS and Host", async () => {
    const made = certificate();
    const names: (string | null)[] = [];
    await using hook = receiver((_, request) => {
      names.push(request.headers.get("host"));
      return new Response("ok");
    }, made);
    let lookups = 0;
    const settings = notifySettings({
      filesDir: "/nonexistent",
      // The second answer is what a rebinding resolver would say.
      lookup: async () => (lookups++ === 0 ? ["127.0.0.1"] : ["169.254.169.254"]),
    });
    const { port } = new URL(hook.url);
    const url = `https://hook.example:${port}/`;
    const allowed = notifier({ url, allow_addresses: ["127.0.0.1"], allow_http: false });
    const untrusted = await send(allowed, { id: "1", body: "{}" }, settings, never);
    // That the certificate is not trusted is found after the name was sent to the checked address.
    expect(untrusted.error).toMatch(/^The certificate of hook\.example:\d+ does not hold/);
    expect(lookups).toBe(1);
    expect(names).toEqual([]);
  });

  test("reaches a receiver whose certificate is for the name, at the address that was checked", async () => {
    using folder = temporaryFolder();
    const made = certificate();
    await using hook = receiver(undefined, made);
    const authority = join(folder.path, "ca.pem");
    writeFileSync(authority, made.cert);
    const { port } = new URL(hook.url);
    const sentTo = async (host: string) => {
      const child = Bun.spawn([process.execPath, join(import.meta.dir, "_tls-child.ts"), port, host], {
        env: { ...process.env, NODE_EXTRA_CA_CERTS: authority, HTTPS_PROXY: "http://127.0.0.1:1" },
      });
      return JSON.parse(await child.stdout.text()) as {
        status: number | null;
        error: string | null;
        lookupsLeft: number;
      };
    };
    expect(await sentTo("hook.example")).toMatchObject({ status: 200, error: null, lookupsLeft: 1 });
    expect(hook.received.map(({ headers }) => headers.get("host"))).toEqual([`hook.example:${port}`]);
    const other = await sentTo("other.example");
    expect(other.error).toMatch(/^The certificate of other\.example:\d+ does not hold/);
    expect(hook.received).toHaveLength(1);
  });

  test("goes nowhere when a name has only addresses that are refused, and to the good one when it has both", async () => {
    const find = (addresses: string[]) =>
      resolveAllowed("x.example", { allowed: [], lookup: async () => addresses, signal: never });
    expect(await find(["10.0.0.1", "2606:4700::1111"])).toEqual(["2606:4700::1111"]);
    expect(find(["10.0.0.1", "::1"])).rejects.toThrow("x.example is 10.0.0.1, which may not be connected to: private");
    expect(find([])).rejects.toThrow("has no address");
  });

  test("is given up when the name cannot be looked up in time", async () => {
    const settings = notifySettings({ filesDir: "/nonexistent", deadlineMs: 30, lookup: () => new Promise(() => {}) });
    const sent = await send(notifier({}), { id: "1", body: "{}" }, settings, never);
    expect(sent.error).toBe("There was no answer within 0.03 seconds.");
  });
});
