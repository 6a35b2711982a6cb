-- The queue as its operator sees it: what runners say of themselves, and what a scan wants of them.

-- active, paused (takes nothing on), draining (takes nothing on and ends), stopped (it said goodbye).
alter table runner add column state text not null default 'active';
-- JSON of RunnerLoad.
alter table runner add column load text;
-- Until when it waits for a job, as far as is known.
alter table runner add column waiting_until integer not null default 0;

-- What a runner must have; null: anything will do. A job has what its scan has.
alter table scan add column node_major integer;
alter table scan add column image text;
alter table job add column node_major integer;
alter table job add column image text;
