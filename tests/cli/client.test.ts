import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../../cli/client.ts";
import { dataDirectory } from "../../cli/data-directory.ts";
import { FangsError } from "../../protocol/errors.ts";
import { fakeServer, run, TOKEN } from "./support.ts";

const PACKAGES = { "GET /v1/packages": { packages: [] } };

describe("the token", () => {
  test("of a server on this host is found in its data directory", async () => {
    using directory = temporaryDirectory();
    writeFileSync(join(directory.path, "admin-token"), `${TOKEN}\n`);
    await using server = fakeServer(PACKAGES);
    const env = { FANGS_SERVER: server.env["FANGS_SERVER"]!, FANGS_DATA_DIR: directory.path };
    expect((await run(["package", "list", "--json"], env)).exit).toBe(0);
    const flag = await run(["package", "list", "--json", "--data-dir", directory.path], {
      ...env,
      FANGS_DATA_DIR: "/nowhere",
    });
    expect(flag.exit).toBe(0);
  });

  test("is never read from that file for a server elsewhere", async () => {
    using directory = temporaryDirectory();
    writeFileSync(join(directory.path, "admin-token"), TOKEN);
    for (const url of [
      "http://10.0.0.9:8443",
      "https://fangs.example",
      "http://127.0.0.1.evil.example",
      "http://localhost.evil.example",
    ]) {
      const error = await refusal({ server: url }, { FANGS_DATA_DIR: directory.path });
      expect(error.code).toBe("unauthorized");
      expect(error.hint).toContain("FANGS_TOKEN");
    }
  });

  test("of the flag outranks FANGS_TOKEN", async () => {
    await using server = fakeServer(PACKAGES);
    const env = { ...server.env, FANGS_TOKEN: "wrong" };
    expect((await run(["package", "list"], env)).exit).toBe(2);
    expect((await run(["package", "list", "--token", TOKEN], env)).exit).toBe(0);
  });

  test("that is nowhere is asked for, with the place that was looked at", async () => {
    using directory = temporaryDirectory();
    const missing = await refusal({}, { FANGS_DATA_DIR: directory.path });
    expect(missing.message).toContain(`${directory.path}/admin-token cannot be read`);
    expect(missing.hint).toContain("`fangs up`");
    writeFileSync(join(directory.path, "admin-token"), "\n");
    expect((await refusal({}, { FANGS_DATA_DIR: directory.path })).message).toContain("is empty");
  });
});

test.each(["", "localhost:8443", "ftp://host", "file:///etc/passwd", "http://user:secret@host", "http://"])(
  "%j is no address of a server",
  async (server) => {
    const error = await refusal({ server }, { FANGS_TOKEN: TOKEN });
    expect(error.code).toBe("usage");
    expect(error.hint).toContain("--server http://127.0.0.1:8443");
  },
);

test("the data directory is named, or root's, or the user's", () => {
  expect(dataDirectory("/a", { FANGS_DATA_DIR: "/b" }, true)).toBe("/a");
  expect(dataDirectory(undefined, { FANGS_DATA_DIR: "/b" }, true)).toBe("/b");
  expect(dataDirectory(undefined, {}, true)).toBe("/var/lib/fangs");
  expect(dataDirectory(undefined, { XDG_DATA_HOME: "/x" }, false)).toBe("/x/fangs");
  expect(dataDirectory(undefined, { HOME: "/home/u" }, false)).toBe("/home/u/.local/share/fangs");
});

async function refusal(flags: Parameters<typeof connect>[0], env: Record<string, string>): Promise<FangsError> {
  const error = await connect(flags, { env }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof FangsError) return error;
  throw new Error("it was accepted");
}

function temporaryDirectory(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), "fangs-cli-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
