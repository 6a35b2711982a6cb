import { expect, test } from "bun:test";
import { openStore } from "../../server/store/open.ts";
import { emptyDatabase, unavailable } from "./postgres.ts";

test.skipIf(unavailable !== undefined)(
  "a store is reached by the socket of its folder, as its own programs do",
  async () => {
    await using database = await emptyDatabase();
    const direct = openStore(database.url);
    const [row] = await direct.rows<{ folder: string }>(
      "select split_part(current_setting('unix_socket_directories'), ',', 1) as folder",
    );
    await direct.close();
    expect(row?.folder).toStartWith("/");
    const url = new URL(database.url);
    url.hostname = "nowhere.invalid";
    url.searchParams.set("host", row!.folder);
    const db = openStore(url.href);
    expect(await db.rows("select inet_client_addr() is null as local")).toEqual([{ local: 1 }]);
    await db.close();
  },
);
