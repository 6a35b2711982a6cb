/** The tables as Kysely sees them; migrations/ defines them. JSON columns hold text. */
import type { Severity } from "../../protocol/facts.ts";
import type { Deviation, Lease, RunKind, RunState, TokenScope, Verdict } from "../../protocol/models.ts";

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
  release: string | null;
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
  not_before: number;
  expires_at: number | null;
}

export interface SegmentRow {
  run_id: string;
  seq: number;
  sha256: string;
  events: number;
  data: Uint8Array;
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

interface BaselineEntryRow {
  package: string;
  actor: string;
  category: string;
  value: string;
  first_version: string;
  last_version: string;
  first_run: string;
  last_run: string;
}

export interface TokenRow {
  id: string;
  name: string;
  scope: TokenScope;
  hash: string;
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
}

export interface Schema {
  package: { name: string; created_at: number };
  scan: {
    id: string;
    package: string;
    version: string;
    runner: string | null;
    before: number | null;
    created_at: number;
  };
  run: RunRow;
  job: JobRow;
  trace_segment: SegmentRow;
  fingerprint: { run_id: string; actor: string; category: string; value: string; count: number; first_event: number };
  deviation: DeviationRow;
  baseline_version: { package: string; version: string; run_id: string; added_at: number };
  baseline_entry: BaselineEntryRow;
  token: TokenRow;
  runner: { name: string; registration: string; registered_at: number; last_seen: number };
  audit: AuditRow;
}
