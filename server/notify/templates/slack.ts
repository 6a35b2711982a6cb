/** Slack's incoming webhooks: blocks. https://docs.slack.dev/reference/block-kit/blocks */
import type { Deviation } from "../../../protocol/models.ts";
import { categoryTitle, chainOf, commandsOf, headline, type Message } from "../message.ts";
import { counted, cut, oneLine } from "../text.ts";

/** Of the at most 50 blocks: these, and a header, a reason, a rest and a link. */
const DEVIATIONS = 10;
const HEADER = 150;
/** Of the 3000 of a section, as `&amp;` takes five characters for one. */
const SECTION = 2900;

/** `text` is what a phone's lock screen shows. Nothing in it names a channel or a person: mentions are off, and so are previews of links. */
export function slack(message: Message): unknown {
  const { run, deviations, link } = message;
  const more = message.deviationCount - Math.min(deviations.length, DEVIATIONS);
  return {
    text: escaped(headline(message), 300),
    mrkdwn: false,
    parse: "none",
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      {
        type: "header",
        text: { type: "plain_text", emoji: false, text: cut(oneLine(headline(message), HEADER), HEADER) },
      },
      ...(run.reason === null ? [] : [plain(run.reason)]),
      ...deviations.slice(0, DEVIATIONS).map(section),
      ...(more > 0 ? [plain(`and ${counted(more, "deviation")} more`)] : []),
      { type: "context", elements: [{ type: "plain_text", emoji: false, text: `run ${run.id}` }] },
      ...(link === null ? [] : [button(link)]),
    ],
  };
}

// --- internal ---

function section(deviation: Deviation): unknown {
  const chain = chainOf(deviation);
  const lines = [
    `*${deviation.severity}* ${categoryTitle(deviation.category)}${deviation.drift ? " (the predecessor shows it today, too)" : ""}`,
    code(deviation.value, 500),
    `by ${code(deviation.actor, 200)} while ${code(deviation.evidence.phase, 20)}`,
    ...commandsOf(deviation)
      .slice(-1)
      .map((command) => `in ${code(command, 300)}`),
    ...(chain === null ? [] : [`a step of: ${chain}`]),
  ];
  // Verbatim: no name of a stranger becomes a link.
  return { type: "section", text: { type: "mrkdwn", verbatim: true, text: cut(lines.join("\n"), SECTION) } };
}

function plain(text: string): unknown {
  return { type: "section", text: { type: "plain_text", emoji: false, text: oneLine(text, SECTION) } };
}

function button(url: string): unknown {
  return {
    type: "actions",
    elements: [{ type: "button", text: { type: "plain_text", emoji: false, text: "Look at the run" }, url }],
  };
}

/** Between backticks nothing is formatted; the text can't end them, and `<!channel>` is no command any more. */
function code(text: string, limit: number): string {
  const shown = escaped(text, limit).replaceAll("`", "ˋ");
  return shown === "" ? "(empty)" : `\`${shown}\``;
}

/** Slack's own three characters. */
function escaped(text: string, limit: number): string {
  return oneLine(text, limit).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
