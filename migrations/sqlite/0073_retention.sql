-- What is kept of a run's trace, what was taken away, and how far taking away has come.

-- Bytes of the segments of a run that has ended, compressed; 0: it has none.
alter table run add column trace_bytes integer not null default 0;
-- When its trace was taken away, or began to be; null: it was not.
alter table run add column trace_pruned_at integer;
update run set trace_bytes = (select coalesce(sum(size), 0) from trace_segment where run_id = run.id);
-- Adds all of them up, and finds the oldest, without reading the runs.
create index run_trace on run (id, trace_bytes) where trace_bytes > 0;

-- Runs of which there may be objects in the bucket without a row.
create table trace_leftover (
  run_id text primary key
) without rowid;

-- Each kind of sweep: when it was last done to its end, what it took, and where an unfinished one goes on.
create table sweep (
  name text primary key,
  ended_at integer,
  removed integer not null default 0,
  bytes integer not null default 0,
  after text
) without rowid;
