-- The watcher: what it knows of each package, and every release it handled.

create table watch (
  package text collate "C" primary key references package (name) on delete cascade,
  enabled bigint not null,
  -- Null: the server's interval.
  interval_ms bigint,
  -- JSON: fingerprint of the tarball by version, for every version that was handled. Null: nothing was read yet.
  seen text collate "C",
  -- JSON: version by dist-tag, as last read.
  tags text collate "C" not null default '{}',
  -- What the registry named the last document by, and a digest of it for registries that name none.
  etag text collate "C",
  digest text collate "C",
  -- When to look again; null: when the changes feed says so.
  due_at bigint,
  -- How often to look again soon, after the feed told of a change that was not to be seen yet.
  rechecks bigint not null default 0,
  -- When the registry last answered, and when the document last had something new.
  polled_at bigint,
  changed_at bigint,
  -- Since the last answer.
  failures bigint not null default 0,
  error text collate "C",
  error_at bigint,
  -- Counts the changes of this row: who writes it counts first, and so waits for the one who counted before.
  revision bigint not null default 0
);
create index watch_due on watch (due_at) where enabled = 1 and due_at is not null;

-- What was watched before there was a watcher: those that somebody added.
insert into watch (package, enabled, due_at)
select name, 1, 0 from package where name in (select subject from audit where action = 'package.add');

create table release (
  package text collate "C" not null,
  version text collate "C" not null,
  -- Fingerprint of the tarball: the same version with another one is another release.
  fingerprint text collate "C" not null,
  -- published: a new version; republished: a known version with another tarball; tagged: a dist-tag went to an old version.
  cause text collate "C" not null,
  -- JSON: the dist-tags that named it when it was seen.
  tags text collate "C" not null,
  -- JSON: the registry's description, to install it from when it is gone there.
  manifest text collate "C" not null,
  signatures bigint not null,
  provenance bigint not null,
  seen_at bigint not null,
  -- The run that was queued for it, or was there already.
  run_id text collate "C" references run (id) on delete set null,
  -- Size of the kept tarball; null: it is not kept.
  tarball_bytes bigint,
  tarball_error text collate "C",
  -- When to fetch the tarball; null: no more.
  fetch_at bigint,
  fetches bigint not null default 0,
  primary key (package, version, fingerprint)
);
create index release_fetch on release (fetch_at) where fetch_at is not null;
create index release_seen on release (seen_at);
