/** Teams: an Adaptive Card for the webhook of a workflow ("When a Teams webhook request is received"). */
import type { Deviation } from "../../../protocol/models.ts";
import { categoryTitle, chainOf, commandsOf, headline, type Message } from "../message.ts";
import { counted, oneLine } from "../text.ts";

/** More makes a card that nobody reads; Teams refuses 28 KB (render.ts). */
const DEVIATIONS = 10;

/** Everything that a stranger wrote is in a RichTextBlock: its runs know no markdown, and without `msteams.entities` nothing mentions anybody. */
export function teams(message: Message): unknown {
  const { run, deviations, link } = message;
  const more = message.deviationCount - Math.min(deviations.length, DEVIATIONS);
  const card = {
    $schema: "http://adaptivecards.io/schemas/adaptive-card.json",
    type: "AdaptiveCard",
    version: "1.4",
    fallbackText: "fangs has news of a release.",
    msteams: { width: "Full" },
    body: [
      text([{ text: oneLine(headline(message), 300), weight: "Bolder", size: "Large" }]),
      ...(run.reason === null ? [] : [text([{ text: oneLine(run.reason, 1000) }])]),
      ...deviations.slice(0, DEVIATIONS).map(container),
      ...(more > 0 ? [text([{ text: `and ${counted(more, "deviation")} more` }])] : []),
      text([{ text: `run ${run.id}`, isSubtle: true, size: "Small" }]),
    ],
    ...(link === null ? {} : { actions: [{ type: "Action.OpenUrl", title: "Look at the run", url: link }] }),
  };
  return {
    type: "message",
    attachments: [{ contentType: "application/vnd.microsoft.card.adaptive", contentUrl: null, content: card }],
  };
}

// --- internal ---

interface Run {
  text: string;
  weight?: "Bolder";
  size?: "Small" | "Large";
  isSubtle?: boolean;
  fontType?: "Monospace";
}

function text(runs: Run[], more: { separator?: boolean; spacing?: "None" } = {}): unknown {
  return { type: "RichTextBlock", ...more, inlines: runs.map((run) => ({ type: "TextRun", ...run })) };
}

function container(deviation: Deviation): unknown {
  const chain = chainOf(deviation);
  const title = `${deviation.severity}: ${categoryTitle(deviation.category)}`;
  const command = commandsOf(deviation).at(-1);
  const who = `by ${oneLine(deviation.actor, 200)} while ${oneLine(deviation.evidence.phase, 20)}`;
  return {
    type: "Container",
    separator: true,
    items: [
      text([{ text: title, weight: "Bolder" }]),
      text([{ text: oneLine(deviation.value, 500) || "(empty)", fontType: "Monospace" }], { spacing: "None" }),
      text([{ text: who }], { spacing: "None" }),
      ...(command === undefined
        ? []
        : [text([{ text: oneLine(command, 300), fontType: "Monospace" }], { spacing: "None" })]),
      ...(chain === null ? [] : [text([{ text: `a step of: ${chain}` }], { spacing: "None" })]),
      ...(deviation.drift ? [text([{ text: "the predecessor shows it today, too" }], { spacing: "None" })] : []),
    ],
  };
}
