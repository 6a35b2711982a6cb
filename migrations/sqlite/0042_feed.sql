-- The changes feed: where it was read to, and which packages are watched because of it.

create table feed (
  url text primary key,
  -- The last change that was taken over.
  since integer not null,
  -- When following began: what was published later is new, of whatever package.
  begun_at integer not null,
  -- When it was last read to its end, and when it last answered.
  caught_up_at integer,
  read_at integer,
  -- How often it was begun anew on the other side.
  resets integer not null default 0,
  -- Entries that could not be read.
  skipped integer not null default 0,
  error text,
  error_at integer
) without rowid;

-- Watched because the feed told of it: it is looked at when the feed says so, not at intervals.
alter table watch add column by_feed integer not null default 0;
