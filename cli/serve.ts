import type { CommandDef } from "citty";
import { log } from "../log/log.ts";
import { leaf } from "./command.ts";
import { untilInterrupted } from "./processes.ts";
import { settingArgs } from "./settings/args.ts";
import { processSettings, reloadOnHangup } from "./settings/process.ts";
import { npmConfigIn } from "./settings/registries.ts";
import { rulesIn } from "./settings/rules.ts";
import { USED_BY } from "./settings/table.ts";

export const command: CommandDef = leaf({
  args: settingArgs(USED_BY.serve),
  async run({ args, terminal }) {
    const settings = processSettings("serve", args, terminal);
    const { serverOptions } = await import("./settings/server-options.ts");
    const { startOrchestrator } = await import("../server/start.ts");
    const server = await startOrchestrator(
      serverOptions(
        settings.values,
        await rulesIn(settings.file),
        npmConfigIn(settings.file, terminal.env),
        terminal.env,
      ),
    );
    using _ = reloadOnHangup("serve", args, terminal, settings.origins, async ({ file }) =>
      server.useRules(await rulesIn(file)),
    );
    log.info(`serving ${server.url}`, {
      ...(server.runnerUrl === undefined ? {} : { runners: server.runnerUrl }),
      data_dir: settings.values["data-dir"],
      config: settings.file?.path ?? null,
    });
    await untilInterrupted(terminal);
    log.info("stopping");
    await server.stop();
  },
});
