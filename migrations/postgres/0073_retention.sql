-- What is kept of a run's trace, what was taken away, and how far taking away has come.

-- Bytes of the segments of a run that has ended, compressed; 0: it has none.
alter table run add column trace_bytes bigint not null default 0;
-- When its trace was taken away, or began to be; null: it was not.
alter table run add column trace_pruned_at bigint;
update run set trace_bytes = (select coalesce(sum(size), 0) from trace_segment where run_id = run.id);
-- Adds all of them up, and finds the oldest, without reading the runs.
create index run_trace on run (id, trace_bytes) where trace_bytes > 0;

-- Runs of which there may be objects in the bucket without a row.
create table trace_leftover (
  run_id text collate "C" primary key
);

-- Each kind of sweep: when it was last done to its end, what it took, and where an unfinished one goes on.
create table sweep (
  name text collate "C" primary key,
  ended_at bigint,
  removed bigint not null default 0,
  bytes bigint not null default 0,
  after text collate "C"
);

-- A sweep takes a day's traces at once: what they leave is to be used again soon, not when a fifth of the table is dead.
alter table trace_segment set (autovacuum_vacuum_scale_factor = 0.02, toast.autovacuum_vacuum_scale_factor = 0.02);
