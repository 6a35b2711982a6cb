/** The forms of the standards against what the standards publish. */
import { EcsFlat } from "@elastic/ecs/generated/ecs_flat";
import { describe, expect, test } from "bun:test";
import { CATEGORIES } from "../../../protocol/facts.ts";
import type { Message } from "../../../server/notify/message.ts";
import { messageOf, testMessage } from "../../../server/notify/message.ts";
import { render } from "../../../server/notify/render.ts";
import { deviation, everyday, hostile } from "./messages.ts";

/** Every category, every kind of message, and what strangers wrote. */
const MESSAGES: Record<string, Message> = {
  everyday: everyday(),
  hostile: hostile(),
  test: testMessage("019ab5f2-0000-7000-8000-0000000000b1", 1_795_500_000_000),
  inconclusive: messageOf(
    { ...everyday(), on: "inconclusive", run: { ...everyday().run, verdict: "inconclusive" }, publicUrl: undefined },
    [],
  ),
  failed: messageOf(
    {
      ...everyday(),
      on: "failed",
      run: { ...everyday().run, verdict: null, started_at: null, ended_at: null },
      publicUrl: undefined,
    },
    [],
  ),
  ...Object.fromEntries(
    Object.keys(CATEGORIES).map((category) => [
      category,
      messageOf({ ...everyday(), publicUrl: undefined }, [deviation({ category, value: "203.0.113.7:443" })]),
    ]),
  ),
};

interface Published {
  type: string;
  normalize: readonly string[];
  allowed_values?: readonly { name: string; expected_event_types?: readonly string[] }[];
}
const FIELDS: Readonly<Record<string, Published>> = EcsFlat;

describe.each(Object.entries(MESSAGES))("ECS of %s", (_, message) => {
  const document: Record<string, unknown> = JSON.parse(render("ecs", message));

  test("has only fields that ECS has, of their types, besides its own below `fangs`", () => {
    const { fangs, ...rest } = document;
    expect(fangs).toBeObject();
    for (const [name, value] of leaves(rest)) {
      const field = FIELDS[name];
      if (field === undefined) throw new Error(`ECS has no field ${name}`);
      const isList = field.normalize.includes("array");
      expect([name, Array.isArray(value)]).toEqual([name, isList]);
      for (const one of Array.isArray(value) ? value : [value])
        expect([name, fits(field.type, one)]).toEqual([name, true]);
    }
  });

  test("says of the event what ECS allows, and what goes together", () => {
    const { kind, category, type } = document["event"] as { kind: string; category: string[]; type: string[] };
    expect(allowed("event.kind")).toContain(kind);
    for (const one of category) {
      const published = FIELDS["event.category"]!.allowed_values!.find(({ name }) => name === one);
      expect(published?.expected_event_types).toContain(type[0]!);
    }
    for (const one of type) expect(allowed("event.type")).toContain(one);
  });
});

/**
 * OCSF 1.5, the rules that its schema has for what we send: attributes, which of them are required, of which one is, and their types.
 * `one`: at least one of these.
 */
interface Rules {
  attributes: Record<string, "string" | "integer" | "boolean" | "any" | "strings" | "ip" | "port" | [string] | string>;
  required?: string[];
  one?: string[];
}
const OCSF: Record<string, Rules> = {
  detection_finding: {
    attributes: {
      activity_id: "integer",
      activity_name: "string",
      category_uid: "integer",
      category_name: "string",
      class_uid: "integer",
      class_name: "string",
      type_uid: "integer",
      type_name: "string",
      severity_id: "integer",
      severity: "string",
      status_id: "integer",
      status: "string",
      is_alert: "boolean",
      time: "integer",
      start_time: "integer",
      end_time: "integer",
      message: "string",
      metadata: "@metadata",
      finding_info: "@finding_info",
      resources: ["@resource_details"],
      evidences: ["@evidences"],
      unmapped: "any",
    },
    required: [
      "activity_id",
      "category_uid",
      "class_uid",
      "finding_info",
      "metadata",
      "severity_id",
      "time",
      "type_uid",
    ],
  },
  metadata: {
    attributes: { version: "string", uid: "string", product: "@product", event_code: "string", labels: "strings" },
    required: ["product", "version"],
  },
  product: { attributes: { name: "string", vendor_name: "string", version: "string" }, one: ["name", "uid"] },
  finding_info: {
    attributes: {
      uid: "string",
      title: "string",
      desc: "string",
      src_url: "string",
      created_time: "integer",
      types: "strings",
      analytic: "@analytic",
    },
    required: ["uid"],
  },
  analytic: {
    attributes: { type_id: "integer", type: "string", name: "string", uid: "string" },
    required: ["type_id"],
    one: ["name", "uid"],
  },
  resource_details: {
    attributes: { type: "string", name: "string", version: "string", uid: "string" },
    one: ["name", "uid"],
  },
  evidences: {
    attributes: {
      uid: "string",
      name: "string",
      file: "@file",
      query: "@dns_query",
      dst_endpoint: "@network_endpoint",
      process: "@process",
      data: "any",
    },
    one: ["data", "dst_endpoint", "file", "process", "query"],
  },
  file: {
    attributes: { path: "string", name: "string", type_id: "integer", type: "string" },
    required: ["name", "type_id"],
  },
  dns_query: { attributes: { hostname: "string" }, required: ["hostname"] },
  network_endpoint: { attributes: { hostname: "string", ip: "ip", port: "port" }, one: ["ip", "hostname"] },
  process: {
    attributes: { pid: "integer", name: "string", cmd_line: "string", file: "@file", parent_process: "@process" },
    one: ["pid", "uid"],
  },
};

