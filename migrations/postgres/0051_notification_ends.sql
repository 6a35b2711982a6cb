-- To forget old messages without reading the others.

create index notification_ended on notification (ended_at) where ended_at is not null;
