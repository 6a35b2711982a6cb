-- Notifiers and the durable queue of their messages.

create table notifier (
  id text collate "C" primary key,
  name text collate "C" not null unique,
  url text collate "C" not null,
  template text collate "C" not null,
  secret_env text collate "C",
  min_severity text collate "C" not null,
  -- JSON: list of what is told.
  tells text collate "C" not null,
  -- JSON: value by name.
  headers text collate "C" not null,
  allow_http bigint not null,
  -- JSON: list of addresses and ranges.
  allow_addresses text collate "C" not null,
  enabled bigint not null,
  -- Nothing is sent before; the receiver asked for it.
  resume_at bigint not null,
  created_by text collate "C" not null,
  created_at bigint not null
);

create table notification (
  id text collate "C" primary key,
  -- Null: the notifier was removed.
  notifier_id text collate "C" references notifier (id) on delete set null,
  -- Its name then.
  notifier text collate "C" not null,
  -- Null: a test.
  run_id text collate "C" references run (id) on delete cascade,
  tells text collate "C",
  state text collate "C" not null,
  -- Attempts that were begun.
  attempt bigint not null,
  not_before bigint not null,
  -- Until when whoever sends it has it for itself.
  lease_until bigint,
  -- What is sent, made once, at the first attempt; null: not yet, or not any more.
  body text collate "C",
  created_at bigint not null,
  ended_at bigint
);
create unique index notification_once on notification (run_id, notifier_id);
create index notification_due on notification (notifier_id, not_before) where state = 'queued';
create index notification_notifier on notification (notifier, id);

create table notification_attempt (
  notification_id text collate "C" not null references notification (id) on delete cascade,
  attempt bigint not null,
  started_at bigint not null,
  ended_at bigint,
  status bigint,
  response text collate "C",
  error text collate "C",
  primary key (notification_id, attempt)
);