describe.each(Object.entries(MESSAGES))("OCSF of %s", (_, message) => {
  const finding: Record<string, unknown> = JSON.parse(render("ocsf", message));

  test("is a Detection Finding by the rules of its schema", () => {
    checkObject("detection_finding", finding);
    expect(finding).toMatchObject({ category_uid: 2, class_uid: 2004, activity_id: 1, type_uid: 200_401 });
    expect(finding["severity_id"]).toBeOneOf([0, 1, 2, 3, 4, 5]);
  });
});

test("an address and a name stand where each standard has them", () => {
  const of = (category: string, value: string) =>
    messageOf({ ...everyday(), publicUrl: undefined }, [deviation({ category, value })]);
  const destination = (value: string) => JSON.parse(render("ecs", of("net_new_destination", value))).destination;
  expect(destination("203.0.113.7:443")).toEqual({ address: "203.0.113.7", ip: "203.0.113.7", port: 443 });
  expect(destination("[2001:db8::7]:443")).toEqual({ address: "2001:db8::7", ip: "2001:db8::7", port: 443 });
  expect(destination("evil.example:443")).toEqual({ address: "evil.example", domain: "evil.example", port: 443 });
  expect(JSON.parse(render("ecs", of("net_new_dns", "evil.example"))).dns.question.name).toBe("evil.example");
  const finding = JSON.parse(render("ocsf", of("net_new_dns", "evil.example")));
  expect(finding.evidences[0].query).toEqual({ hostname: "evil.example" });
  expect(finding.resources[0].uid).toBe("pkg:npm/left-pad@1.3.1");
});

// --- internal ---

function allowed(name: string): string[] {
  return FIELDS[name]!.allowed_values!.map((value) => value.name);
}

/** Every value with its dotted name; lists are values. */
function leaves(value: object, prefix = ""): [string, unknown][] {
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? leaves(inner, `${prefix}${key}.`)
      : [[`${prefix}${key}`, inner] satisfies [string, unknown]],
  );
}

function fits(type: string, value: unknown): boolean {
  switch (type) {
    case "keyword":
    case "constant_keyword":
    case "wildcard":
    case "match_only_text":
    case "text":
      return typeof value === "string";
    case "long":
      return Number.isInteger(value);
    case "date":
      return typeof value === "string" && new Date(value).toISOString() === value;
    case "ip":
      return typeof value === "string" && /^[0-9a-f.:]+$/.test(value);
    default:
      throw new Error(`no rule for ${type}`);
  }
}

function checkObject(name: string, value: unknown): void {
  const { attributes, required = [], one = [] } = OCSF[name]!;
  expect(value).toBeObject();
  const entries = Object.entries(value as object);
  const names = entries.map(([key]) => key);
  for (const key of required) expect([name, names]).toEqual([name, expect.arrayContaining([key])]);
  if (one.length > 0) expect(one.some((key) => names.includes(key))).toBe(true);
  for (const [key, inner] of entries) {
    const rule = attributes[key];
    if (rule === undefined) throw new Error(`${name} has no attribute ${key}`);
    if (Array.isArray(rule)) for (const element of inner) checkObject(rule[0].slice(1), element);
    else if (rule.startsWith("@")) checkObject(rule.slice(1), inner);
    else expect([name, key, isOf(rule, inner)]).toEqual([name, key, true]);
  }
}

function isOf(rule: string, value: unknown): boolean {
  switch (rule) {
    case "string":
      return typeof value === "string";
    case "integer":
      return Number.isInteger(value);
    case "boolean":
      return typeof value === "boolean";
    case "strings":
      return Array.isArray(value) && value.every((one) => typeof one === "string");
    case "ip":
      return typeof value === "string" && /^[0-9a-f.:]+$/.test(value);
    case "port":
      return Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 65_535;
    default:
      return value !== undefined;
  }
}
