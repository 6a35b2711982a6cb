-- Who ever showed what stands once for each package, and beside it by value; a run adds its own rows at the end of one
-- table. Before, each run wrote to as many pages of an index as it had fingerprints.
-- breaking

alter table run_number add column package text collate "C" not null default '';
update run_number set package = (select package from run where run.id = run_number.run_id);
create index run_number_package on run_number (package, number);

create table behaviour (
  -- Of known_name and known_value, whose rows are never deleted.
  package bigint not null,
  value bigint not null,
  actor bigint not null,
  runs bigint not null,
  -- Numbers of runs.
  first_run bigint not null,
  last_run bigint not null,
  primary key (package, value, actor)
) with (fillfactor = 70); -- each run writes to its rows, and no index has what it writes
create index behaviour_value on behaviour (value, package, actor);

insert into behaviour (package, value, actor, runs, first_run, last_run)
select package, value, actor, count(*), min(run), max(run) from sighting group by package, value, actor;

drop view fingerprint;
alter table sighting drop column package;
-- Values and names are never deleted, and the sightings of a run go with what else it has.
alter table sighting drop constraint sighting_value_fkey;
alter table sighting drop constraint sighting_actor_fkey;
alter table sighting drop constraint sighting_run_fkey;

-- It is compressed already.
alter table trace_segment alter column data set storage external;
-- Each clean run writes to all entries of its package, and no index has what it writes.
alter table baseline_entry set (fillfactor = 50);

create view fingerprint as
select n.run_id, a.name as actor, v.category, v.value, s.count, s.first_event
from sighting s
join run_number n on n.number = s.run
join known_value v on v.id = s.value
join known_name a on a.id = s.actor;
