import { statSync } from "node:fs";
import { resolve } from "node:path";
import type { CommandDef } from "citty";
import { jsonArgs, leaf } from "./command.ts";
import { count, printJson, printLines } from "./output.ts";
import { storeArgs, withStore } from "./store.ts";

export const command: CommandDef = leaf({
  args: {
    file: { type: "positional", required: true, description: "The file to write; it must not exist yet." },
    ...jsonArgs,
    ...storeArgs,
  },
  async run({ args, terminal }) {
    const { backupStore } = await import("../server/store/backup.ts");
    const file = resolve(args.file);
    const kind = await withStore(args, terminal, async (db, url) => {
      await backupStore(db, url, file);
      return db.traits.name;
    });
    const bytes = statSync(file).size;
    if (args.json) return printJson(terminal, "fangs.backup/1", { file, kind, bytes });
    printLines(terminal, [`Wrote ${file}: ${count(bytes, "byte")}, everything that the ${kind} database has.`]);
  },
});
