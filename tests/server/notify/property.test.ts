/** What holds whatever strangers write. */
import fc from "fast-check";
import { expect, test } from "bun:test";
import { TEMPLATES } from "../../../protocol/notifiers.ts";
import { refusal } from "../../../server/notify/address-guard.ts";
import { render } from "../../../server/notify/render.ts";
import { LONGEST_WAIT_MS, parseRetryAfter } from "../../../server/notify/retry-after.ts";
import { ATTACKS, deviation, everyday } from "./messages.ts";

/** Any text, with what means something to somebody mixed in. */
const text = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(...ATTACKS.slice(0, 9), "`", "\n", "\\", '"', "]", "<", "@"),
    ),
    {
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(""));

const message = fc
  .record({
    value: text,
    actor: text,
    observed: text,
    binary: text,
    argv: fc.array(text, { maxLength: 3 }),
    reason: text,
    version: text,
  })
  .map(({ value, actor, observed, binary, argv, reason, version }) => {
    const { run, ...rest } = everyday();
    const one = deviation({ value, actor });
    one.evidence = { ...one.evidence, observed, processes: [{ process: 1, pid: 1, binary, argv, cwd: value }] };
    return { ...rest, run: { ...run, reason, version }, deviations: [one], deviationCount: 1, driftCount: 0 };
  });

test.each([...TEMPLATES])("a message as %s is one line of JSON, to a collector, too", (template) => {
  fc.assert(
    fc.property(message, fc.boolean(), (any, isSyslog) => {
      const body = render(template, any, isSyslog);
      expect(body).not.toMatch(isSyslog ? /[\p{Cc}\p{Zl}\p{Zp}]/u : /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      const json = isSyslog ? body.slice(body.indexOf("\ufeff") + 1) : body;
      expect(JSON.parse(json)).toBeObject();
    }),
    { numRuns: 300 },
  );
});

test("in Slack's code nothing ends before fangs ends it, and nothing is a command or a link", () => {
  fc.assert(
    fc.property(message, (any) => {
      const { blocks } = JSON.parse(render("slack", any)) as { blocks: { text?: { type: string; text: string } }[] };
      for (const { text: block } of blocks) {
        if (block?.type !== "mrkdwn") continue;
        expect(block.text).not.toMatch(/[<>]/);
        for (const line of block.text.split("\n")) expect(line.split("`").length % 2).toBe(1);
      }
    }),
    { numRuns: 300 },
  );
});

test("Discord's parts are no longer than it takes, and its code does not end early", () => {
  fc.assert(
    fc.property(message, (any) => {
      const { embeds } = JSON.parse(render("discord", any)) as {
        embeds: { title: string; description?: string; fields: { name: string; value: string }[] }[];
      };
      const [embed] = embeds;
      expect(embed!.title.length).toBeLessThanOrEqual(256);
      for (const { name, value } of embed!.fields) {
        expect(name.length).toBeLessThanOrEqual(256);
        expect(value.length).toBeLessThanOrEqual(1024);
        for (const line of value.split("\n")) expect(line.split("`").length % 2).toBe(1);
      }
    }),
    { numRuns: 300 },
  );
});

test("no Retry-After makes fangs wait for longer than an hour", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.integer().map(String),
        fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
      ),
      (header) => {
        const wait = parseRetryAfter(header, 1_795_500_000_000);
        expect(wait === null || (wait > 0 && wait <= LONGEST_WAIT_MS)).toBe(true);
      },
    ),
  );
});

test("no text is an address that may be connected to unless it is one", () => {
  fc.assert(
    fc.property(fc.string(), (any) => {
      expect(typeof refusal(any, [any])).toBe("string");
    }),
    { examples: [["localhost"], ["0x7f.1"], ["1"], ["::ffff:"], ["127.0.0.1 "]] },
  );
  fc.assert(fc.property(fc.ipV4(), (address) => refusal(`::ffff:${address}`, []) === refusal(address, [])));
});
