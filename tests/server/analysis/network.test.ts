import { describe, expect, test } from "bun:test";
import { clientHello, dnsAnswer, dnsQuestion, framed } from "../../protocol/packets.ts";
import { deviations } from "./analysing.ts";
import { installStory, REGISTRY, RESOLVER, ROOT, type Story } from "./story.ts";

/** What the script of left-pad is seen doing on the network. */
function scriptDoes(act: (story: Story, process: number) => void): string[] {
  const story = installStory();
  const process = story.script("left-pad");
  act(story, process);
  return deviations(story)
    .filter((line) => !line.includes(" proc_new_"))
    .map((line) => line.replace("script:left-pad ", ""));
}
const EVIL = { address: "203.0.113.7", port: 443 };

describe("a destination", () => {
  test("is an address where no answer named it, also when the connect failed", () => {
    const seen = scriptDoes((story, process) => {
      story.socket(process, "connect", { ...EVIL, result: -111 });
      story.socket(process, "connect", { address: "2001:db8::7", port: 80 });
      story.socket(process, "connect", { address: "127.0.0.1", port: 8080 });
    });
    expect(seen).toEqual([
      "net_new_destination 127.0.0.1:8080",
      "net_new_destination 203.0.113.7:443",
      "net_new_destination [2001:db8::7]:80",
    ]);
  });

  test("is the name that the process got the address for, else that any process did", () => {
    const seen = scriptDoes((story, process) => {
      story.resolve(ROOT.install, "other.example", EVIL.address);
      story.socket(process, "connect", EVIL);
      story.resolve(process, "Evil.Example", EVIL.address);
      story.resolve(ROOT.install, "third.example", EVIL.address);
      story.socket(process, "connect", EVIL);
    });
    expect(seen.filter((line) => line.includes("destination"))).toEqual([
      "net_new_destination evil.example:443",
      "net_new_destination other.example:443",
    ]);
  });

  test("cannot be given a known name by somebody else's answer", () => {
    const seen = scriptDoes((story, process) => {
      const liar = { address: "203.0.113.9", port: 53, type: "udp" } as const;
      story.send(process, liar, dnsQuestion("registry.example"));
      story.receive(process, liar, dnsAnswer("registry.example", EVIL.address));
      story.socket(process, "connect", EVIL);
    });
    expect(seen).toEqual([
      "net_new_destination 203.0.113.7:443",
      "net_new_destination 203.0.113.9:53",
      "net_new_dns registry.example",
    ]);
  });

  test("cannot be given a name that reads as an address", () => {
    const seen = scriptDoes((story, process) => {
      story.resolve(process, "192.0.2.1", EVIL.address);
      story.socket(process, "connect", EVIL);
    });
    expect(seen).toContain("net_new_destination 203.0.113.7:443");
  });

  test("is the registry by its role, at its port only", () => {
    const seen = scriptDoes((story, process) => {
      story.socket(process, "connect", REGISTRY);
      story.socket(process, "connect", { ...REGISTRY, port: 22 });
    });
    expect(seen).toEqual(["net_new_destination <registry>:4873", "net_new_destination <resolver>:22"]);
  });

  test("is not made by a connect on a datagram socket, but by what is sent on it", () => {
    const udp = { ...EVIL, type: "udp" } as const;
    expect(scriptDoes((story, process) => story.socket(process, "connect", udp))).toEqual([]);
    expect(scriptDoes((story, process) => story.send(process, udp, "hello"))).toEqual([
      "net_new_destination 203.0.113.7:443",
    ]);
  });

  test("is made by sending on a stream without a connect", () => {
    expect(scriptDoes((story, process) => story.send(process, EVIL, "fast open"))).toEqual([
      "net_new_destination 203.0.113.7:443",
    ]);
  });

  test("is who is sent bytes that nobody saw, by what was connected or not, and so to send is rare", () => {
    const rare = "sys_new_rare sendfile or splice to a socket";
    const udp = { ...EVIL, type: "udp" } as const;
    for (const end of [EVIL, udp]) {
      const seen = scriptDoes((story, process) => story.sendUnseen(process, end, 100));
      expect(seen).toEqual(["net_new_destination 203.0.113.7:443", rare]);
    }
    for (const end of [RESOLVER, { ...RESOLVER, type: "udp" } as const]) {
      const seen = scriptDoes((story, process) => {
        story.socket(process, "connect", end);
        story.sendUnseen(process, end, 100);
      });
      expect(seen).toEqual(["net_new_destination <resolver>:53", rare]);
    }
    // Known destinations do not make it known.
    const seen = scriptDoes((story, process) => {
      story.socket(process, "connect", REGISTRY);
      story.send(process, REGISTRY, "GET / HTTP/1.1\r\n\r\n");
      story.sendUnseen(process, REGISTRY, 100);
    });
    expect(seen).toEqual(["net_new_destination <registry>:4873", rare]);
  });

  test("is who is sent no bytes at all in a datagram, which is not rare", () => {
    const udp = { ...EVIL, type: "udp" } as const;
    expect(scriptDoes((story, process) => story.send(process, udp, ""))).toEqual([
      "net_new_destination 203.0.113.7:443",
    ]);
  });

  test("is not who calls us", () => {
    const seen = scriptDoes((story, process) => {
      story.socket(process, "accept", { address: "127.0.0.1", port: 40001 });
      story.send(process, { address: "127.0.0.1", port: 40001 }, "answer");
    });
    expect(seen).toEqual([]);
  });
});

