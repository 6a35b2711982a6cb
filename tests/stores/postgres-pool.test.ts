import { expect, setDefaultTimeout, test } from "bun:test";
import { createPool } from "../../server/store/postgres-pool.ts";
import { openStore } from "../../server/store/open.ts";
import { codeOf } from "../server/support.ts";
import { migratedDatabase } from "./postgres.ts";

// A loaded machine is slow, not wrong.
setDefaultTimeout(120_000);

const OPTIONS = { size: 2, stepMs: 60_000, waitMs: 60_000 };

/** Connections that do nothing, and how many were made and ended. */
function counting() {
  const made: { broken: () => void; ended: boolean }[] = [];
  return {
    made,
    connect(broken: () => void) {
      const own = { broken, ended: false };
      made.push(own);
      return { end: async () => void (own.ended = true) };
    },
  };
}

test("a transaction whose connection broke does not go on on another one", async () => {
  await using database = await migratedDatabase();
  const db = openStore(database.url);
  const insert = (into: typeof db, name: string) =>
    into.query.insertInto("package").values({ name, created_at: 1, severities: "{}", seeding: 0 }).execute();
  const kill = async (pid: number): Promise<void> => void (await db.rows("select pg_terminate_backend($1)", [pid]));

  const broken = db.transaction(async (inner) => {
    await insert(inner, "before");
    const [own] = await inner.rows<{ pid: number }>("select pg_backend_pid() as pid where $1 = 1", [1]);
    await kill(own!.pid);
    // Other work takes connections meanwhile, as it does in a server.
    for (let i = 0; i < 5; i++) await db.query.selectFrom("package").selectAll().execute();
    await insert(inner, "after");
  });
  expect(
    await broken.then(
      () => "committed",
      () => "refused",
    ),
  ).toBe("refused");
  expect(await db.query.selectFrom("package").select("name").execute()).toEqual([]);
  await insert(db, "later");
  expect(await db.query.selectFrom("package").select("name").execute()).toEqual([{ name: "later" }]);
  await db.close();
});

test("statements are not compiled, which would take a hundred times as long as they do", async () => {
  await using database = await migratedDatabase();
  const db = openStore(database.url);
  expect(await db.rows("select current_setting('jit') as jit where $1 = 1", [1])).toEqual([{ jit: "off" }]);
  await db.close();
});

test("a step that gets no answer ends, and its connection is not used again", async () => {
  const { made, connect } = counting();
  const pool = createPool(connect, { ...OPTIONS, stepMs: 10 });
  const session = await pool.acquire();
  expect(await codeOf(session.use(() => new Promise(() => {})))).toBe("database_unavailable");
  expect(await codeOf(session.use(async () => 1))).toBe("database_unavailable");
  session.release();
  const next = await pool.acquire();
  expect(await next.use(async () => 1)).toBe(1);
  next.release();
  expect(made.map(({ ended }) => ended)).toEqual([true, false]);
  await pool.close();
});

test("a connection that broke while nobody used it is replaced", async () => {
  const { made, connect } = counting();
  const pool = createPool(connect, OPTIONS);
  (await pool.acquire()).release();
  made[0]!.broken();
  expect(await (await pool.acquire()).use(async () => 1)).toBe(1);
  expect(made.map(({ ended }) => ended)).toEqual([true, false]);
});

test("there are never more connections than the pool is large; who waits gets the next one, or is told", async () => {
  const { made, connect } = counting();
  const pool = createPool(connect, OPTIONS);
  const [first] = [await pool.acquire(), await pool.acquire()];
  const third = pool.acquire();
  first!.release();
  await third;
  expect(made).toHaveLength(2);
  const impatient = createPool(connect, { ...OPTIONS, size: 0, waitMs: 5 });
  expect(await codeOf(impatient.acquire())).toBe("database_unavailable");
  await pool.close();
  expect(await codeOf(pool.acquire())).toBe("database_unavailable");
});
