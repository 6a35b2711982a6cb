-- Who ever showed what stands once for each package, and beside it by value; a run adds its own rows at the end of one
-- table. Before, each run wrote to as many pages of an index as it had fingerprints.
-- breaking

alter table run_number add column package text not null default '';
update run_number set package = (select package from run where run.id = run_number.run_id);
create index run_number_package on run_number (package, number);

create table behaviour (
  -- Of known_name and known_value, whose rows are never deleted.
  package integer not null,
  value integer not null,
  actor integer not null,
  runs integer not null,
  -- Numbers of runs.
  first_run integer not null,
  last_run integer not null,
  primary key (package, value, actor)
) without rowid;
create index behaviour_value on behaviour (value, package, actor);

insert into behaviour (package, value, actor, runs, first_run, last_run)
select package, value, actor, count(*), min(run), max(run) from sighting group by package, value, actor;

drop view fingerprint;
drop index sighting_value;
alter table sighting rename to old_sighting;
create table sighting (
  -- Of run_number, known_value and known_name. Values and names are never deleted, and the sightings of a run go with
  -- what else it has.
  run integer not null,
  value integer not null,
  actor integer not null,
  count integer not null,
  first_event integer not null,
  primary key (run, value, actor)
) without rowid;
insert into sighting (run, value, actor, count, first_event)
select run, value, actor, count, first_event from old_sighting order by run, value, actor;
drop table old_sighting;

create view fingerprint as
select n.run_id, a.name as actor, v.category, v.value, s.count, s.first_event
from sighting s
join run_number n on n.number = s.run
join known_value v on v.id = s.value
join known_name a on a.id = s.actor;
