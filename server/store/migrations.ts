/** The migrations that this binary carries, for both databases. */
import postgresInitial from "../../migrations/postgres/0001_initial.sql" with { type: "text" };
import postgresTriage from "../../migrations/postgres/0002_triage.sql" with { type: "text" };
import postgresControls from "../../migrations/postgres/0020_controls.sql" with { type: "text" };
import postgresLeaders from "../../migrations/postgres/0030_leaders.sql" with { type: "text" };
import postgresRunnerTokens from "../../migrations/postgres/0032_runner_tokens.sql" with { type: "text" };
import postgresWatcher from "../../migrations/postgres/0040_watcher.sql" with { type: "text" };
import postgresQueue from "../../migrations/postgres/0041_queue.sql" with { type: "text" };
import postgresFeed from "../../migrations/postgres/0042_feed.sql" with { type: "text" };
import postgresNotifications from "../../migrations/postgres/0050_notifications.sql" with { type: "text" };
import postgresNotificationEnds from "../../migrations/postgres/0051_notification_ends.sql" with { type: "text" };
import postgresAccess from "../../migrations/postgres/0060_access.sql" with { type: "text" };
import postgresByNumber from "../../migrations/postgres/0070_fingerprints_by_number.sql" with { type: "text" };
import postgresVersionOfRun from "../../migrations/postgres/0071_version_of_run_number.sql" with { type: "text" };
import postgresTracesElsewhere from "../../migrations/postgres/0072_traces_elsewhere.sql" with { type: "text" };
import postgresRetention from "../../migrations/postgres/0073_retention.sql" with { type: "text" };
import postgresLookAhead from "../../migrations/postgres/0090_look_ahead.sql" with { type: "text" };
import postgresBehaviours from "../../migrations/postgres/0091_behaviours.sql" with { type: "text" };
import postgresLastSeen from "../../migrations/postgres/0095_last_seen.sql" with { type: "text" };
import sqliteInitial from "../../migrations/sqlite/0001_initial.sql" with { type: "text" };
import sqliteTriage from "../../migrations/sqlite/0002_triage.sql" with { type: "text" };
import sqliteControls from "../../migrations/sqlite/0020_controls.sql" with { type: "text" };
import sqliteLeaders from "../../migrations/sqlite/0030_leaders.sql" with { type: "text" };
import sqliteRunnerTokens from "../../migrations/sqlite/0032_runner_tokens.sql" with { type: "text" };
import sqliteWatcher from "../../migrations/sqlite/0040_watcher.sql" with { type: "text" };
import sqliteQueue from "../../migrations/sqlite/0041_queue.sql" with { type: "text" };
import sqliteFeed from "../../migrations/sqlite/0042_feed.sql" with { type: "text" };
import sqliteNotifications from "../../migrations/sqlite/0050_notifications.sql" with { type: "text" };
import sqliteNotificationEnds from "../../migrations/sqlite/0051_notification_ends.sql" with { type: "text" };
import sqliteAccess from "../../migrations/sqlite/0060_access.sql" with { type: "text" };
import sqliteByNumber from "../../migrations/sqlite/0070_fingerprints_by_number.sql" with { type: "text" };
import sqliteVersionOfRun from "../../migrations/sqlite/0071_version_of_run_number.sql" with { type: "text" };
import sqliteTracesElsewhere from "../../migrations/sqlite/0072_traces_elsewhere.sql" with { type: "text" };
import sqliteRetention from "../../migrations/sqlite/0073_retention.sql" with { type: "text" };
import sqliteLookAhead from "../../migrations/sqlite/0090_look_ahead.sql" with { type: "text" };
import sqliteBehaviours from "../../migrations/sqlite/0091_behaviours.sql" with { type: "text" };
import sqliteLastSeen from "../../migrations/sqlite/0095_last_seen.sql" with { type: "text" };

export interface Migration {
  version: number;
  name: string;
  sql: string;
  /** Older binaries must not use the schema behind it. A file says so in a line `-- breaking`. */
  breaking: boolean;
}

/** A migration from its file name and text. */
export function migration(file: string, sql: string): Migration {
  const match = /^(\d+)_(.+)\.sql$/.exec(file);
  if (match === null) throw new Error(`${file} is not named <number>_<name>.sql`);
  return { version: Number(match[1]), name: match[2]!, sql, breaking: /^-- breaking$/m.test(sql) };
}

/** In order. Numbers may be left out. Each file has a twin of the same name for the other database. */
const FILES: readonly (readonly [file: string, texts: { sqlite: string; postgres: string }])[] = [
  ["0001_initial.sql", { sqlite: sqliteInitial, postgres: postgresInitial }],
  ["0002_triage.sql", { sqlite: sqliteTriage, postgres: postgresTriage }],
  ["0020_controls.sql", { sqlite: sqliteControls, postgres: postgresControls }],
  ["0030_leaders.sql", { sqlite: sqliteLeaders, postgres: postgresLeaders }],
  ["0032_runner_tokens.sql", { sqlite: sqliteRunnerTokens, postgres: postgresRunnerTokens }],
  ["0040_watcher.sql", { sqlite: sqliteWatcher, postgres: postgresWatcher }],
  ["0041_queue.sql", { sqlite: sqliteQueue, postgres: postgresQueue }],
  ["0042_feed.sql", { sqlite: sqliteFeed, postgres: postgresFeed }],
  ["0050_notifications.sql", { sqlite: sqliteNotifications, postgres: postgresNotifications }],
  ["0051_notification_ends.sql", { sqlite: sqliteNotificationEnds, postgres: postgresNotificationEnds }],
  ["0060_access.sql", { sqlite: sqliteAccess, postgres: postgresAccess }],
  ["0070_fingerprints_by_number.sql", { sqlite: sqliteByNumber, postgres: postgresByNumber }],
  ["0071_version_of_run_number.sql", { sqlite: sqliteVersionOfRun, postgres: postgresVersionOfRun }],
  ["0072_traces_elsewhere.sql", { sqlite: sqliteTracesElsewhere, postgres: postgresTracesElsewhere }],
  ["0073_retention.sql", { sqlite: sqliteRetention, postgres: postgresRetention }],
  ["0090_look_ahead.sql", { sqlite: sqliteLookAhead, postgres: postgresLookAhead }],
  ["0091_behaviours.sql", { sqlite: sqliteBehaviours, postgres: postgresBehaviours }],
  ["0095_last_seen.sql", { sqlite: sqliteLastSeen, postgres: postgresLastSeen }],
];

export const SQLITE_MIGRATIONS: readonly Migration[] = FILES.map(([file, { sqlite }]) => migration(file, sqlite));
export const POSTGRES_MIGRATIONS: readonly Migration[] = FILES.map(([file, { postgres }]) => migration(file, postgres));
