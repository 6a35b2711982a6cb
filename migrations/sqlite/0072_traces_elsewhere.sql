-- The bytes of a trace segment can lie in a bucket: its row says what they are, and how many.
-- breaking

alter table trace_segment rename to old_segment;
create table trace_segment (
  run_id text not null references run (id) on delete cascade,
  seq integer not null,
  sha256 text not null,
  events integer not null,
  -- Bytes, compressed.
  size integer not null,
  -- zstd, as uploaded; null: it lies in the bucket.
  data blob,
  primary key (run_id, seq)
);
insert into trace_segment (run_id, seq, sha256, events, size, data)
select run_id, seq, sha256, events, length(data), data from old_segment;
drop table old_segment;
