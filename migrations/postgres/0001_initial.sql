-- Times are ms UTC, ids UUIDv7 text, booleans 0/1. Texts are compared by their bytes, as SQLite does.
-- A behaviour can be longer than a row of an index may be: indexes have its md5 or its beginning, which select the
-- candidates; values themselves are compared besides.

create table package (
  name text collate "C" primary key,
  created_at bigint not null
);

create table scan (
  id text collate "C" primary key,
  package text collate "C" not null,
  version text collate "C" not null,
  -- The runner that must do it; null: any.
  runner text collate "C",
  created_at bigint not null
);

create table run (
  id text collate "C" primary key,
  scan_id text collate "C" not null references scan (id),
  package text collate "C" not null,
  version text collate "C" not null,
  state text collate "C" not null,
  verdict text collate "C",
  reason text collate "C",
  attempt bigint not null,
  runner text collate "C",
  -- The last lease; it stays when the run ended, so that a repeated result is recognised.
  lease text collate "C",
  events bigint not null,
  deviations bigint not null,
  max_severity text collate "C",
  -- Version of the rules that made the verdict.
  rules bigint,
  -- JSON of RunResult.
  result text collate "C",
  created_at bigint not null,
  started_at bigint,
  ended_at bigint
);
create index run_scan on run (scan_id);
create index run_package on run (package, id);
create index run_state on run (state, id);
create index run_verdict on run (verdict, id);
create index run_tail on run (substr(id, 29));

-- A run that waits for a runner or is held by one.
create table job (
  run_id text collate "C" primary key references run (id) on delete cascade,
  priority bigint not null,
  runner text collate "C",
  network text collate "C" not null,
  -- Registry answers as of this moment; null: as of now.
  before bigint,
  not_before bigint not null,
  -- Null: free. Else held until then.
  expires_at bigint
);
create index job_free on job (priority desc, run_id) where expires_at is null;
create index job_held on job (expires_at) where expires_at is not null;

create table trace_segment (
  run_id text collate "C" not null references run (id) on delete cascade,
  seq bigint not null,
  sha256 text collate "C" not null,
  events bigint not null,
  -- zstd, as uploaded.
  data bytea not null,
  primary key (run_id, seq)
);

create table fingerprint (
  run_id text collate "C" not null references run (id) on delete cascade,
  actor text collate "C" not null,
  category text collate "C" not null,
  value text collate "C" not null,
  count bigint not null,
  first_event bigint not null
);
create unique index fingerprint_key on fingerprint (run_id, actor, category, md5(value));
create index fingerprint_value on fingerprint (category, md5(value));

create table deviation (
  id text collate "C" primary key,
  run_id text collate "C" not null references run (id) on delete cascade,
  package text collate "C" not null,
  version text collate "C" not null,
  actor text collate "C" not null,
  category text collate "C" not null,
  value text collate "C" not null,
  severity text collate "C" not null,
  state text collate "C" not null,
  -- JSON of Evidence, copied here because it outlives the trace.
  evidence text collate "C" not null,
  created_at bigint not null
);
create index deviation_run on deviation (run_id, state);
create index deviation_package on deviation (package, id);
create index deviation_state on deviation (state, id);
create index deviation_tail on deviation (substr(id, 29));

create table baseline_version (
  package text collate "C" not null,
  version text collate "C" not null,
  run_id text collate "C" not null references run (id),
  added_at bigint not null,
  primary key (package, version)
);

create table baseline_entry (
  package text collate "C" not null,
  actor text collate "C" not null,
  category text collate "C" not null,
  value text collate "C" not null,
  first_version text collate "C" not null,
  last_version text collate "C" not null,
  first_run text collate "C" not null,
  last_run text collate "C" not null
);
create unique index baseline_entry_key on baseline_entry (package, actor, category, md5(value));

create table token (
  id text collate "C" primary key,
  name text collate "C" not null,
  scope text collate "C" not null,
  hash text collate "C" not null unique,
  created_at bigint not null,
  last_used bigint,
  expires_at bigint,
  revoked_at bigint
);

create table runner (
  name text collate "C" primary key,
  -- JSON of RunnerRegistration.
  registration text collate "C" not null,
  registered_at bigint not null,
  last_seen bigint not null
);

create table audit (
  id text collate "C" primary key,
  at bigint not null,
  actor text collate "C" not null,
  action text collate "C" not null,
  subject text collate "C" not null,
  reason text collate "C",
  -- JSON of what was and what is; null where there is nothing to show.
  before text collate "C",
  after text collate "C"
);
create index audit_subject on audit (subject, id);
