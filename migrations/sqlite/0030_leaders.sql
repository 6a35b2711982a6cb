-- Who leads among the orchestrators of one store, by task. Times are of the database's own clock.
create table leader (
  name text primary key,
  holder text not null,
  -- One more with every change of hands: a leader that lost its place is told apart from its successor.
  epoch integer not null,
  expires_at integer not null
);
