-- The bytes of a trace segment can lie in a bucket: its row says what they are, and how many.
-- breaking

-- Bytes, compressed.
alter table trace_segment add column size bigint not null default 0;
update trace_segment set size = length(data);
alter table trace_segment alter column size drop default;
-- Null: it lies in the bucket. zstd does not get smaller: Postgres need not try.
alter table trace_segment alter column data drop not null;
alter table trace_segment alter column data set storage external;
