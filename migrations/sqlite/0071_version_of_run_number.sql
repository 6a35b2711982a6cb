-- What a hunt says of a run stands beside its number: a run's own row is a random read for each of its sightings.
-- breaking

alter table run_number add column version text not null default '';
update run_number set version = (select version from run where run.id = run_number.run_id);
