-- What a run is for: scan, seed, control.
alter table run add column kind text not null default 'scan';
alter table deviation add column chain text;
alter table deviation add column drift integer not null default 0;
