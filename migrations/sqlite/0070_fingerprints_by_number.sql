-- Fingerprints refer to runs, values and actors by number: a tenth of the bytes, and a value that many runs show is
-- looked up once. Reads go on through the view fingerprint.
-- breaking

-- Runs that were analysed, in that order.
create table run_number (
  number integer primary key,
  run_id text not null unique references run (id) on delete cascade,
  at integer not null
);
create index run_number_at on run_number (at);

-- Every actor and package that a fingerprint names.
create table known_name (
  id integer primary key,
  name text not null unique
);

-- Every value that a run ever showed.
create table known_value (
  id integer primary key,
  category text not null,
  value text not null,
  -- Its characters from the last to the first: so an index answers what values end in.
  reversed text not null,
  unique (category, value)
);
create index known_value_reversed on known_value (category, reversed);

create table sighting (
  run integer not null references run_number (number) on delete cascade,
  value integer not null references known_value (id),
  actor integer not null references known_name (id),
  package integer not null references known_name (id),
  count integer not null,
  first_event integer not null,
  primary key (run, value, actor)
) without rowid;
create index sighting_value on sighting (value, package, actor, run);

insert into run_number (run_id, at)
select id, coalesce(judged_at, ended_at, created_at) from run
where exists (select 1 from fingerprint where run_id = run.id) order by id;

insert into known_name (name)
select actor from fingerprint union select package from run join run_number on run_id = run.id;

insert into known_value (category, value, reversed)
with recursive turned (category, value, rest, reversed) as (
  select distinct category, value, value, '' from fingerprint
  union all
  select category, value, substr(rest, 2), substr(rest, 1, 1) || reversed from turned where rest <> ''
)
select category, value, reversed from turned where rest = '';

insert into sighting (run, value, actor, package, count, first_event)
select n.number, v.id, a.id, p.id, f.count, f.first_event
from fingerprint f
join run_number n on n.run_id = f.run_id
join run r on r.id = f.run_id
join known_value v on v.category = f.category and v.value = f.value
join known_name a on a.name = f.actor
join known_name p on p.name = r.package;

drop table fingerprint;
create view fingerprint as
select n.run_id, a.name as actor, v.category, v.value, s.count, s.first_event
from sighting s
join run_number n on n.number = s.run
join known_value v on v.id = s.value
join known_name a on a.id = s.actor;
