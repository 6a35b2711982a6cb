-- Notifiers and the durable queue of their messages.

create table notifier (
  id text primary key,
  name text not null unique,
  url text not null,
  template text not null,
  secret_env text,
  min_severity text not null,
  -- JSON: list of what is told.
  tells text not null,
  -- JSON: value by name.
  headers text not null,
  allow_http integer not null,
  -- JSON: list of addresses and ranges.
  allow_addresses text not null,
  enabled integer not null,
  -- Nothing is sent before; the receiver asked for it.
  resume_at integer not null,
  created_by text not null,
  created_at integer not null
);

create table notification (
  id text primary key,
  -- Null: the notifier was removed.
  notifier_id text references notifier (id) on delete set null,
  -- Its name then.
  notifier text not null,
  -- Null: a test.
  run_id text references run (id) on delete cascade,
  tells text,
  state text not null,
  -- Attempts that were begun.
  attempt integer not null,
  not_before integer not null,
  -- Until when whoever sends it has it for itself.
  lease_until integer,
  -- What is sent, made once, at the first attempt; null: not yet, or not any more.
  body text,
  created_at integer not null,
  ended_at integer
);
create unique index notification_once on notification (run_id, notifier_id);
create index notification_due on notification (notifier_id, not_before) where state = 'queued';
create index notification_notifier on notification (notifier, id);

create table notification_attempt (
  notification_id text not null references notification (id) on delete cascade,
  attempt integer not null,
  started_at integer not null,
  ended_at integer,
  status integer,
  response text,
  error text,
  primary key (notification_id, attempt)
);
