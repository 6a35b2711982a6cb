import type { CommandDef } from "citty";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { log } from "../log/log.ts";
import { connect } from "./client.ts";
import { group, leaf } from "./command.ts";
import { VERSION } from "./manifest.ts";
import { operations } from "./runner-operations.ts";
import { untilInterrupted } from "./processes.ts";
import { settingArgs } from "./settings/args.ts";
import { processSettings, reloadOnHangup } from "./settings/process.ts";
import { npmConfigIn } from "./settings/registries.ts";
import { USED_BY } from "./settings/table.ts";

const work = leaf({
  args: settingArgs(USED_BY.runner),
  async run({ args, terminal }) {
    const settings = processSettings("runner", args, terminal);
    const { values } = settings;
    const dataDir = values["data-dir"];
    // Beside a server of this host its runner token lies ready; elsewhere FANGS_TOKEN says it.
    const token = values.token ?? (await readFile(join(dataDir, "runner-token"), "utf8").catch(() => ""));
    const tls = { ca: values["tls-ca"], cert: values["tls-cert"], key: values["tls-key"] };
    const client = await connect(
      { server: values.server, token: token.trim() || undefined, "data-dir": dataDir, tls },
      terminal,
    );
    const { startRunner } = await import("../runner/start.ts");
    const runner = await startRunner({
      client,
      name: values["runner-id"],
      version: VERSION,
      concurrency: values.concurrency,
      dataDir,
      ...(values.image === undefined ? {} : { image: values.image }),
      ...(values.docker === undefined ? {} : { docker: values.docker }),
      makeImage: false,
      npm: npmConfigIn(settings.file, terminal.env),
      tell: log.info,
    });
    using _ = reloadOnHangup("runner", args, terminal, settings.origins, async () => {});
    log.info(`runner ${values["runner-id"]} waits for jobs`, { server: values.server });
    await Promise.race([untilInterrupted(terminal), runner.drained]);
    log.info("draining");
    await runner.drain(values.grace);
  },
});

/** By itself it is a runner; the words behind it are about runners. */
export const command: CommandDef = { ...group(operations), ...work };
