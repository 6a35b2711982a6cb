-- Tokens bound to a runner, sign-in to the dashboard, the audit trail by actor and by action.

-- The only runner that the token speaks for; null: any.
alter table token add column runner text;
create index token_tail on token (substr(id, 29));

-- A link that signs in once.
create table sign_in (
  hash text primary key,
  token_id text not null references token (id) on delete cascade,
  expires_at integer not null
);

-- A signed-in browser; it may what the token may that it came from, for as long as that is valid.
create table session (
  hash text primary key,
  token_id text not null references token (id) on delete cascade,
  created_at integer not null,
  expires_at integer not null
);

create index audit_action on audit (action, id);
create index audit_actor on audit (actor, id);
