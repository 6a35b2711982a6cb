-- Runs whose release is still to be looked up: few, while thousands may be queued.
create index run_unlooked on run (id) where state = 'queued' and kind <> 'control' and release is null;
