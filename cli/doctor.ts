import type { CommandDef } from "citty";
import { EXIT } from "../protocol/errors.ts";
import { jsonArgs, leaf } from "./command.ts";
import { pairs, printJson, printLines } from "./output.ts";

export const command: CommandDef = leaf({
  args: { ...jsonArgs },
  async run({ args, terminal }) {
    const { examineHost } = await import("../runner/doctor.ts");
    const examination = await examineHost();
    if (args.json) {
      printJson(terminal, "fangs.doctor/1", { ...examination });
    } else {
      printLines(
        terminal,
        pairs(examination.checks.map(({ name, state, detail }) => [`${MARKS[state]} ${name}`, detail])),
      );
      for (const { name, hint } of examination.checks) if (hint !== null) terminal.err(`hint (${name}): ${hint}\n`);
    }
    return examination.ready ? EXIT.clean : EXIT.undecided;
  },
});

const MARKS = { ok: "ok  ", missing: "FAIL", reduced: "less" } as const;
