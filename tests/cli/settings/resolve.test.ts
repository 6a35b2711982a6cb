import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { strangeVariables } from "../../../cli/settings/environment.ts";
import { resolveSettings } from "../../../cli/settings/resolve.ts";
import { temporaryFolder } from "../../server/support.ts";

/** A data directory with a configuration file. */
function withFile(text: string) {
  const folder = temporaryFolder();
  const path = join(folder.path, "fangs.yaml");
  writeFileSync(path, text);
  return { path, env: { FANGS_DATA_DIR: folder.path }, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

test("a flag outranks a variable, a variable the file, the file the default", () => {
  using here = withFile("concurrency: 3\n");
  const env = { ...here.env, FANGS_CONCURRENCY: "2" };
  const read = (flags: Record<string, string>, given: Record<string, string>) => {
    const { values, origins } = resolveSettings(["concurrency"], flags, given);
    return [values.concurrency, origins.concurrency.origin];
  };
  expect(read({ concurrency: "1" }, env)).toEqual([1, "flag"]);
  expect(read({}, env)).toEqual([2, "FANGS_CONCURRENCY"]);
  expect(read({}, here.env)).toEqual([3, `${here.path}:1:1`]);
  using other = withFile("");
  expect(read({}, other.env)).toEqual([1, "default"]);
});

test("an empty variable is none", () => {
  using here = withFile("concurrency: 3\n");
  expect(resolveSettings(["concurrency"], {}, { ...here.env, FANGS_CONCURRENCY: "" }).values.concurrency).toBe(3);
});

test("every kind of value is read", () => {
  using here = withFile("listen: '[::1]:9000'\ndrain: 1m30s\nlog-level: debug\n");
  const { values } = resolveSettings(["listen", "drain", "drain-delay", "log-level", "log-format"], {}, here.env);
  expect(values).toEqual({
    listen: { hostname: "::1", port: 9000 },
    drain: 90_000,
    "drain-delay": 0,
    "log-level": "debug",
    "log-format": "auto",
  });
});

describe("a wrong value is refused and says where it stands:", () => {
  const wrong = (flags: Record<string, string>, env: Record<string, string>) => () =>
    resolveSettings(["concurrency", "log-level", "listen", "drain"], flags, env);

  test("in a flag, in a variable", () => {
    using here = withFile("");
    expect(wrong({ concurrency: "65" }, here.env)).toThrow('--concurrency: "65" is not a number from 1 to 64.');
    expect(wrong({}, { ...here.env, FANGS_LOG: "wran" })).toThrow('FANGS_LOG: "wran" is not known.');
  });

  test.each([
    ["concurrency: 0\n", 'concurrency: "0" is not a number from 1 to 64.'],
    ["concurrency: 1.5\n", 'concurrency: "1.5" is not a number from 1 to 64.'],
    ["listen: here\n", 'listen: "here" is not an address to listen on.'],
    ["drain: 2h\n", "drain: 2h is longer than 1h."],
    ["drain: soon\n", 'drain: "soon" is not a length of time.'],
  ])("in the file: %j", (text, said) => {
    using here = withFile(text);
    expect(wrong({}, here.env)).toThrow(`${here.path}:1:1: ${said}`);
  });
});

test("a list is one in the file, and has commas in a flag or a variable", () => {
  using here = withFile("hosts: [fangs.example, fangs.internal]\n");
  const hosts = (flags: Record<string, string>) => resolveSettings(["hosts"], flags, here.env).values.hosts;
  expect(hosts({})).toEqual(["fangs.example", "fangs.internal"]);
  expect(hosts({ hosts: "a.example, b.example," })).toEqual(["a.example", "b.example"]);
});

test("the data directory of a flag is where its file is looked for; the file can then name another", () => {
  using here = withFile("data-dir: /elsewhere\n");
  const { file, values } = resolveSettings(["data-dir"], { "data-dir": here.env.FANGS_DATA_DIR }, {});
  expect([file?.path, values["data-dir"]]).toEqual([here.path, here.env.FANGS_DATA_DIR]);
  expect(resolveSettings(["data-dir"], { config: here.path }, {}).values["data-dir"]).toBe("/elsewhere");
});

test("variables that no setting has are told, with the nearest that there is", () => {
  const env = { FANGS_LISTNE: "x", FANGS_HMAC: "s", FANGS_LOG: "info", FANGS_DEBUG: "1", HOME: "/" };
  const [hmac, listne, ...more] = strangeVariables(env);
  expect(hmac).toStartWith("FANGS_HMAC is no setting and changes nothing by itself");
  expect(listne).toBe("FANGS_LISTNE is no setting and changes nothing by itself; the nearest is FANGS_LISTEN");
  expect(more).toEqual([]);
});