describe("a question to DNS", () => {
  test("shows its name, not the resolver", () => {
    expect(scriptDoes((story, process) => story.resolve(process, "Evil.Example", EVIL.address))).toEqual([
      "net_new_dns evil.example",
    ]);
  });

  test("over TCP does too, in one piece or byte by byte", () => {
    const stream = Uint8Array.from([...framed(dnsQuestion("one.example")), ...framed(dnsQuestion("two.example"))]);
    for (const size of [stream.length, 1, 7]) {
      const seen = scriptDoes((story, process) => {
        story.socket(process, "connect", RESOLVER);
        for (let at = 0; at < stream.length; at += size) {
          story.send(process, RESOLVER, stream.subarray(at, at + size), at);
        }
      });
      expect(seen).toEqual(["net_new_dns one.example", "net_new_dns two.example"]);
    }
  });

  test("on a port of its own, to a server of its own, shows both", () => {
    const seen = scriptDoes((story, process) => {
      story.send(process, { address: "203.0.113.9", port: 5353, type: "udp" }, dnsQuestion("evil.example"));
    });
    expect(seen).toEqual(["net_new_destination 203.0.113.9:5353", "net_new_dns evil.example"]);
  });

  test("is not what something else says to the resolver, or nothing", () => {
    const contact = ["net_new_destination <resolver>:53"];
    const stream = scriptDoes((story, process) => {
      story.socket(process, "connect", RESOLVER);
      story.send(process, RESOLVER, "no question at all");
    });
    expect(stream).toEqual(contact);
    const datagram = scriptDoes((story, process) => story.send(process, { ...RESOLVER, type: "udp" }, "nor this"));
    expect(datagram).toEqual(contact);
    const reused = scriptDoes((story, process) => {
      story.socket(process, "connect", RESOLVER);
      story.socket(process, "connect", EVIL);
    });
    expect(reused).toEqual(["net_new_destination 203.0.113.7:443", ...contact]);
  });
});

describe("the first bytes of a stream", () => {
  const hello = clientHello("Evil.Example", 40);
  const request = new TextEncoder().encode("POST /x HTTP/1.1\r\nHost: evil.example\r\n\r\n");

  test.each([1, 3, 40, 5000])("show the name of a TLS hello, written %d bytes at a time", (size) => {
    const seen = scriptDoes((story, process) => {
      story.socket(process, "connect", EVIL);
      for (let at = 0; at < hello.length; at += size) story.send(process, EVIL, hello.subarray(at, at + size), at);
    });
    expect(seen).toEqual(["net_new_destination 203.0.113.7:443", "net_new_https_host evil.example"]);
  });

  test("show it when the pieces are recorded out of order", () => {
    const seen = scriptDoes((story, process) => {
      story.socket(process, "connect", EVIL);
      story.send(process, EVIL, hello.subarray(50), 50);
      story.send(process, EVIL, hello.subarray(0, 50), 0);
    });
    expect(seen).toContain("net_new_https_host evil.example");
  });

  test("show the host of a plain request, but not of npm's registry", () => {
    const seen = scriptDoes((story, process) => {
      story.socket(process, "connect", { ...EVIL, socket: 1 });
      story.send(process, { ...EVIL, socket: 1 }, request);
      story.socket(process, "connect", { ...REGISTRY, socket: 2 });
      story.send(process, { ...REGISTRY, socket: 2 }, "GET /x HTTP/1.1\r\nHost: registry.example\r\n\r\n");
    });
    expect(seen).toEqual([
      "net_new_destination 203.0.113.7:443",
      "net_new_destination <registry>:4873",
      "net_new_http_host evil.example",
    ]);
  });

  test("of a new connection are not those of the one before on the same socket number", () => {
    const seen = scriptDoes((story, process) => {
      story.socket(process, "connect", EVIL);
      story.send(process, EVIL, "nothing to see");
      story.socket(process, "connect", EVIL);
      story.send(process, EVIL, hello);
    });
    expect(seen).toContain("net_new_https_host evil.example");
  });
});

describe("a listening socket", () => {
  test("shows protocol, address and port; a port of the kernel's choice as such", () => {
    const seen = scriptDoes((story, process) => {
      for (const [port, socket] of [
        [3000, 1],
        [40123, 2],
        [0, 3],
      ] as const) {
        story.socket(process, "bind", { address: "0.0.0.0", port, socket });
        story.socket(process, "listen", { address: "0.0.0.0", port, socket });
      }
      story.socket(process, "bind", { address: "::", port: 5353, type: "udp" });
      story.socket(process, "bind", { address: "::", port: 0, type: "udp" });
      story.unix(process, "bind", "/tmp/plugin48-0.sock", 8);
      story.unix(process, "listen", "", 8);
    });
    expect(seen).toEqual([
      "net_new_listen tcp 0.0.0.0:3000",
      "net_new_listen tcp 0.0.0.0:<PORT>",
      "net_new_listen udp [::]:5353",
      "net_new_listen unix /tmp/plugin<N>-0.sock",
    ]);
  });

  test("is none before it listens", () => {
    expect(scriptDoes((story, process) => story.socket(process, "bind", { address: "0.0.0.0", port: 3000 }))).toEqual(
      [],
    );
  });
});

test("a unix socket shows its path, an abstract one its name", () => {
  const seen = scriptDoes((story, process) => {
    story.unix(process, "connect", "/var/run/docker.sock\0");
    story.unix(process, "connect", "\0hidden");
  });
  expect(seen).toEqual(["ipc_new_socket /var/run/docker.sock", "ipc_new_socket @hidden"]);
});
