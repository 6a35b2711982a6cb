-- The watcher: what it knows of each package, and every release it handled.

create table watch (
  package text primary key references package (name) on delete cascade,
  enabled integer not null,
  -- Null: the server's interval.
  interval_ms integer,
  -- JSON: fingerprint of the tarball by version, for every version that was handled. Null: nothing was read yet.
  seen text,
  -- JSON: version by dist-tag, as last read.
  tags text not null default '{}',
  -- What the registry named the last document by, and a digest of it for registries that name none.
  etag text,
  digest text,
  -- When to look again; null: when the changes feed says so.
  due_at integer,
  -- How often to look again soon, after the feed told of a change that was not to be seen yet.
  rechecks integer not null default 0,
  -- When the registry last answered, and when the document last had something new.
  polled_at integer,
  changed_at integer,
  -- Since the last answer.
  failures integer not null default 0,
  error text,
  error_at integer,
  -- Counts the changes of this row: who writes it counts first, and so waits for the one who counted before.
  revision integer not null default 0
) without rowid;
create index watch_due on watch (due_at) where enabled = 1 and due_at is not null;

-- What was watched before there was a watcher: those that somebody added.
insert into watch (package, enabled, due_at)
select name, 1, 0 from package where name in (select subject from audit where action = 'package.add');

create table release (
  package text not null,
  version text not null,
  -- Fingerprint of the tarball: the same version with another one is another release.
  fingerprint text not null,
  -- published: a new version; republished: a known version with another tarball; tagged: a dist-tag went to an old version.
  cause text not null,
  -- JSON: the dist-tags that named it when it was seen.
  tags text not null,
  -- JSON: the registry's description, to install it from when it is gone there.
  manifest text not null,
  signatures integer not null,
  provenance integer not null,
  seen_at integer not null,
  -- The run that was queued for it, or was there already.
  run_id text references run (id) on delete set null,
  -- Size of the kept tarball; null: it is not kept.
  tarball_bytes integer,
  tarball_error text,
  -- When to fetch the tarball; null: no more.
  fetch_at integer,
  fetches integer not null default 0,
  primary key (package, version, fingerprint)
) without rowid;
create index release_fetch on release (fetch_at) where fetch_at is not null;
create index release_seen on release (seen_at);
