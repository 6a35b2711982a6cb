import type { CommandDef } from "citty";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { log } from "../log/log.ts";
import { createClient } from "../protocol/client.ts";
import { FangsError } from "../protocol/errors.ts";
import { leaf } from "./command.ts";
import { VERSION } from "./manifest.ts";
import { untilInterrupted } from "./processes.ts";
import { ownServer } from "./tls-client.ts";
import { settingArgs } from "./settings/args.ts";
import { processSettings, reloadOnHangup } from "./settings/process.ts";
import { npmConfigIn } from "./settings/registries.ts";
import { rulesIn } from "./settings/rules.ts";
import { serverOptions } from "./settings/server-options.ts";
import { USED_BY } from "./settings/table.ts";

export const command: CommandDef = leaf({
  args: settingArgs(USED_BY.up),
  async run({ args, terminal }) {
    const settings = processSettings("up", args, terminal);
    const { values } = settings;
    const npm = npmConfigIn(settings.file, terminal.env);
    const { startOrchestrator } = await import("../server/start.ts");
    const { startRunner } = await import("../runner/start.ts");

    const server = await startOrchestrator(serverOptions(values, await rulesIn(settings.file), npm, terminal.env));
    using _ = reloadOnHangup("up", args, terminal, settings.origins, async ({ file }) =>
      server.useRules(await rulesIn(file)),
    );
    try {
      const token = (await readFile(join(values["data-dir"], "runner-token"), "utf8")).trim();
      const client = createClient({ url: server.url, token, ...ownServer(values["tls-cert"], values["tls-ca"]) });
      await client.health().catch((cause: unknown) => {
        throw new FangsError("usage", "The runner cannot speak to the server of its own process.", {
          cause,
          hint: "Give --tls-ca: the authority of --tls-cert is neither beside it as ca.pem nor one that the system knows.",
        });
      });
      const runner = await startRunner({
        client,
        name: values["runner-id"],
        version: VERSION,
        concurrency: values.concurrency,
        dataDir: values["data-dir"],
        ...(values.image === undefined ? {} : { image: values.image }),
        ...(values.docker === undefined ? {} : { docker: values.docker }),
        makeImage: values.image === undefined,
        npm,
        tell: log.info,
      });
      log.info(`fangs is up: ${server.url}, data in ${values["data-dir"]}`);
      log.info("try: fangs scan submit -package is-number -version 7.0.0 --watch");
      await untilInterrupted(terminal);
      log.info("draining");
      await runner.drain(values.grace);
    } finally {
      await server.stop();
    }
  },
});
