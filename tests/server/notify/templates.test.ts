import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { TEMPLATES } from "../../../protocol/notifiers.ts";
import { render } from "../../../server/notify/render.ts";
import { ATTACKS, deviation, everyday, hostile } from "./messages.ts";

const goldenFile = (name: string): string => join(import.meta.dir, "golden", `${name}.json`);
const golden = (name: string): string => readFileSync(goldenFile(name), "utf8").trimEnd();
const page = readFileSync(join(import.meta.dir, "../../../docs/notifications.md"), "utf8");

/** Every text in a value. */
function texts(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(texts) : [];
}

describe.each([...TEMPLATES])("the template %s", (template) => {
  test("is as its golden file says, and as docs/notifications.md shows it", async () => {
    const body = JSON.parse(render(template, everyday()));
    // Then format it, and paste it into the page.
    if (process.env["UPDATE_GOLDEN"] === "1") await Bun.write(goldenFile(template), JSON.stringify(body));
    expect(JSON.stringify(body)).toBe(JSON.stringify(JSON.parse(golden(template))));
    expect(page.includes(`\`\`\`json\n${golden(template)}\n\`\`\`\n`)).toBe(true);
  });

  test("is one line of JSON, whatever strangers wrote", () => {
    const body = render(template, hostile());
    expect(body).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
    expect(JSON.parse(body)).toBeObject();
    for (const text of texts(JSON.parse(body))) {
      // A line that fangs itself breaks is one of its own.
      expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\u202e\ufeff]/u);
      expect(text.isWellFormed()).toBe(true);
    }
  });

  test("stays below what its receiver takes, with every deviation that there can be", () => {
    const long = deviation({ value: "é".repeat(20_000), actor: "a".repeat(20_000) });
    const message = { ...everyday(), deviations: Array.from({ length: 50 }, () => long), deviationCount: 5000 };
    const limit = template === "teams" ? 26_000 : 1_000_000;
    expect(Buffer.byteLength(render(template, message))).toBeLessThanOrEqual(limit);
    expect(Buffer.byteLength(render(template, { ...message, deviations: [], deviationCount: 0 }))).toBeLessThan(5000);
  });
});

test("generic has the fields of v1 with their meanings", () => {
  expect(JSON.parse(render("generic", everyday()))).toMatchObject({
    source: "fangs",
    run_id: "019ab5f2-0000-7000-8000-0000000000a1",
    package_name: "left-pad",
    version: "1.3.1",
    max_severity: "critical",
    deviation_count: 3,
    deviations: [{ drift: false }, { drift: false }, { drift: true }],
  });
});

describe("in Slack", () => {
  const slack = () =>
    JSON.parse(render("slack", hostile())) as {
      text: string;
      blocks: { type: string; text?: { type: string; text: string; verbatim?: boolean } }[];
    };

  test("nobody is called and nothing is a link: `<` and `>` are escaped, texts of strangers stand in code", () => {
    const { text, blocks } = slack();
    const formatted = [text, ...blocks.flatMap((block) => (block.text?.type === "mrkdwn" ? [block.text.text] : []))];
    expect(formatted.length).toBeGreaterThan(5);
    for (const one of formatted) expect(one).not.toMatch(/[<>]|&(?!amp;|lt;|gt;)/);
    for (const { text: block } of blocks) if (block?.type === "mrkdwn") expect(block.verbatim).toBe(true);
  });

  test("a text of strangers cannot end the code that it stands in", () => {
    for (const { text } of slack().blocks) {
      if (text?.type !== "mrkdwn") continue;
      for (const line of text.text.split("\n")) expect(line.split("`").length % 2).toBe(1);
      for (const outside of outsideOfCode(text.text)) expect(outside).not.toMatch(/everyone|evil|bold|heading|forged/);
    }
  });

  test("the limits of blocks hold", () => {
    const { blocks } = slack();
    expect(blocks.length).toBeLessThanOrEqual(50);
    for (const { type, text } of blocks)
      expect(text?.text.length ?? 0).toBeLessThanOrEqual(type === "header" ? 150 : 3000);
  });
});

describe("in Discord", () => {
  interface Embed {
    title: string;
    description?: string;
    footer: { text: string };
    fields: { name: string; value: string }[];
  }
  const body = (message = hostile()) =>
    JSON.parse(render("discord", message)) as { allowed_mentions: unknown; embeds: Embed[]; content?: string };

  test("nobody is called, whatever the texts say", () => {
    expect(body().allowed_mentions).toEqual({ parse: [] });
    expect(body().content).toBeUndefined();
  });

  test("a text of strangers is no markdown: it stands in code, or is escaped", () => {
    const [embed] = body().embeds;
    for (const { value } of embed!.fields) {
      for (const outside of outsideOfCode(value)) expect(outside).not.toMatch(/everyone|evil|bold|heading|forged/);
    }
    for (const text of [embed!.title, embed!.description ?? ""]) {
      expect(text).not.toMatch(/(?<!\\)(?:\\\\)*[*_~`|>#[\]()<]/);
      expect(text).not.toMatch(/@(?:everyone|here)/);
    }
  });

  test("the limits of an embed hold, also when there is much to say", () => {
    const many = Array.from({ length: 50 }, (_, i) => deviation({ value: `${i} ${"y".repeat(3000)}` }));
    for (const message of [hostile(), { ...everyday(), deviations: many, deviationCount: 900 }]) {
      const [embed] = body(message).embeds;
      const parts = [
        embed!.title,
        embed!.description ?? "",
        embed!.footer.text,
        ...embed!.fields.flatMap(({ name, value }) => [name, value]),
      ];
      expect(parts.reduce((sum, part) => sum + part.length, 0)).toBeLessThanOrEqual(6000);
      expect(embed!.fields.length).toBeLessThanOrEqual(25);
      expect(embed!.title.length).toBeLessThanOrEqual(256);
      for (const { name, value } of embed!.fields) {
        expect(name.length).toBeWithin(1, 257);
        expect(value.length).toBeWithin(1, 1025);
      }
      const [, omitted] = /^and (\d+) deviations? more$/.exec(embed!.fields.at(-1)!.name) ?? [];
      const shown = omitted === undefined ? embed!.fields.length : embed!.fields.length - 1;
      expect(shown + Number(omitted ?? 0)).toBe(message.deviationCount);
    }
  });
});

test("in Teams every text of strangers is in a run of a RichTextBlock, which knows no markdown, and nobody is mentioned", () => {
  const text = render("teams", hostile());
  const body = JSON.parse(text) as { attachments: { content: { msteams: object; body: unknown } }[] };
  const { content } = body.attachments[0]!;
  expect(content.msteams).toEqual({ width: "Full" });
  expect(text).not.toMatch(/"type":"(?:TextBlock|FactSet|Fact)"/);
  const inlines: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null) return;
    if ("type" in value && value.type === "TextRun" && "text" in value) inlines.push(String(value.text));
    Object.values(value).forEach(visit);
  };
  visit(content);
  for (const attack of ATTACKS.slice(0, 4)) {
    const holders = texts(content).filter((one) => one.includes(attack.slice(0, 20).replaceAll("\n", "\\x0a")));
    expect(holders.length).toBeGreaterThan(0);
    for (const holder of holders) expect(inlines).toContain(holder);
  }
});

// --- internal ---

/** The parts of a text that are not between backticks. */
function outsideOfCode(text: string): string[] {
  return text.split("`").filter((_, index) => index % 2 === 0);
}
