-- Control runs, what a release's documents say, chains and drift.

-- Registry answers of all runs of this scan are as of this moment; null: as of when they run.
alter table scan add column before bigint;

-- Of a control run: the deviant run beside which its predecessor is run again.
alter table run add column control_of text collate "C" references run (id) on delete set null;
-- Until when a run that is controlling waits.
alter table run add column control_due bigint;
-- JSON of ReleaseMeta.
alter table run add column release text collate "C";
-- When its verdict was reached: what it was compared with is the baseline of then.
alter table run add column judged_at bigint;
create index run_control on run (control_of) where control_of is not null;

-- Place among the steps of its chain.
alter table deviation add column step bigint;
