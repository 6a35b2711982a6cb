-- Who leads among the orchestrators of one store, by task. Times are of the database's own clock.
create table leader (
  name text collate "C" primary key,
  holder text collate "C" not null,
  -- One more with every change of hands: a leader that lost its place is told apart from its successor.
  epoch bigint not null,
  expires_at bigint not null
);
