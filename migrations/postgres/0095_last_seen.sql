-- When a behaviour of a baseline was last seen is read from the runs that showed it. Before, each clean run wrote it
-- into every entry that it showed.
-- breaking

-- Null: a run of an earlier fangs, which may have been on any.
alter table run_number add column node_major bigint;

alter table baseline_entry drop column last_version;
alter table baseline_entry drop column last_run;
