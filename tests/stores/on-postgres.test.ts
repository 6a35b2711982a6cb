/** Every test of the server that has a store, once more: on Postgres. */
import { afterAll, afterEach, beforeAll, describe, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { unavailable } from "./postgres.ts";
import { closeStores, useStores } from "./stores.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const SERVER = join(import.meta.dir, "../server");

/** The only module that opens a store: what does not load it has none, and is not done twice. */
const OPEN = join(SERVER, "../../server/store/open.ts");
const transpiler = new Bun.Transpiler({ loader: "ts" });
const reaching = new Map<string, boolean>();

/** Whether a module, or one that it loads, opens stores. What is imported as a type is not loaded. */
function hasStore(module: string): boolean {
  const known = reaching.get(module);
  if (known !== undefined) return known;
  reaching.set(module, module === OPEN); // for modules that load each other
  const found =
    module === OPEN ||
    transpiler
      .scanImports(readFileSync(module, "utf8"))
      .some(({ path }) => /^\.{1,2}\/.*\.ts$/.test(path) && hasStore(join(dirname(module), path)));
  reaching.set(module, found);
  return found;
}

/** What is about SQLite itself. */
const isOfSqlite = (file: string): boolean => /(^|\/)sqlite-/.test(file);

if (unavailable === undefined) {
  beforeAll(() => useStores("postgres"));
  afterEach(closeStores);
  afterAll(() => useStores("sqlite"));
  const files = [...new Bun.Glob("**/*.test.ts").scanSync(SERVER)]
    .filter((file) => hasStore(join(SERVER, file)) && !isOfSqlite(file))
    .sort();
  // Under another name, so that its tests are registered here too where the file itself was loaded before.
  for (const file of files) await import(`${SERVER}/${file}?on=postgres`);
} else describe(unavailable, () => test.skip("the tests of the server on Postgres", () => {}));
