/** Every test of the server that has a store, once more: on Postgres. */
import { afterAll, afterEach, beforeAll, describe, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { unavailable } from "./postgres.ts";
import { closeStores, useStores } from "./stores.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const SERVER = join(import.meta.dir, "../server");

/**
 * What has no store, or is about SQLite itself or about bytes on the wire, is not done twice: what Bun makes of a second
 * request in the same packet depends on how soon the first one is answered.
 */
function hasStore(file: string): boolean {
  return (
    !/(^|\/)sqlite-|security\/wire/.test(file) &&
    /\/(support|stores)\.ts"/.test(readFileSync(join(SERVER, file), "utf8"))
  );
}

if (unavailable === undefined) {
  beforeAll(() => useStores("postgres"));
  afterEach(closeStores);
  afterAll(() => useStores("sqlite"));
  const files = [...new Bun.Glob("**/*.test.ts").scanSync(SERVER)].filter(hasStore).sort();
  // Under another name, so that its tests are registered here too where the file itself was loaded before.
  for (const file of files) await import(`${SERVER}/${file}?on=postgres`);
} else describe(unavailable, () => test.skip("the tests of the server on Postgres", () => {}));
