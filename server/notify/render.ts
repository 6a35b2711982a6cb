/** From a message to the text that is sent. */
import { safeJson } from "../../protocol/printable.ts";
import type { Template } from "../../protocol/notifiers.ts";
import type { Message } from "./message.ts";
import { syslogLine } from "./syslog-line.ts";
import { discord } from "./templates/discord.ts";
import { ecs } from "./templates/ecs.ts";
import { generic } from "./templates/generic.ts";
import { ocsf } from "./templates/ocsf.ts";
import { slack } from "./templates/slack.ts";
import { teams } from "./templates/teams.ts";

/** The most bytes that a receiver takes: collectors of syslog cut at 8 KiB, and half a JSON is none. */
const LIMITS = { syslog: 7_000, teams: 26_000, others: 1_000_000 };

/** What is sent: JSON on one line, whatever strangers wrote in it, and for syslog the line around it. Has fewer deviations where it would be too long. */
export function render(template: Template, message: Message, isSyslog = false): string {
  const limit = isSyslog ? LIMITS.syslog : template === "teams" ? LIMITS.teams : LIMITS.others;
  for (let shown = message.deviations.length; ; shown = Math.floor(shown / 2)) {
    const json = safeJson(TEMPLATES[template]({ ...message, deviations: message.deviations.slice(0, shown) }));
    if (Buffer.byteLength(json) > limit && shown > 0) continue;
    return isSyslog ? syslogLine(message, json) : json;
  }
}

// --- internal ---

const TEMPLATES: Readonly<Record<Template, (message: Message) => unknown>> = {
  generic,
  slack,
  discord,
  teams,
  ocsf,
  ecs,
};
