-- The changes feed: where it was read to, and which packages are watched because of it.

create table feed (
  url text collate "C" primary key,
  -- The last change that was taken over.
  since bigint not null,
  -- When following began: what was published later is new, of whatever package.
  begun_at bigint not null,
  -- When it was last read to its end, and when it last answered.
  caught_up_at bigint,
  read_at bigint,
  -- How often it was begun anew on the other side.
  resets bigint not null default 0,
  -- Entries that could not be read.
  skipped bigint not null default 0,
  error text collate "C",
  error_at bigint
);

-- Watched because the feed told of it: it is looked at when the feed says so, not at intervals.
alter table watch add column by_feed bigint not null default 0;
