import type { CommandDef } from "citty";
import { EXIT } from "../protocol/errors.ts";
import { jsonArgs, leaf } from "./command.ts";
import { safeJson } from "../protocol/printable.ts";
import { safe } from "./safe.ts";
import { usage } from "./arguments.ts";

export const command: CommandDef = leaf({
  args: {
    ...jsonArgs,
    command: { type: "positional", valueHint: "command…", description: "What to run, behind `--`." },
  },
  async run({ args, terminal }) {
    const argv = args._;
    if (argv.length === 0)
      throw usage("There is no command to trace.", "fangs trace", "Write `fangs trace -- ls /tmp`.");
    const { traceCommand } = await import("../runner/trace-command.ts");
    const { TraceCursor } = await import("../protocol/trace.ts");
    const { decodeRecord } = await import("../protocol/trace-codec.ts");
    const { describeRecord } = await import("../protocol/describe.ts");

    const print = (segment: Uint8Array): void => {
      const cursor = new TraceCursor(segment);
      const lines: string[] = [];
      while (cursor.next()) {
        const record = decodeRecord(cursor);
        if (record === undefined || record.record === "marker") continue;
        const { type, summary, result } = describeRecord(record);
        const time_ms = Math.round(record.time / 1000) / 1000;
        if (args.json) {
          const event = { time_ms, process: record.process, thread: record.thread, type, summary, result };
          lines.push(safeJson({ schema: "fangs.trace-event/1", ...event }));
        } else {
          const who = `${time_ms.toFixed(3).padStart(10)} ${String(record.process).padStart(4)}`;
          lines.push(`${who} ${type.padEnd(10)} ${safe(summary)}${result === "" ? "" : ` = ${safe(result)}`}`);
        }
      }
      terminal.out(`${lines.join("\n")}\n`);
    };
    const end = await traceCommand(argv, print, terminal.interrupted);
    terminal.err(`${end.events} events; exit ${end.exitCode}\n`);
    for (const loss of end.losses) terminal.err(`lost: ${loss.count} ${loss.record} (${loss.cause})\n`);
    return end.losses.length > 0 ? EXIT.undecided : end.exitCode;
  },
});
