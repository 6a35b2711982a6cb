/** Discord's webhooks: one embed. https://discord.com/developers/docs/resources/message#embed-object */
import type { Severity } from "../../../protocol/facts.ts";
import type { Deviation } from "../../../protocol/models.ts";
import { categoryTitle, chainOf, commandsOf, headline, type Message } from "../message.ts";
import { counted, cut, oneLine } from "../text.ts";

/** Discord refuses a message of which one part is longer. */
const TITLE = 256;
const DESCRIPTION = 1500;
const FIELDS = 25;
const FIELD_NAME = 256;
const FIELD_VALUE = 1024;
/** Of all texts of the embed together. */
const TOTAL = 6000;
const COLORS: Readonly<Record<Severity, number>> = {
  low: 0x607d8b,
  medium: 0xf9a825,
  high: 0xe65100,
  critical: 0xb71c1c,
};

/** `allowed_mentions` with nothing in it: no text can call anybody, whatever it says. */
export function discord(message: Message): unknown {
  const { run, maxSeverity, link } = message;
  const title = cut(plain(headline(message), TITLE), TITLE);
  const footer = `run ${run.id}`;
  const description = run.reason === null ? "" : cut(plain(run.reason, 700), DESCRIPTION);
  const fields = fieldsWithin(message, TOTAL - title.length - footer.length - description.length);
  const embed = {
    title,
    ...(description === "" ? {} : { description }),
    ...(link === null ? {} : { url: link }),
    color: COLORS[maxSeverity ?? "medium"],
    fields,
    footer: { text: footer },
    timestamp: new Date(message.at).toISOString(),
  };
  return { username: "fangs", allowed_mentions: { parse: [] }, embeds: [embed] };
}

// --- internal ---

interface Field {
  name: string;
  value: string;
}

/** As many as fit, and how many did not. */
function fieldsWithin({ deviations, deviationCount }: Message, room: number): Field[] {
  const fields: Field[] = [];
  let left = room - 100;
  for (const deviation of deviations.slice(0, FIELDS - 1)) {
    const field = fieldOf(deviation);
    left -= field.name.length + field.value.length;
    if (left < 0) break;
    fields.push(field);
  }
  const more = deviationCount - fields.length;
  return more === 0
    ? fields
    : [...fields, { name: `and ${counted(more, "deviation")} more`, value: "The run shows them." }];
}

function fieldOf(deviation: Deviation): Field {
  const chain = chainOf(deviation);
  const lines = [
    code(deviation.value, 400),
    `by ${code(deviation.actor, 100)} while ${code(deviation.evidence.phase, 20)}`,
    ...commandsOf(deviation)
      .slice(-1)
      .map((command) => `in ${code(command, 250)}`),
    ...(chain === null ? [] : [`a step of: ${chain}`]),
    ...(deviation.drift ? ["the predecessor shows it today, too"] : []),
  ];
  const name = `${deviation.severity}: ${plain(categoryTitle(deviation.category), 100)}`;
  return { name: cut(name, FIELD_NAME), value: cut(lines.join("\n"), FIELD_VALUE) };
}

/** Between double backticks nothing is formatted; the text can't end them. */
function code(text: string, limit: number): string {
  const shown = oneLine(text, limit).replaceAll("`", "ˋ");
  return shown === "" ? "(empty)" : `\`${shown}\``;
}

/** Outside of them every character that could mean something is escaped; `@` is followed by nothing that could be a name. */
function plain(text: string, limit: number): string {
  return oneLine(text, limit)
    .replace(/[\\*_~`|>#[\]()<:-]/g, (character) => `\\${character}`)
    .replaceAll("@", "@\u200b");
}
