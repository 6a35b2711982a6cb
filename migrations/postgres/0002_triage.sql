-- Baselines per Node major, seeding from several releases, decisions that can be undone, the allow-list.
-- breaking

alter table package add column severities text collate "C" not null default '{}'; -- JSON: severity by category
alter table package add column seeding bigint not null default 0;

-- What a run is for: scan, seed, control.
alter table run add column kind text collate "C" not null default 'scan';
-- accepted: it built the baseline; rejected: it never will. Null: nobody decided.
alter table run add column decision text collate "C";

-- The releases that a package is being or was last seeded from, each with its newest run.
create table seed (
  package text collate "C" not null references package (name) on delete cascade,
  version text collate "C" not null,
  run_id text collate "C" not null references run (id) on delete cascade,
  primary key (package, version)
);

-- No fangs stopped before this migration on a Postgres: there is nothing to keep.
drop table baseline_version;
create table baseline_version (
  package text collate "C" not null,
  node_major bigint not null,
  version text collate "C" not null,
  -- Null: it was imported.
  run_id text collate "C" references run (id),
  added_at bigint not null,
  primary key (package, node_major, version)
);

drop table baseline_entry;
create table baseline_entry (
  package text collate "C" not null,
  node_major bigint not null,
  actor text collate "C" not null,
  category text collate "C" not null,
  value text collate "C" not null,
  first_version text collate "C" not null,
  last_version text collate "C" not null,
  -- Null: it was imported, and not seen since.
  first_run text collate "C",
  last_run text collate "C"
);
create unique index baseline_entry_key on baseline_entry (package, node_major, actor, category, md5(value));

alter table deviation add column chain text collate "C";
alter table deviation add column drift bigint not null default 0;
create index deviation_rejected on deviation (package, category, actor, left(value, 500), id) where state = 'rejected';

create table allow_entry (
  id text collate "C" primary key,
  kind text collate "C" not null,
  value text collate "C" not null,
  -- Null: every package.
  package text collate "C",
  -- Null: whoever does it.
  actor text collate "C",
  note text collate "C" not null,
  -- The set that it was shipped with; null: somebody added it.
  shipped text collate "C",
  created_by text collate "C" not null,
  created_at bigint not null,
  expires_at bigint
);
create unique index allow_entry_same on allow_entry (kind, md5(value), coalesce(package, ''), coalesce(actor, ''));
create index allow_entry_package on allow_entry (package, id);

-- What a run did that was new and allowed, with the entry as it was then.
create table allowed (
  run_id text collate "C" not null references run (id) on delete cascade,
  actor text collate "C" not null,
  category text collate "C" not null,
  value text collate "C" not null,
  count bigint not null,
  -- JSON of the allow entry.
  rule text collate "C" not null
);
create unique index allowed_key on allowed (run_id, actor, category, md5(value));

-- An entry that takes back another one's change names it.
alter table audit add column undoes text collate "C";
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
