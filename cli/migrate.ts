import type { CommandDef } from "citty";
import { FangsError } from "../protocol/errors.ts";
import { group, jsonArgs, leaf } from "./command.ts";
import { count, printJson, printLines, table, time } from "./output.ts";
import { storeArgs, withStore, withStoreAt } from "./store.ts";

const status = leaf({
  description: "Show which migrations the database has.",
  args: { ...jsonArgs, ...storeArgs },
  async run({ args, terminal }) {
    const { migrationStatus } = await import("../server/store/migration-status.ts");
    const migrations = await withStore(args, terminal, migrationStatus);
    if (args.json) return printJson(terminal, "fangs.migrations/1", { migrations });
    const rows = migrations.map(({ version, name, state, breaking, applied_at }) => [
      String(version).padStart(4, "0"),
      name,
      state,
      breaking ? "breaking" : "",
      time(applied_at),
    ]);
    printLines(
      terminal,
      table(
        ["NUMBER", "NAME", "STATE", "", "APPLIED"].map((title) => ({ title })),
        rows,
      ),
    );
  },
});

const copy = leaf({
  description: "Copy an SQLite database into an empty Postgres.",
  args: {
    ...jsonArgs,
    from: { type: "string", valueHint: "url", description: "The source, sqlite:<path>. Stop its server first." },
    to: { type: "string", valueHint: "url", description: "The target, postgres://…; else FANGS_COPY_TO." },
  },
  async run({ args, terminal }) {
    const { from } = args;
    // A URL with a password is better not an argument, which other users of this host can see.
    const to = args.to ?? terminal.env["FANGS_COPY_TO"];
    if (!from || !to)
      throw new FangsError("usage", "A copy needs --from and --to.", {
        hint: "For example fangs migrate copy --from sqlite:/var/lib/fangs/fangs.db --to postgres://db.example/fangs.",
      });
    const { copyStore } = await import("../server/store/copy.ts");
    const tables = await withStoreAt(from, (source) =>
      withStoreAt(to, (target) =>
        copyStore(source, target, ({ name, rows }) => terminal.err(`${name}: ${count(rows, "row")}\n`)),
      ),
    );
    const rows = tables.reduce((sum, one) => sum + one.rows, 0);
    if (args.json) return printJson(terminal, "fangs.copy/1", { rows, tables });
    printLines(terminal, [`Copied ${count(rows, "row")} of ${count(tables.length, "table")}, and counted them again.`]);
  },
});

export const command: CommandDef = group({ status, copy });
