-- Times are ms UTC, ids UUIDv7 text, booleans 0/1.

create table package (
  name text primary key,
  created_at integer not null
);

create table scan (
  id text primary key,
  package text not null,
  version text not null,
  -- The runner that must do it; null: any.
  runner text,
  created_at integer not null
);

create table run (
  id text primary key,
  scan_id text not null references scan (id),
  package text not null,
  version text not null,
  state text not null,
  verdict text,
  reason text,
  attempt integer not null,
  runner text,
  -- The last lease; it stays when the run ended, so that a repeated result is recognised.
  lease text,
  events integer not null,
  deviations integer not null,
  max_severity text,
  -- Version of the rules that made the verdict.
  rules integer,
  -- JSON of RunResult.
  result text,
  created_at integer not null,
  started_at integer,
  ended_at integer
);
create index run_scan on run (scan_id);
create index run_package on run (package, id);
create index run_state on run (state, id);
create index run_verdict on run (verdict, id);
create index run_tail on run (substr(id, 29));

-- A run that waits for a runner or is held by one.
create table job (
  run_id text primary key references run (id) on delete cascade,
  priority integer not null,
  runner text,
  network text not null,
  -- Registry answers as of this moment; null: as of now.
  before integer,
  not_before integer not null,
  -- Null: free. Else held until then.
  expires_at integer
);
create index job_free on job (priority desc, run_id) where expires_at is null;
create index job_held on job (expires_at) where expires_at is not null;

create table trace_segment (
  run_id text not null references run (id) on delete cascade,
  seq integer not null,
  sha256 text not null,
  events integer not null,
  -- zstd, as uploaded.
  data blob not null,
  primary key (run_id, seq)
);

create table fingerprint (
  run_id text not null references run (id) on delete cascade,
  actor text not null,
  category text not null,
  value text not null,
  count integer not null,
  first_event integer not null,
  primary key (run_id, actor, category, value)
) without rowid;
create index fingerprint_value on fingerprint (category, value);

create table deviation (
  id text primary key,
  run_id text not null references run (id) on delete cascade,
  package text not null,
  version text not null,
  actor text not null,
  category text not null,
  value text not null,
  severity text not null,
  state text not null,
  -- JSON of Evidence, copied here because it outlives the trace.
  evidence text not null,
  created_at integer not null
);
create index deviation_run on deviation (run_id, state);
create index deviation_package on deviation (package, id);
create index deviation_state on deviation (state, id);
create index deviation_tail on deviation (substr(id, 29));

create table baseline_version (
  package text not null,
  version text not null,
  run_id text not null references run (id),
  added_at integer not null,
  primary key (package, version)
) without rowid;

create table baseline_entry (
  package text not null,
  actor text not null,
  category text not null,
  value text not null,
  first_version text not null,
  last_version text not null,
  first_run text not null,
  last_run text not null,
  primary key (package, actor, category, value)
) without rowid;

create table token (
  id text primary key,
  name text not null,
  scope text not null,
  hash text not null unique,
  created_at integer not null,
  last_used integer,
  expires_at integer,
  revoked_at integer
);

create table runner (
  name text primary key,
  -- JSON of RunnerRegistration.
  registration text not null,
  registered_at integer not null,
  last_seen integer not null
);

create table audit (
  id text primary key,
  at integer not null,
  actor text not null,
  action text not null,
  subject text not null,
  reason text,
  -- JSON of what was and what is; null where there is nothing to show.
  before text,
  after text
);
create index audit_subject on audit (subject, id);
