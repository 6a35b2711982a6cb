/** The tables as Kysely sees them; migrations/ defines them. JSON columns hold text. */
import type { Generated } from "kysely";
import type { Severity } from "../../protocol/facts.ts";
import type {
  AllowKind,
  Deviation,
  Lease,
  Run,
  RunKind,
  RunState,
  TokenScope,
  Verdict,
} from "../../protocol/models.ts";
import type { NotifySchema } from "./notify-schema.ts";

export interface RunRow {
  id: string;
  scan_id: string;
  package: string;
  version: string;
  kind: RunKind;
  control_of: string | null;
  control_due: number | null;
  state: RunState;
  verdict: Verdict | null;
  reason: string | null;
  attempt: number;
  runner: string | null;
  lease: string | null;
  events: number;
  deviations: number;
  max_severity: Severity | null;
  rules: number | null;
  result: string | null;
  decision: Run["decision"];
  release: string | null;
  judged_at: number | null;
  /** Bytes of its segments, once it has ended; 0: there are none. */
  trace_bytes: number;
  trace_pruned_at: number | null;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
}

export interface JobRow {
  run_id: string;
  priority: number;
  runner: string | null;
  network: Lease["network"];
  before: number | null;
  node_major: number | null;
  image: string | null;
  not_before: number;
  expires_at: number | null;
}

export interface SegmentRow {
  run_id: string;
  seq: number;
  sha256: string;
  events: number;
  /** Bytes, compressed. */
  size: number;
  /** Null: they lie in the bucket. */
  data: Uint8Array | null;
}

export interface DeviationRow {
  id: string;
  run_id: string;
  package: string;
  version: string;
  actor: string;
  category: string;
  value: string;
  severity: Severity;
  state: Deviation["state"];
  chain: string | null;
  step: number | null;
  drift: number;
  evidence: string;
  created_at: number;
}

export interface BaselineVersionRow {
  package: string;
  node_major: number;
  version: string;
  run_id: string | null;
  added_at: number;
}

export interface BaselineEntryRow {
  package: string;
  node_major: number;
  actor: string;
  category: string;
  value: string;
  first_version: string;
  first_run: string | null;
}

export interface AllowRow {
  id: string;
  kind: AllowKind;
  value: string;
  package: string | null;
  actor: string | null;
  note: string;
  shipped: string | null;
  created_by: string;
  created_at: number;
  expires_at: number | null;
}

export interface TokenRow {
  id: string;
  name: string;
  scope: TokenScope;
  hash: string;
  runner: string | null;
  created_at: number;
  last_used: number | null;
  expires_at: number | null;
  revoked_at: number | null;
}

export interface AuditRow {
  id: string;
  at: number;
  actor: string;
  action: string;
  subject: string;
  reason: string | null;
  before: string | null;
  after: string | null;
  undoes: string | null;
}

/** What the watcher knows of a package. */
export interface WatchRow {
  package: string;
  enabled: number;
  interval_ms: number | null;
  seen: string | null;
  tags: string;
  etag: string | null;
  digest: string | null;
  due_at: number | null;
  rechecks: number;
  polled_at: number | null;
  changed_at: number | null;
  failures: number;
  error: string | null;
  error_at: number | null;
  revision: number;
  by_feed: number;
}

export interface FeedRow {
  url: string;
  since: number;
  begun_at: number;
  caught_up_at: number | null;
  read_at: number | null;
  resets: number;
  skipped: number;
  error: string | null;
  error_at: number | null;
}

/** A release that the watcher handled. */
export interface ReleaseRow {
  package: string;
  version: string;
  fingerprint: string;
  cause: "published" | "republished" | "tagged";
  tags: string;
  manifest: string;
  signatures: number;
  provenance: number;
  seen_at: number;
  run_id: string | null;
  tarball_bytes: number | null;
  tarball_error: string | null;
  fetch_at: number | null;
  fetches: number;
}

export interface Schema extends NotifySchema {
  package: { name: string; created_at: number; severities: string; seeding: number };
  seed: { package: string; version: string; run_id: string };
  scan: {
    id: string;
    package: string;
    version: string;
    runner: string | null;
    before: number | null;
    node_major: number | null;
    image: string | null;
    created_at: number;
  };
  run: Omit<RunRow, "trace_bytes"> & { trace_bytes: Generated<number> };
  job: JobRow;
  trace_segment: SegmentRow;
  run_number: {
    number: Generated<number>;
    run_id: string;
    at: number;
    version: string;
    package: string;
    node_major: number | null;
  };
  known_name: { id: Generated<number>; name: string };
  known_value: { id: Generated<number>; category: string; value: string; reversed: string };
  sighting: { run: number; value: number; actor: number; count: number; first_event: number };
  /** A view of the four above, to read from. */
  fingerprint: { run_id: string; actor: string; category: string; value: string; count: number; first_event: number };
  behaviour: {
    package: number;
    value: number;
    actor: number;
    runs: number;
    first_run: number;
    last_run: number;
  };
  deviation: DeviationRow;
  baseline_version: BaselineVersionRow;
  baseline_entry: BaselineEntryRow;
  allow_entry: AllowRow;
  allowed: { run_id: string; actor: string; category: string; value: string; count: number; rule: string };
  token: TokenRow;
  sign_in: { hash: string; token_id: string; expires_at: number };
  session: { hash: string; token_id: string; created_at: number; expires_at: number };
  runner: {
    name: string;
    registration: string;
    registered_at: number;
    last_seen: number;
    state: "active" | "paused" | "draining" | "stopped";
    load: string | null;
    waiting_until: number;
    token: string | null;
  };
  audit: AuditRow;
  trace_leftover: { run_id: string };
  sweep: { name: string; ended_at: number | null; removed: number; bytes: number; after: string | null };
  leader: { name: string; holder: string; epoch: number; expires_at: number };
  watch: WatchRow;
  release: ReleaseRow;
  feed: FeedRow;
}
