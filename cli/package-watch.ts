import type { PackageWatch, SeenRelease } from "../protocol/watching.ts";
import { table, time } from "./output.ts";

/** What the watcher knows of a package, as terms and meanings. */
export function watchRows(watch: PackageWatch | null): [string, string][] {
  if (watch === null) return [["watched", "no"]];
  const every = watch.by_feed
    ? "when the changes feed tells of it"
    : watch.interval_ms === null
      ? "at the server's interval"
      : `every ${watch.interval_ms / 1000} s`;
  const tags = Object.entries(watch.tags).map(([tag, version]) => `${tag}=${version}`);
  const rows: [string, string][] = [
    ["watched", watch.enabled ? every : "no, it was turned off"],
    ["looked at", watch.polled_at === null ? "not yet" : time(watch.polled_at)],
    ["next", watch.enabled ? time(watch.due_at) : "-"],
    ["last new", time(watch.changed_at)],
    ["versions", watch.versions.toLocaleString("en")],
    ["tags", tags.length === 0 ? "-" : tags.slice(0, 20).join(", ")],
  ];
  if (watch.error !== null) {
    const times = watch.failures > 1 ? `, ${watch.failures} times in a row` : "";
    rows.push(["trouble", `${watch.error} (${time(watch.error_at)}${times})`]);
  }
  return rows;
}

/** The releases that the watcher saw, as a table below the rest. */
export function seenLines(releases: readonly SeenRelease[]): string[] {
  if (releases.length === 0) return [];
  const rows = releases.map((release) => [
    release.version,
    release.tags.join(", ") || "-",
    release.cause,
    time(release.seen_at),
    release.run_id ?? "-",
    release.provenance ? "provenance" : release.signatures > 0 ? "signed" : "-",
    release.tarball_bytes === null
      ? (release.tarball_error ?? "-")
      : `kept, ${release.tarball_bytes.toLocaleString("en")} bytes`,
  ]);
  const titles = ["SEEN", "TAGS", "CAUSE", "WHEN", "RUN", "SIGNED", "TARBALL"];
  return [
    "",
    ...table(
      titles.map((title) => ({ title })),
      rows,
    ),
  ];
}
