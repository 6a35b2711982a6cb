-- Tokens bound to a runner, sign-in to the dashboard, the audit trail by actor and by action.

-- The only runner that the token speaks for; null: any.
alter table token add column runner text collate "C";
create index token_tail on token (substr(id, 29));

-- A link that signs in once.
create table sign_in (
  hash text collate "C" primary key,
  token_id text collate "C" not null references token (id) on delete cascade,
  expires_at bigint not null
);

-- A signed-in browser; it may what the token may that it came from, for as long as that is valid.
create table session (
  hash text collate "C" primary key,
  token_id text collate "C" not null references token (id) on delete cascade,
  created_at bigint not null,
  expires_at bigint not null
);

create index audit_action on audit (action, id);
create index audit_actor on audit (actor, id);
