-- Whose name a runner's is.

-- The token that speaks for the runner: the first that used its name; null: none did yet.
alter table runner add column token text collate "C";
