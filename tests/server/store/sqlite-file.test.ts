import { describe, expect, test } from "bun:test";
import { statSync } from "node:fs";
import { join } from "node:path";
import { migrate } from "../../../server/store/migrate.ts";
import { openStore } from "../../../server/store/open.ts";
import { temporaryFolder } from "../support.ts";

describe("the database file", () => {
  test("is readable by its owner only, and so is its directory", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "deep", "fangs.db");
    const db = openStore(`sqlite:${path}`);
    await migrate(db);
    const mode = (file: string) => statSync(file).mode & 0o777;
    expect([mode(path), mode(`${path}-wal`), mode(join(folder.path, "deep"))]).toEqual([0o600, 0o600, 0o700]);
    await db.close();
  });

  test("that is none, or has another kind of address, is reported", async () => {
    expect(() => openStore("mysql://x")).toThrow("sqlite:<path> or postgres://");
    expect(() => openStore("sqlite:/proc/nothing/here.db")).toThrow("cannot be opened");
  });
});
