-- Baselines per Node major, seeding from several releases, decisions that can be undone, the allow-list.
-- breaking

alter table package add column severities text not null default '{}'; -- JSON: severity by category
alter table package add column seeding integer not null default 0;

-- What a run is for: scan, seed, control.
alter table run add column kind text not null default 'scan';
-- accepted: it built the baseline; rejected: it never will. Null: nobody decided.
alter table run add column decision text;
update run set decision = 'accepted' where id in (select run_id from baseline_version);

-- The releases that a package is being or was last seeded from, each with its newest run.
create table seed (
  package text not null references package (name) on delete cascade,
  version text not null,
  run_id text not null references run (id) on delete cascade,
  primary key (package, version)
) without rowid;

alter table baseline_version rename to old_version;
create table baseline_version (
  package text not null,
  node_major integer not null,
  version text not null,
  -- Null: it was imported.
  run_id text references run (id),
  added_at integer not null,
  primary key (package, node_major, version)
) without rowid;
insert into baseline_version
select o.package, cast(ltrim(json_extract(r.result, '$.node_version'), 'v') as integer), o.version, o.run_id, o.added_at
from old_version o join run r on r.id = o.run_id;
drop table old_version;

alter table baseline_entry rename to old_entry;
create table baseline_entry (
  package text not null,
  node_major integer not null,
  actor text not null,
  category text not null,
  value text not null,
  first_version text not null,
  last_version text not null,
  -- Null: it was imported, and not seen since.
  first_run text,
  last_run text,
  primary key (package, node_major, actor, category, value)
) without rowid;
insert into baseline_entry
select o.package, cast(ltrim(json_extract(r.result, '$.node_version'), 'v') as integer), o.actor, o.category, o.value,
  o.first_version, o.last_version, o.first_run, o.last_run
from old_entry o join run r on r.id = o.first_run;
drop table old_entry;

alter table deviation add column chain text;
alter table deviation add column drift integer not null default 0;
create index deviation_rejected on deviation (package, category, value, actor, id) where state = 'rejected';

create table allow_entry (
  id text primary key,
  kind text not null,
  value text not null,
  -- Null: every package.
  package text,
  -- Null: whoever does it.
  actor text,
  note text not null,
  -- The set that it was shipped with; null: somebody added it.
  shipped text,
  created_by text not null,
  created_at integer not null,
  expires_at integer
);
create unique index allow_entry_same on allow_entry (kind, value, ifnull(package, ''), ifnull(actor, ''));
create index allow_entry_package on allow_entry (package, id);

-- What a run did that was new and allowed, with the entry as it was then.
create table allowed (
  run_id text not null references run (id) on delete cascade,
  actor text not null,
  category text not null,
  value text not null,
  count integer not null,
  -- JSON of the allow entry.
  rule text not null,
  primary key (run_id, actor, category, value)
) without rowid;

-- An entry that takes back another one's change names it.
alter table audit add column undoes text;
create unique index audit_undoes on audit (undoes) where undoes is not null;
create index audit_tail on audit (substr(id, 29));
create index allow_entry_tail on allow_entry (substr(id, 29));

-- The set "cdn": ranges of two networks that serve much of the web, for addresses that no answer named. What is
-- connected to by name keeps its name, which these do not match. An ordinary set: it can be looked at and removed.
insert into allow_entry (id, kind, value, note, shipped, created_by, created_at) values
  ('00000000-0000-7000-8000-0000000000c1', 'cidr', '104.16.0.0/13', 'Cloudflare, published list of 2023-09-28', 'cdn', 'fangs', 0),
  ('00000000-0000-7000-8000-0000000000c2', 'cidr', '104.24.0.0/14', 'Cloudflare, published list of 2023-09-28', 'cdn', 'fangs', 0),
  ('00000000-0000-7000-8000-0000000000c3', 'cidr', '162.158.0.0/15', 'Cloudflare, published list of 2023-09-28', 'cdn', 'fangs', 0),
  ('00000000-0000-7000-8000-0000000000c4', 'cidr', '172.64.0.0/13', 'Cloudflare, published list of 2023-09-28', 'cdn', 'fangs', 0),
  ('00000000-0000-7000-8000-0000000000c5', 'cidr', '2400:cb00::/32', 'Cloudflare, published list of 2023-09-28', 'cdn', 'fangs', 0),
  ('00000000-0000-7000-8000-0000000000c6', 'cidr', '2606:4700::/32', 'Cloudflare, published list of 2023-09-28', 'cdn', 'fangs', 0),
  ('00000000-0000-7000-8000-0000000000c7', 'cidr', '2a06:98c0::/29', 'Cloudflare, published list of 2023-09-28', 'cdn', 'fangs', 0),
  ('00000000-0000-7000-8000-0000000000c8', 'cidr', '151.101.0.0/16', 'Fastly, published list of 2024-11', 'cdn', 'fangs', 0),
  ('00000000-0000-7000-8000-0000000000c9', 'cidr', '199.232.0.0/16', 'Fastly, published list of 2024-11', 'cdn', 'fangs', 0),
  ('00000000-0000-7000-8000-0000000000ca', 'cidr', '146.75.0.0/17', 'Fastly, published list of 2024-11', 'cdn', 'fangs', 0),
  ('00000000-0000-7000-8000-0000000000cb', 'cidr', '2a04:4e40::/32', 'Fastly, published list of 2024-11', 'cdn', 'fangs', 0),
  ('00000000-0000-7000-8000-0000000000cc', 'cidr', '2a04:4e42::/32', 'Fastly, published list of 2024-11', 'cdn', 'fangs', 0);
