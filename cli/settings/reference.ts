/** The table of docs/configuration.md, made from the settings: `bun cli/settings/reference.ts`. */
import { SECTIONS, type Setting, type SettingName, SETTINGS, USED_BY, variableOf } from "./table.ts";

export function settingsReference(): string {
  const names = Object.keys(SETTINGS) as SettingName[];
  const lines = names.map((name) => {
    const { doc, otherwise, kind, notInFile, reload }: Setting = SETTINGS[name];
    const key = notInFile === undefined ? `\`${name}\`` : "-";
    const commands = Object.entries(USED_BY).filter(([, used]) => used.some((one) => one === name));
    const cells = [
      `\`--${name}${kind.hint === "" ? "" : ` <${kind.hint.replaceAll("|", "\\|")}>`}\``,
      `\`${variableOf(name)}\``,
      key,
      commands.map(([command]) => command).join(", "),
      otherwise,
      reload === true ? "yes" : "no",
      doc,
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const sections = Object.entries(SECTIONS).map(
    ([name, { doc, of, reload }]) => `| - | - | \`${name}\` | ${of} | none | ${reload ? "yes" : "no"} | ${doc} |`,
  );
  return [
    "| flag | variable | key of the file | of | default | reloaded | what it is |",
    "| --- | --- | --- | --- | --- | --- | --- |",
    ...lines,
    ...sections,
    "",
  ].join("\n");
}

if (import.meta.main) process.stdout.write(settingsReference());
